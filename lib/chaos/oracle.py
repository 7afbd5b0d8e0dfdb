"""The oracle: compares ledger, journal, notebooks and limits, and finds what is wrong (pure).

It shares no code with the order logic. A finding may be a message that is still under way; its
`grace` says for how long that is a possible explanation.
"""

from lib.chaos import oracle_account, oracle_fills, oracle_journal, oracle_orders, oracle_risk
from lib.chaos.evidence import Evidence, Finding

CHECKS = (
    oracle_orders.executed_twice,
    oracle_orders.orphans,
    oracle_orders.fenced,
    oracle_orders.foreign,
    oracle_orders.unended,
    oracle_fills.lost,
    oracle_fills.invented,
    oracle_fills.twice_in_a_life,
    oracle_fills.acknowledged_again,
    oracle_account.positions,
    oracle_account.balances,
    oracle_risk.order_size,
    oracle_risk.open_orders,
    oracle_risk.position_size,
    oracle_journal.orders,
    oracle_journal.fills,
)


def judge(evidence: Evidence) -> list[Finding]:
    """Return everything that is not as it must be."""
    return [finding for check in CHECKS for finding in check(evidence)]
