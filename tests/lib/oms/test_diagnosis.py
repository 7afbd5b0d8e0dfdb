"""What a doctor says to what was read of an account and a host."""

import pytest

from lib.oms.diagnosis import (
    Account,
    Finding,
    Host,
    Symbol,
    Wanted,
    examine_account,
    examine_host,
    examine_plan,
    examine_rights,
    examine_symbols,
)

GOOD = Account(hedge=False, multi_assets=False, can_trade=True)
KNOWN = {"the real exchange": ("fapi.x", "fstream.x"), "this machine": ("127.0.0.1",)}


def wanted(**changes: object) -> Wanted:
    facts = {
        "symbols": ("BTCUSDT",), "dead_man": 60.0, "rest_url": "https://fapi.x",
        "ws_url": "wss://fstream.x", "paper": False, "is_real": True, "known": KNOWN,
    }  # fmt: skip
    return Wanted(**{**facts, **changes})  # type: ignore[arg-type]


def levels(found: list[Finding]) -> set[str]:
    return {each.level for each in found}


def test_a_good_account_is_good() -> None:
    assert levels(examine_account(GOOD)) == {"ok"}


@pytest.mark.parametrize(
    ("account", "level", "words"),
    [
        (Account(hedge=True, multi_assets=False, can_trade=True), "wrong", "hedge mode"),
        (Account(hedge=False, multi_assets=False, can_trade=False), "wrong", "may not trade"),
        (Account(hedge=False, multi_assets=True, can_trade=True), "warning", "multi-assets"),
    ],
)
def test_what_is_wrong_with_an_account_is_named(account: Account, level: str, words: str) -> None:
    (found,) = [each for each in examine_account(account) if each.level != "ok"]
    assert (found.level, words in found.text) == (level, True)


def test_a_right_to_withdraw_is_a_warning() -> None:
    assert levels(examine_rights(withdrawals=True)) == {"warning"}
    assert levels(examine_rights(withdrawals=False)) == {"ok"}


@pytest.mark.parametrize(
    ("host", "level"),
    [
        (Host(0.0, 10**11, 20_000), "ok"),
        (Host(None, 10**11, 20_000), "ok"),
        (Host(-400.0, 10**11, 20_000), "warning"),
        (Host(1_500.0, 10**11, 20_000), "wrong"),
        (Host(0.0, 10**8, 20_000), "warning"),
        (Host(0.0, 10**6, 20_000), "wrong"),
        (Host(0.0, 10**11, 256), "warning"),
        (Host(0.0, 10**11, 64), "wrong"),
    ],
)
def test_clock_disk_and_descriptors_are_judged(host: Host, level: str) -> None:
    assert level in levels(examine_host(host))
    if level == "ok":
        assert levels(examine_host(host)) == {"ok"}


def test_clock_and_disk_may_be_right_in_a_minute_and_settings_may_not() -> None:
    clock, disk, files = examine_host(Host(2_000.0, 1_000, 64))
    assert (clock.passes, disk.passes, files.passes) == (True, True, False)
    assert not any(each.passes for each in examine_symbols([], wanted()))


def test_symbols_must_trade_and_be_set_as_the_configuration_says() -> None:
    symbol = Symbol("BTCUSDT", "TRADING", "CROSSED", 20)
    assert levels(examine_symbols([symbol], wanted())) == {"ok"}
    assert levels(examine_symbols([], wanted())) == {"wrong"}
    closed = Symbol("BTCUSDT", "SETTLING", "CROSSED", 20)
    assert levels(examine_symbols([closed], wanted())) == {"wrong"}
    (_, found) = examine_symbols([symbol], wanted(leverage=5, margin_type="crossed"))
    assert found == Finding("wrong", "BTCUSDT: leverage is 20, the configuration says 5")


def test_the_dead_man_switch_states_its_arithmetic_and_its_end() -> None:
    ok, _ = examine_plan(wanted(symbols=("A", "B", "C")))
    assert (ok.level, "60 s, refreshed every 20 s for 3 symbols" in ok.text) == ("ok", True)
    far, _ = examine_plan(wanted(symbols=tuple(map(str, range(101)))))
    assert (far.level, "at most 100 symbols" in far.text) == ("wrong", True)
    off, _ = examine_plan(wanted(dead_man=0.0))
    assert off.level == "warning"


def test_data_and_orders_of_different_places_are_refused_unless_asked_for() -> None:
    mixed = {"rest_url": "http://127.0.0.1:1"}
    assert "wrong" in levels(examine_plan(wanted(**mixed)))
    assert "wrong" not in levels(examine_plan(wanted(paper=True, **mixed)))
