"""Takes other symbols, owners and limits over while orders rest and bots trade."""

from typing import Any

from lib.constants import KEY, ExitCode
from lib.errors import ConfigError
from lib.exchange.binance.authority import Authority
from lib.exchange.binance.rules import check_symbols
from lib.logger import AbstractLogger
from lib.oms.ids import check_prefixes
from lib.oms.rows import OwnerRow
from workers.exchange_market import MarketWatch

LEARNED = ("symbols", "owners", "on_crash", "risk")
"""Parts of the exchange's section that can change while it runs."""


class Learning:
    """Answers `learn` requests of the supervisor.

    Args:
        config: The exchange's section that the authority goes by.
        project: Name of the run.
        authority: What learns.
        market: Brings the symbols' books.
        log: The worker's logger.
    """

    def __init__(
        self,
        config: dict[str, Any],
        project: str,
        authority: Authority,
        market: MarketWatch,
        log: AbstractLogger,
    ) -> None:
        """Know what the configuration says."""
        self._config = config
        self._project = project
        self._authority = authority
        self._market = market
        self._log = log

    async def learn(self, section: dict[str, Any]) -> dict[str, Any]:
        """Take a changed section over, or refuse it and change nothing.

        Raises:
            ExchangeError: The exchange could not be asked for a symbol's rules.
        """
        try:
            prefixes = check_prefixes(self._project, section["owners"])
            new = await self._learn_rules(section["symbols"])
        except ConfigError as error:
            return {"ok": False, "error": str(error), "exit": int(ExitCode.USAGE)}
        authority = self._authority
        self._config |= {key: section[key] for key in LEARNED}
        authority.owners[:] = section["owners"]
        authority.orders.learn(prefixes)
        authority.journal.put([OwnerRow(*row) for row in prefixes.items()])
        authority.book.watch(section["symbols"])
        authority.custody.learn(section["on_crash"])
        authority.warden.learn(section)
        authority.settings.learn(self._config)
        authority.dead_man.countdowns.stretch(len(section["symbols"]))
        # also those whose rules former orders have kept: nobody has asked for their books yet
        self._market.watch(section["symbols"])
        self._log.info("learned", owners=section["owners"], new_symbols=new)
        return {}

    async def _learn_rules(self, symbols: list[str]) -> list[str]:
        # symbols that are traded no more stay known, as those of a former configuration do
        known = self._authority.belief.rules
        new = [symbol for symbol in symbols if symbol not in known]
        if new:
            rules, _ = await self._authority.gateway.exchange_info()
            check_symbols(new, rules, str(self._config[KEY.REST_URL]))
            known.update({symbol: rules[symbol] for symbol in new})
        return new
