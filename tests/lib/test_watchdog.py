"""Handlers run once, in reverse order, however a process ends."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from lib.watchdog import Watchdog

HEAD = """
import os, signal, sys, threading
from lib.watchdog import Watchdog
def say(text): os.write(1, f"{text}\\n".encode())  # a signal may come while sys.stdout is flushed
watchdog = Watchdog(seconds=0.3)
watchdog.addHandler(lambda: say("first"))
watchdog.addHandler(lambda: say("second"))
"""


def run(code: str, number: int = 0) -> tuple[int, list[str], str]:
    """Run a script, signal it when it says `ready`; return exit code, output lines, stderr."""
    process = subprocess.Popen(
        [sys.executable, "-c", HEAD + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    lines = []
    with process.stdout, process.stderr:
        for line in process.stdout:
            lines.append(line.strip())
            if line == "ready\n" and number:
                process.send_signal(number)
        errors = process.stderr.read()
    return process.wait(20), lines, errors


def test_handlers_run_in_reverse_order_at_a_normal_exit() -> None:
    assert run("say('end')")[:2] == (0, ["end", "second", "first"])


@pytest.mark.parametrize(
    ("code", "status"), [("1 / 0", 1), ("sys.exit(7)", 7), ("raise SystemExit('no')", 1)]
)
def test_handlers_run_at_an_error(code: str, status: int) -> None:
    assert run(code)[:2] == (status, ["second", "first"])


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, -signal.SIGINT)],
)
def test_handlers_run_once_at_a_signal(number: int, status: int) -> None:
    code = """
try:
    say("ready"); threading.Event().wait()
finally:
    say("finally")
"""
    found = run(code, number)

    assert found[:2] == (status, ["ready", "second", "first", "finally"])


def test_a_failing_handler_does_not_stop_the_others() -> None:
    code = "watchdog.addHandler(lambda: 1 / 0); watchdog.addHandler(lambda: sys.exit(3))"

    status, lines, errors = run(code)

    assert (status, lines) == (0, ["second", "first"])
    assert "ZeroDivisionError" in errors


def test_a_slow_handler_is_cut_off() -> None:
    code = """
def stubborn():
    while True:
        try: threading.Event().wait()
        except Exception: pass
watchdog.addHandler(stubborn)
"""
    status, lines, errors = run(code)

    assert (status, lines) == (0, ["second", "first"])
    assert "cut off after 0.3 s" in errors


def test_a_second_signal_does_not_cut_the_cleanup_short() -> None:
    code = """
def slow():
    os.kill(os.getpid(), signal.SIGTERM); os.kill(os.getpid(), signal.SIGINT); say("slow")
watchdog.addHandler(slow)
say("ready"); threading.Event().wait()
"""
    assert run(code, signal.SIGTERM)[:2] == (143, ["ready", "slow", "second", "first"])


def test_an_ignored_hangup_stays_ignored() -> None:
    code = """
watchdog.close()
signal.signal(signal.SIGHUP, signal.SIG_IGN)
watchdog = Watchdog(); watchdog.addHandler(lambda: say("cleaned"))
os.kill(os.getpid(), signal.SIGHUP)
say("alive")
"""
    assert run(code)[:2] == (0, ["alive", "cleaned"])


def test_a_forked_child_does_not_run_its_parent_s_handlers() -> None:
    code = """
pid = os.fork()
if pid == 0:
    sys.exit(5)
say(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
"""
    assert run(code)[:2] == (0, ["5", "second", "first"])


def test_a_former_signal_handler_is_called_afterwards() -> None:
    code = """
watchdog.close()
called = threading.Event()
signal.signal(signal.SIGTERM, lambda number, frame: (say("former"), called.set()))
watchdog = Watchdog(); watchdog.addHandler(lambda: say("cleaned"))
say("ready"); called.wait()
"""
    assert run(code, signal.SIGTERM)[:2] == (0, ["ready", "cleaned", "former"])


def test_a_runtime_runs_hosted_handlers_itself() -> None:
    code = """
watchdog.close()
before = signal.getsignal(signal.SIGTERM)
Watchdog.host()
one = Watchdog(); one.addHandler(lambda: say("one"))
two = Watchdog(); two.addHandler(lambda: say("two"))
assert signal.getsignal(signal.SIGTERM) is before
Watchdog.run_hosted(); Watchdog.run_hosted()
say("left by _exit")
os._exit(0)
"""
    assert run(code)[:2] == (0, ["two", "one", "left by _exit"])


def test_a_watchdog_that_is_closed_runs_nothing() -> None:
    before = signal.getsignal(signal.SIGTERM)
    watchdog = Watchdog()
    watchdog.addHandler(lambda: pytest.fail("must not run"))

    watchdog.close()
    watchdog.run()

    assert signal.getsignal(signal.SIGTERM) is before


def test_an_alarm_of_somebody_else_is_given_back() -> None:
    former = signal.getsignal(signal.SIGALRM)
    watchdog = Watchdog()
    ran = []
    watchdog.addHandler(lambda: ran.append(os.getpid()))

    watchdog.run()
    watchdog.run()

    assert ran == [os.getpid()]
    assert signal.getsignal(signal.SIGALRM) is former
    watchdog.close()


def test_handlers_are_bounded_in_another_thread_too(caplog: pytest.LogCaptureFixture) -> None:
    watchdog = Watchdog(seconds=0.05)
    ran = []
    watchdog.addHandler(lambda: ran.append(1))
    watchdog.addHandler(threading.Event().wait)
    watchdog.addHandler(lambda: ran.append(1 // 0))

    thread = threading.Thread(target=watchdog.run)
    thread.start()
    thread.join(10)

    assert ran == [1]
    assert "cut off" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    watchdog.close()
