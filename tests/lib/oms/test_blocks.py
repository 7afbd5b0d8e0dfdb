from lib.oms.blocks import Blocks


def test_a_cause_that_ends_leaves_the_others() -> None:
    blocks = Blocks()
    assert not blocks
    assert blocks.block("*", "twin", "a twin trades")
    assert blocks.block("*", "settings", "leverage is 50")
    assert not blocks.block("*", "settings", "leverage is 75")
    assert blocks.reason("*") == "a twin trades"
    blocks.free("twin")
    assert blocks.reason("*") == "leverage is 75"
    blocks.free("settings")
    assert (blocks.reason("*"), bool(blocks)) == ("", False)


def test_a_cause_is_freed_but_where_it_still_stands() -> None:
    blocks = Blocks()
    for symbol in ("BTCUSDT", "ETHUSDT"):
        blocks.block(symbol, "doubt", f"an order of {symbol}")
    blocks.free("doubt", but={"ETHUSDT"})
    assert [blocks.reason(symbol) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT")] == [
        "", "an order of ETHUSDT", "",
    ]  # fmt: skip
