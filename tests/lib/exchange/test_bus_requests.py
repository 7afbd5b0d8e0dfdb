from lib.bus.protocol import Method
from lib.constants import NS_PER_SECOND
from lib.exchange.bus_requests import LATE, RequestBook
from tests.lib.exchange.fake_worker import LIFE, OWNER


def test_a_request_carries_owner_life_and_deadline() -> None:
    request_id, request = RequestBook(OWNER, LIFE).make(Method.CANCEL, [["a"]], 5, 2.0, ("a",))

    assert request == (Method.CANCEL, 5 + 2 * NS_PER_SECOND, OWNER, LIFE, [["a"]])
    assert request_id == b"1"


def test_an_answer_in_time_ends_the_wait() -> None:
    book = RequestBook(OWNER, LIFE)
    request_id, _ = book.make(Method.POST, [], 0, 1.0, ("a", "b"))

    assert book.is_waiting(request_id)
    waiting = book.answered(request_id)

    assert waiting is not None
    assert waiting.ids == ("a", "b")
    assert not book.is_waiting(request_id)
    assert book.answered(request_id) is None
    assert book.deadline() is None


def test_an_overdue_request_is_given_up_once_and_its_late_answer_still_understood() -> None:
    book = RequestBook(OWNER, LIFE)
    request_id, _ = book.make(Method.POST, [], 0, 1.0, ("a",))
    book.make(Method.POST, [], 0, 3.0, ("b",))

    assert book.overdue(NS_PER_SECOND) == []
    assert [waiting.ids for waiting in book.overdue(NS_PER_SECOND + 1)] == [("a",)]
    assert book.overdue(NS_PER_SECOND + 2) == []
    assert book.deadline() == 3 * NS_PER_SECOND
    late = book.answered(request_id)
    assert late is not None
    assert late.ids == ("a",)


def test_late_requests_are_forgotten_beyond_the_bound() -> None:
    book = RequestBook(OWNER, LIFE)
    ids = [book.make(Method.POST, [], 0, 1.0)[0] for _ in range(LATE + 1)]
    book.overdue(2 * NS_PER_SECOND)

    assert book.answered(ids[0]) is None
    assert book.answered(ids[-1]) is not None
