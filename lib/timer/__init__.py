"""The only readers of clocks: everything else asks a timer, or is given `now`."""

from lib.timer.abstract_timer import AbstractTimer
from lib.timer.live_timer import LiveTimer
from lib.timer.virtual_timer import VirtualTimer

__all__ = ["AbstractTimer", "LiveTimer", "VirtualTimer"]
