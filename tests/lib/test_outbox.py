"""Memory first, then the disk, always in order."""

import resource
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lib.outbox import Outbox
from lib.spool import Spool


def deliver(outbox: Outbox, limit: int = 3) -> list[str]:
    found: list[str] = []
    while batch := outbox.peek(limit):
        found += batch
        outbox.settle(len(batch))
    return found


def test_memory_is_used_while_it_suffices(tmp_path: Path) -> None:
    outbox = Outbox(Spool(tmp_path / "s", 10**6), memory=10)

    outbox.put([str(number) for number in range(10)])

    assert (outbox.in_memory, outbox.on_disk) == (10, 0)
    assert not (tmp_path / "s").exists()


def test_what_memory_does_not_hold_goes_to_disk_and_stays_in_order(tmp_path: Path) -> None:
    outbox = Outbox(Spool(tmp_path / "s", 10**6), memory=10)
    wanted = [str(number) for number in range(40)]

    outbox.put(wanted[:15])
    assert outbox.peek(5) == wanted[:5]
    outbox.settle(5)
    outbox.put(wanted[15:])

    assert (outbox.in_memory, outbox.on_disk) == (5, 30)
    assert deliver(outbox) == wanted[5:]
    assert outbox.counters.written == 40
    outbox.close()


def test_a_batch_in_flight_may_be_spilled_meanwhile(tmp_path: Path) -> None:
    outbox = Outbox(Spool(tmp_path / "s", 10**6), memory=10)
    wanted = [str(number) for number in range(20)]
    outbox.put(wanted)
    in_flight = outbox.peek(4)

    outbox.spill()
    outbox.settle(len(in_flight))

    assert (outbox.in_memory, outbox.on_disk) == (0, 16)
    assert deliver(outbox) == wanted[4:]
    outbox.close()


def test_without_a_disk_the_bound_of_memory_counts() -> None:
    outbox = Outbox(None, memory=10)

    assert outbox.put([str(number) for number in range(15)]) == 5

    outbox.spill()
    assert outbox.counters.dropped == 5
    assert deliver(outbox) == [str(number) for number in range(10)]


def test_a_full_disk_drops_the_newest_and_says_why(tmp_path: Path) -> None:
    outbox = Outbox(Spool(tmp_path / "s", 10**6), memory=2)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30, hard))
    try:
        dropped = outbox.put(["a", "b", "c", "d" * 100])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert dropped == 2
    assert "too large" in outbox.disk_error
    assert deliver(outbox) == ["a", "b"]
    outbox.put(["e", "f", "g"])
    assert outbox.disk_error == ""
    assert deliver(outbox) == ["e", "f", "g"]
    outbox.close()


def test_who_settles_after_the_close_changes_nothing(tmp_path: Path) -> None:
    outbox = Outbox(Spool(tmp_path / "s", 10**6), memory=10)
    outbox.put(["a", "b"])
    outbox.spill()
    outbox.close()

    outbox.settle(2)

    again = Outbox(Spool(tmp_path / "s", 10**6), memory=10)
    assert deliver(again) == ["a", "b"]
    again.close()


def test_after_the_close_nothing_is_handed_out_a_second_time(tmp_path: Path) -> None:
    on_disk = Outbox(Spool(tmp_path / "s", 10**6), memory=10)
    on_disk.put(["a", "b"])
    on_disk.spill()
    in_memory = Outbox(None, memory=10)
    in_memory.put(["a", "b"])

    for outbox in (on_disk, in_memory):
        outbox.close()
        assert outbox.peek(2) == []


ACTION = st.tuples(st.just("put"), st.integers(0, 12)) | st.tuples(
    st.sampled_from(["deliver", "spill", "spill in flight"]), st.integers(1, 6)
)


@given(st.lists(ACTION, max_size=40))
def test_whatever_happens_the_order_is_kept(actions: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outbox = Outbox(Spool(Path(folder) / "s", 10**6), memory=7)
        put, found = 0, []
        for action, number in actions:
            if action == "put":
                outbox.put([str(put + index) for index in range(number)])
                put += number
            elif action == "spill":
                outbox.spill()
            else:
                batch = outbox.peek(number)
                if action == "spill in flight":
                    outbox.spill()
                found += batch
                outbox.settle(len(batch))
        found += deliver(outbox)
        outbox.close()
    assert found == [str(number) for number in range(put)]
