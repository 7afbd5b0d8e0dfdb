"""`BeatingBot` with the imports of a real worker, where a bot's file has them: at its top."""

import binance  # noqa: F401
import influxdb_client  # noqa: F401
import msgpack  # noqa: F401
import zmq  # noqa: F401

from benchmarks.beating_bots import BeatingBot


class FullBeatingBot(BeatingBot):
    """See the module."""
