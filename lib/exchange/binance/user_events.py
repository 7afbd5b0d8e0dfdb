"""Events of Binance's USD-M user data stream to our values (pure)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lib.constants import NS_PER_MS, Side
from lib.errors import ProtocolError
from lib.exchange.binance.codec import (
    ALGO_FINISHED,
    NOT_FILLED,
    ONE_WAY,
    Json,
    algo_status,
    expiry_text,
    order_status,
    order_type,
)
from lib.models import ZERO
from lib.oms.events import (
    AccountReport,
    BalanceReport,
    Fill,
    OrderReport,
    PositionReport,
    StreamNotice,
    UserEvent,
)

NAMES = (
    "ORDER_TRADE_UPDATE",
    "ACCOUNT_UPDATE",
    "MARGIN_CALL",
    "ACCOUNT_CONFIG_UPDATE",
    "TRADE_LITE",
    "ALGO_UPDATE",
    "CONDITIONAL_ORDER_TRIGGER_REJECT",
    "listenKeyExpired",
)
"""Events to subscribe: without the list, some accounts get none."""

EXPIRED_KEY = "listenKeyExpired"
SETTINGS_EVENT = "ACCOUNT_CONFIG_UPDATE"


def parse_user_event(event: Mapping[str, Any]) -> UserEvent:
    """Return what one event says.

    TRADE_LITE repeats a fill that ORDER_TRADE_UPDATE brings: it comes as a notice, like all that
    changes neither order nor account.

    Raises:
        ProtocolError: A field is missing or makes no sense.
    """
    name = str(event.get("e", ""))
    try:
        if name == "ORDER_TRADE_UPDATE":
            return _order(event["o"], event)
        if name == "ALGO_UPDATE":
            return _algo(event["o"], event)
        if name == "ACCOUNT_UPDATE":
            return _account(event["a"], event)
    except (KeyError, ValueError, TypeError, ArithmeticError) as error:
        raise ProtocolError(f"{name}: {error!r}") from error
    return StreamNotice(name, _notice_text(name, event))


def _order(order: Json, event: Mapping[str, Any]) -> OrderReport:
    trade_id = int(order["t"])
    event_ns = int(event["T"]) * NS_PER_MS
    fill = None
    if trade_id and Decimal(order["l"]):
        fill = Fill(
            symbol=order["s"],
            trade_id=trade_id,
            exchange_id=int(order["i"]),
            qty=Decimal(order["l"]),
            price=Decimal(order["L"]),
            fee=Decimal(order.get("n") or ZERO),
            fee_asset=order.get("N") or "",
            maker=bool(order["m"]),
            event_ns=event_ns,
        )
    return OrderReport(
        id=order["c"],
        symbol=order["s"],
        exchange_id=int(order["i"]),
        side=Side(order["S"]),
        type=order_type(order.get("ot") or order["o"]),
        status=order_status(order["X"]),
        price=Decimal(order["p"]),
        qty=Decimal(order["q"]),
        filled_qty=Decimal(order["z"]),
        reduce_only=bool(order["R"]),
        event_ns=event_ns,
        reason=expiry_text(order["X"], str(order.get("er", ""))),
        fill=fill,
    )


def _algo(order: Json, event: Mapping[str, Any]) -> OrderReport:
    qty = Decimal(order["q"] or ZERO)
    filled = Decimal(order.get("aq") or ZERO)
    short = order["X"] == ALGO_FINISHED and filled < qty
    return OrderReport(
        id=order["caid"],
        symbol=order["s"],
        exchange_id=int(order["aid"]),
        side=Side(order["S"]),
        type=order_type(order["o"]),
        status=algo_status(order["X"], qty, filled),
        price=Decimal(order["tp"]),
        qty=qty,
        filled_qty=filled,
        reduce_only=bool(order["R"] or order["cp"]),
        event_ns=int(event["T"]) * NS_PER_MS,
        reason=order.get("rm") or (NOT_FILLED if short else ""),
        algo=True,
        child_id=int(order.get("ai") or 0),
    )


def _account(account: Json, event: Mapping[str, Any]) -> AccountReport:
    event_ns = int(event["T"]) * NS_PER_MS
    positions = tuple(
        PositionReport(
            row["s"], Decimal(row["pa"]), Decimal(row["ep"]), Decimal(row["up"]), event_ns
        )
        for row in account.get("P") or ()
        if row["ps"] == ONE_WAY
    )
    balances = tuple(
        BalanceReport(row["a"], Decimal(row["wb"]), None, event_ns)
        for row in account.get("B") or ()
    )
    return AccountReport(positions, balances, event_ns, str(account.get("m", "")))


def _notice_text(name: str, event: Mapping[str, Any]) -> str:
    if name == "MARGIN_CALL":
        return ", ".join(f"{row['s']} {row['pa']}" for row in event.get("p", ()))
    if name == "ACCOUNT_CONFIG_UPDATE":
        change = event.get("ac") or event.get("ai") or {}
        return ", ".join(f"{key}={value}" for key, value in change.items())
    if name == "CONDITIONAL_ORDER_TRIGGER_REJECT":
        return str(event.get("or", {}).get("r", ""))
    return ""
