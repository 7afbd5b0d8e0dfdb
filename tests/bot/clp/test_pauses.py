from bot.clp.conditions.condition import Condition
from bot.clp.pauses import Change, Pauses
from bot.clp.settings import Settings
from bot.clp.view import View
from lib.constants import NS_PER_SECOND
from tests.bot.clp.views import view


class Switch(Condition):
    """Objects while it is on."""

    words = ""
    seen = 0
    asked = 0

    def see(self, view: View) -> None:
        self.seen += 1

    def trouble(self, view: View) -> str:
        self.asked += 1
        return self.words


def make(*waits: str) -> tuple[Pauses, list[Switch]]:
    switches = [Switch(Settings({"wait": wait}, "x")) for wait in waits]
    return Pauses((f"switch {n}", each) for n, each in enumerate(switches)), switches


def check(pauses: Pauses, seconds: float) -> Change | None:
    now_ns = round(seconds * NS_PER_SECOND)
    return pauses.check(view(timestamp=10**18 + now_ns), now_ns)


def test_a_pause_lasts_its_time_and_ends_when_nothing_objects_any_more() -> None:
    pauses, (switch,) = make("5s")
    assert check(pauses, 0) is None

    switch.words = "bad 1"
    assert check(pauses, 1) == Change("switch 0", "bad 1", 0)
    assert pauses.until == 10**18 + 6 * NS_PER_SECOND

    switch.words = ""
    assert check(pauses, 5.999) is None
    assert pauses.reason == "bad 1"
    assert check(pauses, 6) == Change("", "", 5 * NS_PER_SECOND)
    assert (pauses.reason, pauses.until) == ("", 0)


def test_nothing_is_asked_while_the_time_runs() -> None:
    pauses, (switch,) = make("5s")
    switch.words = "bad"
    check(pauses, 0)
    check(pauses, 4)

    assert switch.asked == 1
    pauses.see(view())
    assert switch.seen == 1


def test_what_still_objects_prolongs_the_pause_without_news() -> None:
    pauses, (switch,) = make("5s")
    switch.words = "bad 1"
    check(pauses, 0)
    switch.words = "bad 2"

    assert check(pauses, 5) is None
    assert pauses.reason == "bad 2"
    assert pauses.until == 10**18 + 10 * NS_PER_SECOND
    switch.words = ""
    assert check(pauses, 9) is None
    assert check(pauses, 10) == Change("", "", 10 * NS_PER_SECOND)


def test_the_longest_wait_of_those_that_object_counts() -> None:
    pauses, (first, second, third) = make("5s", "1s", "60s")
    first.words, second.words = "bad", "worse"

    assert check(pauses, 0) == Change("switch 0, switch 1", "bad; worse", 0)
    third.words, first.words, second.words = "late", "", ""
    assert check(pauses, 4) is None
    assert check(pauses, 5) == Change("switch 2", "late", 5 * NS_PER_SECOND)


def test_a_pause_can_be_imposed_and_is_not_cut_short() -> None:
    pauses, (switch,) = make("1s")

    assert pauses.impose("liquidation", "closed", 10 * NS_PER_SECOND, 10**18, 0) is not None
    assert pauses.impose("liquidation", "closed", NS_PER_SECOND, 10**18, 0) is None
    assert check(pauses, 9) is None
    switch.words = "bad"
    assert check(pauses, 10) == Change("switch 0", "bad", 10 * NS_PER_SECOND)
