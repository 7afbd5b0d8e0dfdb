from decimal import Decimal

from bot.clp.memory import Memory
from bot.clp.state import ClpState, Mode
from lib.factory import SandboxFactory
from lib.state import MemoryState
from lib.timer import VirtualTimer
from tests.bot.market import MemoryLogger


class CountingState(MemoryState):
    """Counts what is pushed."""

    pushes = 0

    def Push(self, state: dict[str, object]) -> None:
        self.pushes += 1
        super().Push(state)


def make() -> tuple[CountingState, MemoryLogger]:
    factory, timer = SandboxFactory({}), VirtualTimer()
    MemoryLogger.lines = []
    return CountingState({}, factory, timer), MemoryLogger({}, factory, timer)


def test_every_change_is_pushed_once() -> None:
    store, logger = make()
    memory = Memory(store, logger)

    memory.save(ClpState(qty=Decimal(1)))
    memory.save(ClpState(qty=Decimal(1)))
    memory.save(ClpState(qty=Decimal(1), mode=Mode.PAUSE))

    assert store.pushes == 2
    assert Memory(store, logger).stored == ClpState(qty=Decimal(1), mode=Mode.PAUSE)


def test_a_fresh_store_has_nothing() -> None:
    assert Memory(*make()).stored is None


def test_a_state_of_another_kind_is_left_out_and_told() -> None:
    store, logger = make()
    store.Push({"of": "another bot"})

    assert Memory(store, logger).stored is None
    assert [line[1] for line in MemoryLogger.lines] == ["stored state not used"]
