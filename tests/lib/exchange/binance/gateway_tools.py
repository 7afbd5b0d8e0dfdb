"""What tests of the gateway share."""

from typing import Any

from lib.bus.protocol import OrderIntent
from lib.helpers import decimal
from lib.oms.ids import ClientIds
from lib.timer import LiveTimer
from lib.venue.server import VenueServer

SYMBOL = "BTCUSDT"
IDS = ClientIds("test", "bot:BTCUSDT")


def price(venue: VenueServer, factor: str) -> str:
    bids, _, _ = venue.engine.depth(SYMBOL)
    return str(bids[0][0] * decimal(factor) // decimal("0.1") * decimal("0.1"))


def intent(price: str = "", **changes: Any) -> OrderIntent:
    client_id = IDS.next(LiveTimer().Timestamp())
    made = OrderIntent(client_id, SYMBOL, "BUY", "0.002", price, False, False, False, "", 0)
    return made._replace(**changes)


def fault(venue: VenueServer, name: str, **args: Any) -> None:
    venue.venue.add_fault({"name": name, **args}, venue.now())


def placed(venue: VenueServer) -> list[str]:
    return [row["client_id"] for row in venue.engine.ledger()["orders"]]


class Answers:
    """Plays one list of the exchange: whatever it is asked, it answers the same."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    async def __call__(self, **_: Any) -> Any:
        return self.rows
