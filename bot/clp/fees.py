"""What a fill has cost, in the quote asset (pure)."""

from decimal import Decimal

from bot.clp.config import InventoryConfig
from lib.models import Update


def fee_of(update: Update, config: InventoryConfig) -> Decimal:
    """Return the fee of an update's fill; one paid in a third asset is worked out from the rates.

    Args:
        update: With a fill.
        config: The rates.
    """
    if not update.fee or update.symbol.endswith(update.fee_asset):
        return update.fee
    rate = config.maker_fee if update.maker else config.taker_fee
    return update.fill_qty * update.fill_price * rate
