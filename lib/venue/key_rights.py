"""What an API key may do, as the exchange's main address tells it."""

from typing import Any

from lib.venue.auth import Account

PATH = "/sapi/v1/account/apiRestrictions"


def key_rights(account: Account) -> dict[str, Any]:
    """Return the rights of an account's key."""
    return {
        "ipRestrict": False,
        "createTime": 1_569_398_400_000,
        "enableReading": True,
        "enableFutures": True,
        "enableWithdrawals": account.withdrawals,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableSpotAndMarginTrading": False,
        "enableVanillaOptions": False,
        "enablePortfolioMarginTrading": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "permitsUniversalTransfer": False,
    }
