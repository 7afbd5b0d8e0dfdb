"""What a user may choose about the venue's private side."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Options:
    """Choices with the exchange's own values as defaults.

    Args:
        maker_fee: Fraction of the notional a maker fill costs.
        taker_fee: Fraction of the notional a taker fill costs.
        order_latency_ns: Between a placement's answer and its entry into the book.
        cancel_latency_ns: Between a cancel's answer and its effect.
        queue_cancels: How a shrinking level moves our queue position when no trade explains the
            shrinking: `proportional` (cancels are spread evenly over the level) or `none` (all of
            them stood behind us).
        deep_levels: Ticks beyond the best price on which a book that is known by its quotes only
            is taken to repeat the best quantity.
        dead_man_covers_algo: Whether countdownCancelAll also cancels conditional orders.
        leverage: Initial leverage of every symbol.
        self_trade_prevention: Default mode of orders that name none.
        strict_parameters: Refuse unknown parameters with -1104.
        max_algo_orders: Open conditional orders per account.
        history_limit: Closed orders, and fills, kept per account.
    """

    maker_fee: Decimal = Decimal("0.0002")
    taker_fee: Decimal = Decimal("0.0005")
    order_latency_ns: int = 0
    cancel_latency_ns: int = 0
    queue_cancels: str = "proportional"
    deep_levels: int = 50
    dead_man_covers_algo: bool = False
    leverage: int = 20
    self_trade_prevention: str = "EXPIRE_MAKER"
    strict_parameters: bool = True
    max_algo_orders: int = 200
    history_limit: int = 100_000
