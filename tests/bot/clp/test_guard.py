from decimal import Decimal

from bot.clp.guard import Guard
from bot.clp.liquidation import Liquidation, Progress
from bot.clp.state import ClpState
from bot.clp.trailing_stop import TrailingStop
from tests.bot.clp.test_trailing_stop import CONFIG, TICK

D = Decimal


def make(qty: str | None = "1", coeff: str = "5") -> Guard:
    guard = Guard(TrailingStop(CONFIG, TICK), Liquidation(CONFIG, D("0.001")), D(coeff))
    if qty is not None:
        guard.position.on_account(D(100) if D(qty) else D(0), D(qty), 0)
    return guard


def test_the_stop_distance_is_so_many_atrs() -> None:
    guard = make()

    assert not guard.look(D(100), D("0.002"))
    assert guard.stop.price == 99


def test_a_hit_begins_the_liquidation_once() -> None:
    guard = make()
    guard.look(D(100), D("0.002"))

    assert guard.look(D(99), D("0.002"))
    assert guard.liquidation.progress == Progress(D(1))
    assert not guard.look(D(98), D("0.002"))


def test_it_watches_when_flat_or_with_a_stop_only() -> None:
    assert not make(None).is_watching
    assert make("0").is_watching
    guard = make()
    assert not guard.is_watching

    guard.look(D(100), None)
    assert not guard.is_watching
    guard.look(D(100), D("0.002"))
    assert guard.is_watching


def test_a_restored_guard_goes_on() -> None:
    guard = make()
    state = ClpState(qty=D(1), entry=D(100), stop=D("99.5"), liquidation=Progress(D(2), 1))
    guard.restore(state)

    assert guard.is_liquidating
    assert guard.stop.price == D("99.5")
    assert guard.zero == D("100.02") / D("0.9995")
    assert make("0").zero is None
