"""A finding becomes a violation only when it lasts."""

from lib.chaos.evidence import Finding, Ripening

SECOND = 1_000_000_000
LOST = Finding("fill_lost", "1", "lost", grace=5.0)


def test_a_finding_without_grace_is_a_violation_at_once_and_once() -> None:
    ripening, twice = Ripening(), Finding("executed_twice", "1", "twice")

    assert ripening.look([twice], 0) == [twice]
    assert ripening.look([twice], SECOND) == []


def test_a_finding_that_outlives_its_grace_is_a_violation() -> None:
    ripening = Ripening()

    assert ripening.look([LOST], 0) == []
    assert ripening.look([LOST], 4 * SECOND) == []
    assert ripening.look([LOST], 5 * SECOND) == [LOST]


def test_a_finding_that_vanishes_in_between_starts_anew() -> None:
    ripening = Ripening()
    ripening.look([LOST], 0)
    ripening.look([], 2 * SECOND)

    assert ripening.look([LOST], 5 * SECOND) == []
    assert ripening.pending(5 * SECOND) == 1
    assert ripening.pending(4 * SECOND) == 0
