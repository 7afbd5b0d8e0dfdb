"""What a client asks for in a placement, parsed and checked for form."""

from dataclasses import dataclass
from decimal import Decimal

from lib.venue.errors import VenueError
from lib.venue.formats import ZERO
from lib.venue.params import Params
from lib.venue.state import VenueState
from lib.venue.symbols import SymbolInfo

CONDITIONAL = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
SIDES = ("BUY", "SELL")
POSITION_SIDES = ("BOTH", "LONG", "SHORT")
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "GTX", "GTD", "RPI")
RESPONSES = ("ACK", "RESULT")
PREVENTIONS = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")
PRICE_MATCHES = (
    "NONE", "OPPONENT", "OPPONENT_5", "QUEUE", "QUEUE_5", "QUEUE_10", "QUEUE_20",
)  # fmt: skip
"""OPPONENT_10 and OPPONENT_20 were withdrawn on 2025-10-23."""
PLACE_PARAMS = (
    "symbol side type positionSide timeInForce quantity price reduceOnly newClientOrderId "
    "newOrderRespType priceMatch selfTradePreventionMode goodTillDate closePosition "
    "stopPrice workingType priceProtect activationPrice callbackRate"
)
GOOD_TILL_LEAST_MS = 600_000
GOOD_TILL_MOST_MS = 253_402_300_799_000


@dataclass(slots=True)
class OrderRequest:
    """A placement; `price` is None for MARKET, `client_id` None when the client left it out."""

    info: SymbolInfo
    side: str
    type: str
    position_side: str
    time_in_force: str
    qty: Decimal
    price: Decimal | None
    reduce_only: bool
    client_id: str | None
    wants_result: bool
    price_match: str
    prevention: str
    good_till_ms: int
    close_position: bool = False

    @property
    def is_buy(self) -> bool:
        """Whether it buys."""
        return self.side == "BUY"

    @property
    def is_market(self) -> bool:
        """Whether it has no limit price."""
        return self.type == "MARKET"


def good_till(params: Params, time_in_force: str, now_ms: int) -> int:
    """Return the end of a GTD order in ms (whole seconds), 0 for the others.

    Raises:
        VenueError: -1102 missing, -5040 out of range.
    """
    if time_in_force != "GTD":
        return 0
    end_ms = params.need_long("goodTillDate")
    if not now_ms + GOOD_TILL_LEAST_MS < end_ms < GOOD_TILL_MOST_MS:
        raise VenueError(-5040)
    return end_ms // 1000 * 1000


def parse_order(state: VenueState, params: Params) -> OrderRequest:
    """Return the placement that the parameters mean.

    Raises:
        VenueError: Something is missing, malformed, or not for this endpoint.
    """
    symbol, _, type_text = (params.need(name) for name in ("symbol", "side", "type"))
    if type_text in CONDITIONAL:
        raise VenueError(-4120)
    side = params.choice("side", SIDES, -1117)
    order_type = params.choice("type", ("LIMIT", "MARKET"), -1116)
    is_market = order_type == "MARKET"
    price_match = params.choice("priceMatch", PRICE_MATCHES, -5037, "NONE")
    time_in_force = _time_in_force(params, is_market)
    price = _price(params, is_market, price_match)
    response = params.choice("newOrderRespType", RESPONSES, -1136, "ACK")
    prevention = params.choice(
        "selfTradePreventionMode", PREVENTIONS, -5039, state.options.self_trade_prevention
    )
    if params.flag("closePosition"):
        raise VenueError(-4136, type=order_type)
    qty = params.need_decimal("quantity")
    info = state.info(symbol)
    if info.status != "TRADING":
        raise VenueError(-4108)
    return OrderRequest(
        info=info,
        side=side,
        type=order_type,
        position_side=params.choice("positionSide", POSITION_SIDES, -4061, "BOTH"),
        time_in_force=time_in_force,
        qty=qty,
        price=price,
        reduce_only=bool(params.flag("reduceOnly")),
        client_id=params.client_id("newClientOrderId"),
        wants_result=response == "RESULT",
        price_match=price_match,
        prevention=prevention,
        good_till_ms=good_till(params, time_in_force, state.now_ms),
    )


def matched_price(state: VenueState, symbol: str, is_buy: bool, mode: str) -> Decimal:
    """Return the price that a priceMatch mode means now.

    Raises:
        VenueError: -5041, the book has no such level.
    """
    name, _, depth = mode.partition("_")
    is_bid = is_buy if name == "QUEUE" else not is_buy
    for number, (price, _qty) in enumerate(state.book(symbol).levels(is_bid=is_bid), 1):
        if number == int(depth or 1):
            return price
    raise VenueError(-5041)


def _time_in_force(params: Params, is_market: bool) -> str:
    if is_market:
        if "timeInForce" in params:
            raise VenueError(-1106, name="timeinforce")
        return "GTC"
    params.need("timeInForce")
    return params.choice("timeInForce", TIMES_IN_FORCE, -1115)


def _price(params: Params, is_market: bool, price_match: str) -> Decimal | None:
    if is_market:
        if price_match != "NONE":
            raise VenueError(-5038)
        if "price" in params:
            raise VenueError(-1106, name="price")
        return None
    if price_match != "NONE":
        if "price" in params:
            raise VenueError(-5037)
        return ZERO
    return params.need_decimal("price")
