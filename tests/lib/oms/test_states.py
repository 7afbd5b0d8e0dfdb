from lib.constants import FINAL, Status
from lib.oms.states import TOMBSTONES, TRANSITIONS, WORKING, is_legal, is_open


def test_the_table_covers_every_state() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_final_states_lead_nowhere_but_from_a_wrong_absence() -> None:
    for status in FINAL - TOMBSTONES:
        assert not TRANSITIONS[status]
    for status in TOMBSTONES:
        assert TRANSITIONS[status] >= {Status.NEW, Status.FILLED}


def test_nothing_goes_back_to_pending_or_from_working_to_unsent() -> None:
    for before in Status:
        assert not is_legal(before, Status.PENDING)
    for before in WORKING:
        assert not is_legal(before, Status.NOT_SENT)
        # the exchange may lose what it had, which takes a proof of its own
        assert is_legal(before, Status.NOT_PLACED)
        assert not is_legal(before, Status.UNKNOWN)


def test_every_open_state_can_end() -> None:
    for status in Status:
        if is_open(status):
            assert TRANSITIONS[status] & FINAL
