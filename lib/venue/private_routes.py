"""The table of private endpoints: who answers which, reading which parameters."""

from lib.venue.account_reads import AccountReads
from lib.venue.account_settings import AccountSettings
from lib.venue.accounts import Account
from lib.venue.algo_entry import AlgoEntry
from lib.venue.algo_request import ALGO_PARAMS
from lib.venue.dead_man import DeadMan
from lib.venue.order_batches import OrderBatches
from lib.venue.order_changes import OrderChanges
from lib.venue.order_entry import OrderEntry
from lib.venue.order_reads import OrderReads
from lib.venue.order_request import PLACE_PARAMS
from lib.venue.params import Params
from lib.venue.routes import Handler, Routes
from lib.venue.state import VenueState

ORDER_KEYS = "symbol orderId origClientOrderId"
ALGO_KEYS = "algoId clientAlgoId"
WINDOW = "symbol startTime endTime limit"
MODIFY_PARAMS = f"{ORDER_KEYS} side quantity price priceMatch modifyId reduceOnly"
ID_LISTS = "orderIdList origClientOrderIdList orderidlist origclientorderidlist"


class PrivateRoutes:
    """Fills a table of routes.

    Args:
        state: The venue.
        routes: Takes the routes.
    """

    def __init__(self, state: VenueState, routes: Routes) -> None:
        """Keep the parts."""
        self._state = state
        self._routes = routes

    def add_orders(self, entry: OrderEntry, changes: OrderChanges, dead_man: DeadMan) -> None:
        """Add what places, changes, cancels and shows regular orders."""
        reads = OrderReads(self._state)
        names = (PLACE_PARAMS.split(), MODIFY_PARAMS.split())
        batches = OrderBatches(self._state, entry, changes, *names)
        add, read = self._routes.add, self._read
        add("POST /v1/order", entry.place, PLACE_PARAMS)
        add("POST /v1/order/test", entry.test, PLACE_PARAMS)
        add("PUT /v1/order", changes.modify, MODIFY_PARAMS)
        add("DELETE /v1/order", changes.cancel, ORDER_KEYS)
        add("POST /v1/batchOrders", batches.place, "batchOrders")
        add("PUT /v1/batchOrders", batches.modify, "batchOrders")
        add("DELETE /v1/batchOrders", batches.cancel, f"symbol {ID_LISTS}")
        add("DELETE /v1/allOpenOrders", changes.cancel_all, "symbol")
        add("POST /v1/countdownCancelAll", dead_man.arm, "symbol countdownTime")
        read("/v1/order", reads.order, ORDER_KEYS)
        read("/v1/openOrder", reads.open_order, ORDER_KEYS)
        read("/v1/openOrders", reads.open_orders, "symbol")
        read("/v1/allOrders", reads.all_orders, f"{WINDOW} orderId")
        read("/v1/userTrades", reads.user_trades, f"{WINDOW} orderId fromId")
        read("/v1/orderAmendment", reads.amendments, f"{WINDOW} {ORDER_KEYS}")
        read("/v1/forceOrders", reads.forced, f"{WINDOW} autoCloseType")

    def add_algos(self, algos: AlgoEntry) -> None:
        """Add what concerns conditional orders."""
        add, read = self._routes.add, self._read
        add("POST /v1/algoOrder", algos.place, ALGO_PARAMS)
        add("DELETE /v1/algoOrder", algos.cancel, ALGO_KEYS)
        add("DELETE /v1/algoOpenOrders", algos.cancel_all, "symbol")
        read("/v1/algoOrder", algos.order, ALGO_KEYS)
        read("/v1/openAlgoOrders", algos.open_orders, "algoType symbol algoId")
        read("/v1/allAlgoOrders", algos.all_orders, f"{WINDOW} algoId")

    def add_account(self) -> None:
        """Add what shows balances and positions."""
        reads = AccountReads(self._state)
        read = self._read
        read("/v2/balance", reads.balance)
        read("/v3/balance", reads.balance)
        read("/v2/account", reads.account_v2)
        read("/v3/account", reads.account_v3)
        read("/v2/positionRisk", reads.risk_v2, "symbol")
        read("/v3/positionRisk", reads.risk_v3, "symbol")
        read("/v1/accountConfig", reads.config)
        read("/v1/symbolConfig", reads.symbol_config, "symbol")
        read("/v1/leverageBracket", reads.brackets, "symbol")
        read("/v1/commissionRate", reads.commission, "symbol")
        read("/v1/income", reads.income, f"{WINDOW} incomeType")
        read("/v1/adlQuantile", reads.adl, "symbol")
        read("/v1/rateLimit/order", reads.order_limits)

    def add_settings(self) -> None:
        """Add what an account may choose."""
        settings = AccountSettings(self._state)
        add = self._routes.add
        add("POST /v1/leverage", settings.leverage, "symbol leverage")
        add("POST /v1/marginType", settings.margin_type, "symbol marginType")
        add("POST /v1/positionMargin", settings.position_margin, "symbol amount type positionSide")
        add("GET /v1/positionSide/dual", settings.get_mode)
        add("POST /v1/positionSide/dual", settings.set_mode, "dualSidePosition")
        add("GET /v1/multiAssetsMargin", settings.get_multi_assets)
        add("POST /v1/multiAssetsMargin", settings.set_multi_assets, "multiAssetsMargin")
        add("GET /v1/feeBurn", settings.get_fee_burn)
        add("POST /v1/feeBurn", settings.set_fee_burn, "feeBurn")

    def _read(self, path: str, handler: Handler, names: str = "") -> None:
        # A read sees the account as the faults let it be seen.
        def seen(account: Account, params: Params) -> object:
            return handler(self._state.faults.view(account, self._state.now_ns), params)

        self._routes.add(f"GET {path}", seen, names)
