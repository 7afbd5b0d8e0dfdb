"""A request is executed at most once."""

from hypothesis import given
from hypothesis import strategies as st

from lib.bus.protocol import Request
from lib.bus.requests import LONGEST, Requests, Verdict

LIFE = 7


def request(deadline_ns: int = 100, incarnation: int = LIFE, owner: str = "q:X") -> Request:
    return Request("post", deadline_ns, owner, incarnation, [])


def test_the_first_is_executed_and_a_repeat_gets_its_answer() -> None:
    requests = Requests[str]()

    assert requests.admit(request(), b"1", "peer", LIFE, 50) == (Verdict.EXECUTE, b"")
    assert requests.answer(request(), b"1", b"done") == ["peer"]
    assert requests.admit(request(), b"1", "peer", LIFE, 50) == (Verdict.REPEAT, b"done")


def test_a_repeat_while_it_runs_waits_for_the_same_answer() -> None:
    requests = Requests[str]()
    requests.admit(request(), b"1", "old socket", LIFE, 50)

    assert requests.admit(request(), b"1", "new socket", LIFE, 50) == (Verdict.ATTACH, b"")
    assert requests.answer(request(), b"1", b"done") == ["old socket", "new socket"]


def test_an_answered_request_is_repeated_even_after_its_deadline_and_life() -> None:
    requests = Requests[str]()
    requests.admit(request(), b"1", "peer", LIFE, 50)
    requests.answer(request(), b"1", b"done")

    assert requests.admit(request(), b"1", "peer", LIFE + 1, 500) == (Verdict.REPEAT, b"done")


def test_what_comes_after_its_deadline_is_not_executed() -> None:
    requests = Requests[str]()

    assert requests.admit(request(deadline_ns=100), b"1", "p", LIFE, 101) == (Verdict.EXPIRED, b"")
    assert requests.answer(request(), b"1", b"late") == []


def test_the_deadline_itself_is_in_time() -> None:
    assert Requests[str]().admit(request(100), b"1", "p", LIFE, 100)[0] is Verdict.EXECUTE


def test_a_former_life_and_an_unknown_owner_are_fenced() -> None:
    requests = Requests[str]()

    assert requests.admit(request(incarnation=6), b"1", "p", LIFE, 50) == (Verdict.FENCED, b"")
    assert requests.admit(request(), b"1", "p", None, 50) == (Verdict.FENCED, b"")


def test_owners_and_lives_have_their_own_ids() -> None:
    requests = Requests[str]()
    requests.admit(request(owner="a:X"), b"1", "a", LIFE, 50)

    assert requests.admit(request(owner="b:X"), b"1", "b", LIFE, 50)[0] is Verdict.EXECUTE
    assert requests.admit(request(incarnation=8), b"1", "c", 8, 50)[0] is Verdict.EXECUTE


def test_the_memory_is_bounded_but_what_runs_is_kept() -> None:
    requests = Requests[int](remembered=2)
    requests.admit(request(), b"running", 0, LIFE, 50)
    for number in range(1, 4):
        requests.admit(request(), b"%d" % number, number, LIFE, 50)
        requests.answer(request(), b"%d" % number, b"done")

    assert requests.admit(request(), b"running", 0, LIFE, 50)[0] is Verdict.ATTACH
    assert requests.admit(request(), b"3", 3, LIFE, 50)[0] is Verdict.REPEAT
    assert requests.admit(request(), b"1", 1, LIFE, 101)[0] is Verdict.EXPIRED


STEPS = st.lists(
    st.tuples(st.sampled_from(["admit", "answer"]), st.sampled_from([b"1", b"2", b"3"])),
    max_size=30,
)


@given(STEPS)
def test_no_order_of_repeats_and_answers_executes_twice(steps: list[tuple[str, bytes]]) -> None:
    requests = Requests[str]()
    executed: list[bytes] = []

    for step, request_id in steps:
        if step == "admit":
            verdict, _ = requests.admit(request(), request_id, "p", LIFE, 50)
            if verdict is Verdict.EXECUTE:
                executed.append(request_id)
        elif request_id in executed:
            requests.answer(request(), request_id, b"done")

    assert len(executed) == len(set(executed))


def test_a_long_answer_is_not_kept_but_worked_out_again() -> None:
    requests = Requests[str]()
    requests.admit(request(), b"1", "peer", LIFE, 50)
    assert requests.answer(request(), b"1", bytes(LONGEST + 1)) == ["peer"]
    assert requests.admit(request(), b"1", "peer", LIFE, 50)[0] is Verdict.EXECUTE
