"""Breaks one promise of the order authority, in every worker process that starts with it.

Python imports this module by itself when its folder is on PYTHONPATH; `TICKVISOR_PLANT` names the
defect. A place that is not there any more ends the process: a plant that does not grow would let
the self-test of the oracle pass for nothing.
"""

import os
import sys
from typing import Any


def no_write_before_send() -> None:
    """Orders leave before their intents are in the journal."""
    from lib.exchange.binance.posting import OrderPost

    async def forget(self: Any, intents: Any) -> str:
        self._stamp(intents)
        return ""

    _replace(OrderPost, "_write", forget)


def blind_resend() -> None:
    """An order whose outcome is unknown is sent again."""
    from lib.errors import OrderUnknown
    from lib.exchange.binance.posting import OrderPost

    place = OrderPost._place

    async def place_again(self: Any, intent: Any) -> Any:
        try:
            return await place(self, intent)
        except OrderUnknown:
            return await place(self, intent._replace(id=f"{intent.id}.2"))

    _replace(OrderPost, "_place", place_again)


def no_fill_dedupe() -> None:
    """Every report of a fill is booked and told as if it were new."""
    from lib.exchange.bus_orders import OwnOrders
    from lib.oms.orders import Orders

    def book(self: Any, order: Any, fill: Any) -> bool:
        order.book(fill)
        return True

    _replace(Orders, "_book", book)
    _replace(OwnOrders, "_is_new_fill", lambda *_: True)


def no_cancel_by_owner() -> None:
    """What a dead bot leaves behind stays, by its death, its lease and its next life's hello."""
    from lib.exchange.binance.warden import Warden
    from lib.oms.custody import Custody

    _replace(Custody, "_leave", lambda *_: [])
    _replace(Custody, "greeted", lambda *_: [])
    _replace(Warden, "lapsed", lambda *_: [])


def risk_skipped() -> None:
    """No limit is looked at."""
    from lib.oms.risk import Risk

    _replace(Risk, "check", lambda *_, **__: "")


def fencing_off() -> None:
    """Any life may act: neither the roster nor the lease is asked."""
    from lib.oms.leases import Leases
    from lib.oms.lives import Lives

    class Anybody(int):
        def __eq__(self, _other: object) -> bool:
            return True

        def __ne__(self, _other: object) -> bool:
            return False

        __hash__ = int.__hash__

    alive = Lives.alive

    def any_life(self: Any, owner: str) -> int:
        return Anybody(alive(self, owner) or 1)

    _replace(Lives, "alive", any_life)
    _replace(Leases, "lapse", lambda *_: "")


def _replace(target: Any, name: str, by: Any) -> None:
    if not hasattr(target, name):
        sys.stderr.write(f"the plant finds no {target.__name__}.{name}\n")
        os._exit(3)
    setattr(target, name, by)


def _is_worker() -> bool:
    return any(word.startswith("workers.") and "chaos" not in word for word in sys.orig_argv)


if os.environ.get("TICKVISOR_PLANT") and _is_worker():
    globals()[os.environ["TICKVISOR_PLANT"]]()
