"""Notebooks are read as they grow, whatever a kill has torn."""

from decimal import Decimal

from lib.chaos.ids import Owners, base, made_at
from lib.chaos.records import Notebook, line
from lib.oms.ids import ClientIds, parse
from tests.lib.chaos.scene import BIRTH, OWNER, PROJECT, client_id


def test_a_notebook_is_read_in_any_pieces() -> None:
    data = (
        line("life", 1, OWNER, 9, 77)
        + line("post", 2, "id")
        + line("order", 3, "id", "FILLED", ["BTCUSDT", 4, 5, "1.0", "100", False])
        + line("done", 4, "BTCUSDT", 4, 5)
        + line("position", 5, "-1.0")
    )
    for cut in range(len(data)):
        notebook = Notebook(OWNER)
        notebook.feed(data[:cut])
        notebook.feed(data[cut:])

        life = notebook.life
        assert life is not None
        assert (life.incarnation, life.pid, life.posts) == (9, 77, {"id": 2})
        assert [one.key for one in life.deliveries] == [("BTCUSDT", 4, 5)]
        assert life.done == {("BTCUSDT", 4, 5): 4}
        assert life.position == Decimal(-1)


def test_a_torn_line_costs_nothing_but_itself() -> None:
    notebook = Notebook(OWNER)

    notebook.feed(line("life", 1, OWNER, 1, 7) + b'["post",2,"i\n' + line("life", 3, OWNER, 2, 8))

    assert [life.incarnation for life in notebook.lives] == [1, 2]


def test_the_oracle_reads_ids_as_the_order_logic_writes_them() -> None:
    made = ClientIds(PROJECT, OWNER).next(BIRTH + 123_456_000)
    parts = parse(made)

    assert Owners(PROJECT, [OWNER]).of(f"{made}.2") == OWNER
    assert parts is not None
    assert made_at(made) == parts.time_ns == BIRTH + 123_456_000
    assert base(f"{made}.3") == made


def test_other_ids_are_nobodys() -> None:
    assert Owners(PROJECT, [OWNER]).of("web_1") == ""
    assert Owners("other", [OWNER]).of(client_id(1)) == ""
    assert (base("web.2"), made_at("web")) == ("web.2", 0)
