"""What a client asks for in the placement of a conditional order, parsed and checked."""

from decimal import Decimal

from lib.venue.accounts import Account
from lib.venue.algo_orders import AlgoOrder
from lib.venue.errors import VenueError
from lib.venue.filters import check_notional, check_price, check_quantity
from lib.venue.formats import ZERO
from lib.venue.order_request import (
    CONDITIONAL,
    POSITION_SIDES,
    PREVENTIONS,
    PRICE_MATCHES,
    RESPONSES,
    SIDES,
    good_till,
)
from lib.venue.params import Params
from lib.venue.state import VenueState
from lib.venue.symbols import SymbolInfo

ALGO_PARAMS = (
    "algoType symbol side type positionSide timeInForce quantity price triggerPrice workingType "
    "priceMatch closePosition priceProtect reduceOnly activatePrice callbackRate clientAlgoId "
    "newOrderRespType selfTradePreventionMode goodTillDate"
)
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "GTX", "GTD", "GTE_GTC")
CLOSING = ("STOP_MARKET", "TAKE_PROFIT_MARKET")
LIMITED = ("STOP", "TAKE_PROFIT")
LEAST_CALLBACK = Decimal("0.1")
MOST_CALLBACK = Decimal(20)
"""Per cent; raised from 10 on 2026-10-23."""


def parse_algo(state: VenueState, account: Account, params: Params) -> AlgoOrder:
    """Return the conditional order that the parameters mean.

    Raises:
        VenueError: Something is missing, malformed or against the rules.
    """
    for name in ("algoType", "symbol", "side", "type"):
        params.need(name)
    params.choice("algoType", ("CONDITIONAL",), -1130)
    side = params.choice("side", SIDES, -1117)
    kind = params.choice("type", CONDITIONAL, -1116)
    params.choice("newOrderRespType", RESPONSES, -1136, "ACK")
    info = state.info(params.need("symbol"))
    if info.status != "TRADING":
        raise VenueError(-4108)
    time_in_force = params.choice("timeInForce", TIMES_IN_FORCE, -1115, "GTC")
    order = AlgoOrder(
        id=0,
        client_id=params.client_id("clientAlgoId") or "",
        account=account.name,
        symbol=info.symbol,
        side=side,
        position_side=params.choice("positionSide", POSITION_SIDES, -4061, "BOTH"),
        type=kind,
        time_in_force=time_in_force,
        qty=ZERO,
        price=ZERO,
        trigger_price=ZERO,
        created_ns=state.now_ns,
        updated_ns=state.now_ns,
        working_type=params.choice(
            "workingType", ("CONTRACT_PRICE", "MARK_PRICE"), -1130, "CONTRACT_PRICE"
        ),
        price_match=params.choice("priceMatch", PRICE_MATCHES, -5037, "NONE"),
        close_position=bool(params.flag("closePosition")),
        price_protect=bool(params.flag("priceProtect")),
        reduce_only=bool(params.flag("reduceOnly")),
        prevention=params.choice(
            "selfTradePreventionMode", PREVENTIONS, -5039, state.options.self_trade_prevention
        ),
        good_till_ms=good_till(params, time_in_force, state.now_ms),
    )
    _read_prices(order, params, info)
    _read_quantity(order, params, info)
    _check_mode(account, order)
    if not (order.reduce_only or order.close_position):
        price = order.price or order.trigger_price or state.mark(order.symbol)
        check_notional(info, price * order.qty)
    return order


def _read_prices(order: AlgoOrder, params: Params, info: SymbolInfo) -> None:
    if order.is_trailing:
        _read_trailing(order, params, info)
        return
    order.trigger_price = params.need_decimal("triggerPrice")
    check_price(info, order.trigger_price)
    if order.type not in LIMITED:
        if order.price_match != "NONE":
            raise VenueError(-5038)
        if "price" in params:
            raise VenueError(-1106, name="price")
    elif order.price_match == "NONE":
        order.price = params.need_decimal("price")
        check_price(info, order.price)
    elif "price" in params:
        raise VenueError(-5037)


def _read_trailing(order: AlgoOrder, params: Params, info: SymbolInfo) -> None:
    rate = params.need_decimal("callbackRate")
    if not LEAST_CALLBACK <= rate <= MOST_CALLBACK:
        raise VenueError(-2007)
    order.callback_rate = rate
    order.activate_price = params.decimal("activatePrice")
    if order.activate_price is not None:
        check_price(info, order.activate_price)


def _read_quantity(order: AlgoOrder, params: Params, info: SymbolInfo) -> None:
    if not order.close_position:
        order.qty = params.need_decimal("quantity")
        check_quantity(info, order.qty, is_market=order.child_type == "MARKET")
        return
    if order.type not in CLOSING:
        raise VenueError(-4136, type=order.type)
    if params.decimal("quantity"):
        raise VenueError(-4137)
    if "reduceOnly" in params:
        raise VenueError(-1106, name="reduceonly")


def _check_mode(account: Account, order: AlgoOrder) -> None:
    if order.position_side not in account.sides():
        raise VenueError(-4061)
    if not account.settings.hedge:
        return
    if order.reduce_only:
        raise VenueError(-1106, name="reduceonly")
    if order.close_position and order.is_buy == (order.position_side == "LONG"):
        raise VenueError(-2022)
