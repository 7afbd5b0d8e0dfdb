"""Exchanges: the contract, the bots' side of it over the bus, and the adapters."""

from lib.exchange.abstract_exchange import AbstractExchange
from lib.registry import get_exchange

__all__ = ["AbstractExchange", "get_exchange"]
