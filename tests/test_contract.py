"""The names and signatures that bots and adapters are written against: they never change."""

import importlib
import inspect
from typing import Any

import pytest

EXCHANGE = {
    "__init__": "self, config, factory, timer",
    "isOnline": "self",
    "getBook": "self",
    "getBalance": "self",
    "getPositions": "self",
    "getTick": "self",
    "getMinQty": "self",
    "getCandles": "self, start_timestamp, end_timestamp",
    "Post": "self, qty, price=None, stopmarket=False, wait=False, *, "
    "post_only=False, reduce_only=False, tag=''",
    "PostList": "self, orders",
    "Cancel": "self, ids=None",
}
BOT = {
    "__init__": "self, config, factory, timer",
    "onTime": "self, timestamp",
    "onOrderbook": "self, askPrice, askQty, bidPrice, bidQty, symbol, exchange, timestamp, latency",
    "onTrade": "self, price, qty, side, symbol, exchange, timestamp, latency",
    "onCandle": "self, open, high, low, close, volume, symbol, exchange, timestamp, finished",
    "onAccount": "self, price, qty, symbol, exchange, timestamp",
    "onOrder": "self, update",
    "onStatus": "self, component, healthy, reason",
    "Clean": "self",
    "restart": "self, reason, target=''",
}
TIMER = {
    "Timestamp": "self",
    "Monotonic": "self",
    "Sleep": "self, seconds",
    "SleepAsync": "self, seconds",
}
LOG = "self, message, **fields"
LEVELS = ("trace", "debug", "info", "success", "warning", "error", "critical")
ADAPTER = {"__init__": "self, config, factory, timer"}
CONTRACT = {
    "lib.exchange:AbstractExchange": EXCHANGE,
    "bot:AbstractBot": BOT,
    "lib.timer:AbstractTimer": TIMER,
    "lib.database:AbstractDatabase": ADAPTER
    | {
        "Encode": "self, record",
        "writeEncoded": "self, records",
        "readLast": "self, field",
    },
    "lib.state:AbstractState": ADAPTER | {"Push": "self, state", "Pop": "self"},
    "lib.vault:AbstractVault": ADAPTER | {"Get": "self, name"},
    "lib.logger:AbstractLogger": ADAPTER | dict.fromkeys(LEVELS, LOG),
    "lib.factory:AbstractFactory": {"__init__": "self, config"},
    "lib.stream:AbstractStream": ADAPTER | {"Run": "self, sink"},
}
ABSTRACT = {
    "lib.exchange:AbstractExchange": set(EXCHANGE) - {"__init__"} | {"open_orders"},
    "bot:AbstractBot": {"Clean"},
    "lib.timer:AbstractTimer": set(TIMER),
    "lib.vault:AbstractVault": {"Get"},
    "lib.state:AbstractState": {"Push", "Pop"},
}
SURFACE = {
    "lib.factory": "AbstractFactory LiveFactory SandboxFactory LocalFactory CustomFactory",
    "lib.database": "AbstractDatabase InfluxDb TimescaleDb SqliteDb FakeDb NoDb",
    "lib.logger": "AbstractLogger ConsoleLogger DbLogger",
    "lib.state": "AbstractState DbState MemoryState SqliteState",
    "lib.vault": "AbstractVault ConfigVault EnvVault HashicorpVault",
    "lib.timer": "AbstractTimer LiveTimer VirtualTimer",
    "lib.exchange": "AbstractExchange get_exchange",
    "lib.stream": "AbstractStream",
    "lib.async_ejector": "LogAsyncEjector FieldsAsyncEjector",
    "lib.watchdog": "Watchdog",
    "lib.ping": "get_binance_lag",
    "lib.constants": "KEY VAULT",
    "bot": "AbstractBot SandboxBot CLP",
}


def load(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def signature(function: Any) -> str:
    """Return the parameters with their defaults, without annotations."""
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(function).parameters.values()
    ]
    return str(inspect.Signature(parameters))[1:-1]


@pytest.mark.parametrize(
    ("target", "method", "expected"),
    [
        pytest.param(target, method, expected, id=f"{target.partition(':')[2]}.{method}")
        for target, methods in CONTRACT.items()
        for method, expected in methods.items()
    ],
)
def test_a_signature_is_as_promised(target: str, method: str, expected: str) -> None:
    assert signature(getattr(load(target), method)) == expected


@pytest.mark.parametrize(("target", "names"), ABSTRACT.items(), ids=list(ABSTRACT))
def test_only_these_must_be_implemented(target: str, names: set[str]) -> None:
    assert load(target).__abstractmethods__ == names


@pytest.mark.parametrize(("module", "names"), SURFACE.items(), ids=list(SURFACE))
def test_public_names_are_importable_from_their_package(module: str, names: str) -> None:
    for name in names.split():
        assert getattr(importlib.import_module(module), name) is not None


def test_waiting_asynchronously_is_awaitable() -> None:
    assert inspect.iscoroutinefunction(load("lib.timer:AbstractTimer").SleepAsync)
    assert inspect.iscoroutinefunction(load("lib.stream:AbstractStream").Run)


def test_a_factory_answers_with_five_classes() -> None:
    factory = load("lib.factory:LiveFactory")({})

    for role in ("Vault", "Database", "Timer", "Logger", "State"):
        assert inspect.isclass(getattr(factory, role))


def test_every_registered_adapter_can_be_loaded() -> None:
    registry = importlib.import_module("lib.registry")
    roles = set(registry.ADAPTERS) & {
        "exchange", "stream", "account_stream", "factory", "database", "logger", "state",
        "vault", "timer", "bot",
    }  # fmt: skip

    for role in sorted(roles):
        for name in registry.ADAPTERS[role]:
            assert inspect.isclass(registry.find(role, name))
