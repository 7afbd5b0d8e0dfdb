"""Steps the wall clock of every process that starts with it.

Python imports this module by itself when its folder is on PYTHONPATH; the file that
`TICKVISOR_CLOCK` names holds the step as eight bytes, ns, and may change at any time.
"""

import mmap
import os
import struct
import time

STEP = struct.Struct("<q")

_descriptor = os.open(os.environ["TICKVISOR_CLOCK"], os.O_RDONLY)
_step = mmap.mmap(_descriptor, STEP.size, prot=mmap.PROT_READ)
os.close(_descriptor)
_time_ns = time.time_ns


def _stepped_ns() -> int:
    return _time_ns() + int(STEP.unpack_from(_step)[0])


def _stepped() -> float:
    return _stepped_ns() / 1e9


time.time_ns = _stepped_ns
time.time = _stepped
