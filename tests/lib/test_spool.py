"""The queue on disk: order, bounds, restarts, torn and damaged files, full disks."""

import resource
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lib import spool as module
from lib.spool import Spool
from lib.spool_folder import adopt, open_spool

ROOMY = 10**9
TEXTS = [f"record {number}\nwith ü" for number in range(100)]


def drain(spool: Spool, step: int = 7) -> list[str]:
    found: list[str] = []
    while texts := spool.peek(step):
        found += texts
        spool.remove(len(texts))
    return found


def test_texts_come_back_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", ROOMY)
    assert spool.append(TEXTS[:50]) == 50
    assert spool.append(TEXTS[50:]) == 50

    assert drain(spool) == TEXTS
    assert (spool.count, spool.bytes) == (0, 0)
    spool.close()


def test_nothing_is_made_before_the_first_text(tmp_path: Path) -> None:
    Spool(tmp_path / "s", ROOMY).close()

    assert not (tmp_path / "s").exists()


def test_a_restart_continues_where_the_former_life_stopped(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", ROOMY)
    spool.append(TEXTS)
    spool.remove(37)
    spool.close()

    again = Spool(tmp_path / "s", ROOMY)

    assert again.count == 63
    assert drain(again) == TEXTS[37:]
    again.close()


def test_what_was_put_before_comes_first(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", ROOMY)
    spool.append(TEXTS[10:])
    spool.remove(5)

    spool.prepend(TEXTS[:10])

    assert drain(spool) == TEXTS[:10] + TEXTS[15:]
    spool.close()


def test_the_bound_holds(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", 1_000)

    fitted = spool.append(TEXTS)

    assert 0 < fitted < 100
    assert spool.bytes <= 1_000
    assert spool.append(["one more that is as long as the others"]) == 0
    assert drain(spool) == TEXTS[:fitted]
    assert spool.append(TEXTS[:3]) == 3
    spool.close()


def test_delivered_segments_leave_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEGMENT_BYTES", 200)
    spool = Spool(tmp_path / "s", ROOMY)
    for text in TEXTS:
        spool.append([text])
    before = len(list((tmp_path / "s").glob("*.segment")))

    spool.remove(90)

    after = len(list((tmp_path / "s").glob("*.segment")))
    assert before > 10
    assert after <= 2
    assert drain(spool) == TEXTS[90:]
    spool.close()


def test_a_torn_end_costs_only_the_torn_text(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", ROOMY)
    spool.append(TEXTS[:3])
    spool.close()
    (segment,) = (tmp_path / "s").glob("*.segment")
    whole = segment.read_bytes()
    ends = [0]
    for text in TEXTS[:3]:
        ends.append(ends[-1] + 8 + len(text.encode()))

    for length in range(len(whole)):
        segment.write_bytes(whole[:length])
        again = Spool(tmp_path / "s", ROOMY)
        kept = sum(end <= length for end in ends[1:])
        assert again.peek(10) == TEXTS[:kept]
        again.append(["new"])
        assert again.peek(10) == [*TEXTS[:kept], "new"]
        again.close()
        for path in (tmp_path / "s").iterdir():
            path.unlink()


def test_a_damaged_text_costs_only_itself(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", ROOMY)
    spool.append(TEXTS[:5])
    spool.close()
    (segment,) = (tmp_path / "s").glob("*.segment")
    data = bytearray(segment.read_bytes())
    data[2 * (8 + len(TEXTS[0].encode())) + 12] ^= 0xFF
    segment.write_bytes(data)

    again = Spool(tmp_path / "s", ROOMY)

    assert again.damaged == 1
    assert drain(again, 2) == [*TEXTS[:2], *TEXTS[3:5]]
    again.close()


def test_a_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", ROOMY)
    spool.append(TEXTS[:10])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (spool.bytes + 50, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            spool.append(TEXTS[10:])
        with pytest.raises(OSError, match="too large"):
            spool.prepend(TEXTS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert spool.append(["after"]) == 1
    assert drain(spool) == [*TEXTS[:10], "after"]
    spool.close()


def test_two_processes_of_one_name_have_spools_of_their_own(tmp_path: Path) -> None:
    first = open_spool(tmp_path, "influx", "bot:BTCUSDT", ROOMY)
    assert first is not None
    first.append(["first"])

    second = open_spool(tmp_path, "influx", "bot:BTCUSDT", ROOMY)

    assert second is not None
    second.append(["second"])
    assert drain(first) == ["first"]
    assert drain(second) == ["second"]
    first.close()
    second.close()


def test_what_a_lost_process_left_is_adopted(tmp_path: Path) -> None:
    gone = open_spool(tmp_path, "influx", "old bot", ROOMY)
    alive = open_spool(tmp_path, "influx", "other bot", ROOMY)
    mine = open_spool(tmp_path, "influx", "my bot", ROOMY)
    assert gone is not None
    assert alive is not None
    assert mine is not None
    gone.append(TEXTS)
    gone.close()
    alive.append(["not yours"])

    assert adopt(mine) == 100

    assert drain(mine) == TEXTS
    assert not gone.folder.exists()
    assert alive.peek(5) == ["not yours"]
    mine.close()
    alive.close()


def test_a_killed_process_loses_nothing_that_was_appended(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from lib.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]), 10**9)\n"
        "for number in range(500): spool.append([str(number)])\n"
        "spool.remove(123)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path / "s")], check=False)
    assert run.returncode == -9

    spool = Spool(tmp_path / "s", ROOMY)

    assert drain(spool) == [str(number) for number in range(123, 500)]
    spool.close()


class SpoolMachine(RuleBasedStateMachine):
    """Any sequence of calls and restarts behaves as a plain deque does."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="tv-spool-"))
        self.spool = Spool(self.folder / "s", ROOMY)
        self.model: deque[str] = deque()
        self.former = module.SEGMENT_BYTES
        module.SEGMENT_BYTES = 60

    @rule(texts=st.lists(st.text(max_size=20), max_size=5))
    def append(self, texts: list[str]) -> None:
        assert self.spool.append(texts) == len(texts)
        self.model.extend(texts)

    @rule(texts=st.lists(st.text(max_size=20), max_size=5))
    def prepend(self, texts: list[str]) -> None:
        self.spool.prepend(texts)
        self.model.extendleft(reversed(texts))

    @precondition(lambda self: self.model)
    @rule(share=st.floats(0, 1))
    def remove(self, share: float) -> None:
        count = round(share * len(self.model))
        self.spool.remove(count)
        for _ in range(count):
            self.model.popleft()

    @rule()
    def restart(self) -> None:
        self.spool.close()
        self.spool = Spool(self.folder / "s", ROOMY)

    @invariant()
    def it_holds_what_the_model_holds(self) -> None:
        assert self.spool.peek(10_000) == list(self.model)
        assert self.spool.peek(2) == list(self.model)[:2]
        assert self.spool.count == len(self.model)
        on_disk = sum(path.stat().st_size for path in self.folder.glob("s/*.segment"))
        assert self.spool.bytes == on_disk

    def teardown(self) -> None:
        module.SEGMENT_BYTES = self.former
        self.spool.close()
        shutil.rmtree(self.folder)


TestSpoolMachine = SpoolMachine.TestCase
# Each example writes files: more of them is the disk's time, not more cases.
TestSpoolMachine.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
