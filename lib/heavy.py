"""Imports of big libraries at their first use."""

import importlib
import threading
from typing import Any

_lock = threading.RLock()


def load(name: str) -> Any:
    """Return a module, imported now if it was not before.

    Two threads that import one package at the same time from different ends may deadlock in its
    inner import circle (influxdb-client does); so all such imports go through here, one by one.
    """
    with _lock:
        return importlib.import_module(name)
