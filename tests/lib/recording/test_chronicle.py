"""What a run leaves in its database: each fill and order once, how things stand each second."""

from decimal import Decimal
from typing import Any

from lib.constants import NS_PER_SECOND, OrderType, Side, Status
from lib.models import ZERO, Update
from lib.oms.ids import ClientIds
from lib.recording.chronicle import Chronicle, Look

START_NS = 1_800_000_000 * NS_PER_SECOND
MS = 1_000_000
NOTHING = Look(None, None, None, None, None, None, None)


class Scene:
    """A chronicle and what it has written."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.look = NOTHING._replace(mid=Decimal("100.5"), position=ZERO)
        self.chronicle = Chronicle(self.records.append, lambda: self.look)

    def of(self, series: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record["series"] == series]


def news(status: Status, at_ns: int = START_NS, **changes: Any) -> Update:
    values: dict[str, Any] = {
        "id": ClientIds("test", "quoter:BTCUSDT").next(START_NS - 20 * MS),
        "symbol": "BTCUSDT", "side": Side.BUY, "type": OrderType.LIMIT, "price": Decimal(100),
        "qty": Decimal(2), "filled_qty": ZERO, "average_price": ZERO, "reduce_only": False,
        "reason": "", "exchange_id": 5,
    }  # fmt: skip
    return Update(status=status, timestamp=at_ns, **(values | changes))


def filled(trade_id: int, at_ns: int = START_NS) -> Update:
    status = Status.PARTIALLY_FILLED
    return news(status, at_ns, fill_qty=Decimal(1), fill_price=Decimal(100), trade_id=trade_id)


def test_an_order_is_written_once_when_it_is_final() -> None:
    scene = Scene()

    scene.chronicle.on_update(news(Status.PENDING, exchange_id=0), START_NS)
    scene.chronicle.on_update(news(Status.NEW, START_NS + MS), START_NS)
    scene.chronicle.on_update(news(Status.CANCELED, START_NS + 9 * MS), START_NS)

    (order,) = scene.of("orders")
    assert (order["status"], order["timestamp"]) == ("CANCELED", START_NS + 9 * MS)
    assert order["accepted_ns"] == str(START_NS + MS)
    assert int(order["posted_ns"]) == START_NS - 20 * MS


def test_fills_of_one_millisecond_have_times_of_their_own() -> None:
    scene = Scene()

    for trade_id in (1, 2):
        scene.chronicle.on_update(filled(trade_id), START_NS)

    assert [fill["timestamp"] - START_NS for fill in scene.of("fills")] == [0, 1]
    assert [fill["mid"] for fill in scene.of("fills")] == [Decimal("100.5")] * 2


def test_the_middle_is_noted_some_time_after_a_fill() -> None:
    scene = Scene()
    scene.chronicle.on_update(filled(7), START_NS)

    for tenths in range(310):
        now_ns = START_NS + tenths * 100 * MS
        scene.look = scene.look._replace(mid=Decimal(tenths))
        if now_ns >= scene.chronicle.due_ns:
            scene.chronicle.tick(now_ns)

    noted = [(mark["seconds"], mark["mid"], mark["trade_id"]) for mark in scene.of("markouts")]
    assert noted == [(1.0, 10, 7), (5.0, 50, 7), (30.0, 300, 7)]


def test_a_fill_that_is_told_again_is_not_marked_again() -> None:
    scene = Scene()
    update = filled(7)

    scene.chronicle.on_update(
        Update(**{name: getattr(update, name) for name in Update.__slots__} | {"replayed": True}),
        START_NS,
    )
    scene.chronicle.tick(START_NS + 60 * NS_PER_SECOND)

    assert scene.of("markouts") == []


def test_samples_come_at_whole_seconds() -> None:
    scene = Scene()

    for tenths in range(25):
        now_ns = START_NS + tenths * 100 * MS
        if now_ns >= scene.chronicle.due_ns:
            scene.chronicle.tick(now_ns)

    assert [row["timestamp"] - START_NS for row in scene.of("path")] == [
        0, NS_PER_SECOND, 2 * NS_PER_SECOND,
    ]  # fmt: skip


def test_where_nothing_is_known_nothing_is_written() -> None:
    scene = Scene()
    scene.look = NOTHING

    scene.chronicle.tick(START_NS)

    assert scene.records == []
