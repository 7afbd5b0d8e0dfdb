"""Imports the workers' modules once, then forks a worker in milliseconds at each request.

Run as `python -m workers.forkserver FD [MODULE …]` by the supervisor, which sits at the other end
of the datagram socket FD and is the nearest subreaper: each worker is forked twice, so that it
becomes the supervisor's own child (exit status by waitid, signals by pidfd). The process stays
single-threaded, without a ZeroMQ context or an event loop, so that forking it is safe; it ends
when the supervisor's end of the socket closes.

A request is one JSON datagram `{"id": N}` with three descriptors (start record, lifeline, log); the
answer is `{"id": N, "pid": PID}` or `{"id": N, "error": TEXT}`. With `"spare": true` a worker is
forked ahead of its time (`workers.spare`), and the first descriptor is the socket on which it waits
for its start record. First of all the server says `{"ready": true, "missing": {module: error}}`.
Before that it names each further module that it imports (`{"importing": MODULE}`); one after whose
import it cannot be forked any more makes it end: `{"unfit": MODULE, "why": TEXT}`.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import setproctitle

MODULES = (
    "workers.main",
    "workers.venue",
    "workers.exchange",
    "workers.stream",
    "workers.bot",
    "workers.preflight",
    "workers.spare",
    "bot.sandbox_bot",
    "bot.quoter_bot",
    "lib.exchange.binance.gateway",
    "lib.factory.live_factory",
    "lib.factory.sandbox_factory",
    "lib.stream.binance.account_stream",
    "lib.stream.binance.market_stream",
    "lib.venue.server",
)
MAX_REQUEST = 4096
DESCRIPTORS = 3
TASKS = Path("/proc/self/task")
DESCRIPTORS_OPEN = Path("/proc/self/fd")
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")
"""Variables that OpenBLAS goes by, the first one first."""
PID = struct.Struct("=i")


def main() -> int:
    """Import, say so, serve until the supervisor is gone."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    setproctitle.setproctitle("tickvisor: fork server")
    fd, *more = sys.argv[1:]
    control = socket.socket(fileno=int(fd))
    control.set_inheritable(False)
    missing = preload(MODULES)
    with one_blas_thread():
        for name in more:
            control.send(json.dumps({"importing": name}).encode())
            open_before = count_descriptors()
            missing |= preload((name,))
            if why := _unfit(open_before):
                control.send(json.dumps({"unfit": name, "why": why}).encode())
                os._exit(0)  # no thread of that module may keep us
    warm_up()
    gc.collect()
    gc.freeze()  # keeps the children's collector off the shared pages
    control.send(json.dumps({"ready": True, "missing": missing}).encode())
    while True:
        request, fds, _, _ = socket.recv_fds(control, MAX_REQUEST, DESCRIPTORS)
        if not request:
            return 0
        control.send(json.dumps(answer(request, fds, control)).encode())


def preload(modules: tuple[str, ...]) -> dict[str, str]:
    """Import modules; return what failed, by name: the worker that needs it will say it loudly."""
    missing = {}
    for name in modules:
        try:
            importlib.import_module(name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it must not stop the others
            missing[name] = f"{type(error).__name__}: {error}"
    return missing


def count_threads() -> int:
    """Return how many threads this process has."""
    return len(list(TASKS.iterdir()))


def count_descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(list(DESCRIPTORS_OPEN.iterdir()))


def _unfit(open_before: int) -> str:
    # Threads do not survive a fork, and a worker closes all descriptors but its own.
    if count_threads() != 1:
        return "starts a thread"
    return "opens a file or a socket" if count_descriptors() > open_before else ""


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let numpy load its linear algebra without threads, unless the user has said how many."""
    is_ours = not any(name in os.environ for name in BLAS_THREADS)
    if is_ours:
        os.environ[BLAS_THREADS[0]] = "1"
    yield
    if is_ours:
        del os.environ[BLAS_THREADS[0]]


def warm_up() -> None:
    """Do what every worker would begin with, as far as it survives a fork."""
    with contextlib.suppress(ImportError):  # has been told as missing
        from lib.logger import console  # noqa: PLC0415 - a broken library must not stop the server

        console.install(console.FORMATS[0])


def answer(request: bytes, fds: list[int], control: socket.socket) -> dict[str, object]:
    """Fork one worker as a request asks; return the answer."""
    asked = json.loads(request)
    number = asked["id"]
    try:
        threads = count_threads()
        if threads != 1:
            return {"id": number, "error": f"{threads} threads: forking would not be safe"}
        return {"id": number, "pid": fork_worker(fds, spare=asked.get("spare", False))}
    except OSError as error:
        return {"id": number, "error": str(error)}
    finally:
        for fd in fds:
            os.close(fd)


def fork_worker(fds: list[int], *, spare: bool) -> int:
    """Fork twice; return the worker's pid once it is the supervisor's child.

    Args:
        fds: Start record (of a spare one: the socket that it comes by), lifeline, log.
        spare: Let it wait for its start record.

    Raises:
        OSError: The system refuses to fork.
    """
    read_end, write_end = os.pipe()
    try:
        middle = os.fork()
        if middle == 0:
            _middle(write_end, fds, spare=spare)
    except OSError:
        os.close(read_end)
        os.close(write_end)
        raise
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        packed = pipe.read(PID.size)
    os.waitpid(middle, 0)
    if len(packed) != PID.size:
        raise OSError("the second fork failed")
    pid: int = PID.unpack(packed)[0]
    return pid


def _middle(write_end: int, fds: list[int], *, spare: bool) -> None:
    code = 1
    try:
        worker = os.fork()
        if worker == 0:
            # a broken worker must not stop the server
            from workers.main import born  # noqa: PLC0415
            from workers.spare import born_ahead  # noqa: PLC0415

            code = born_ahead(*fds) if spare else born(*fds)
            sys.stdout.flush()
            sys.stderr.flush()
        else:
            os.write(write_end, PID.pack(worker))
            code = 0
    finally:
        os._exit(code)  # leaves the fork server's own cleanup to the fork server


if __name__ == "__main__":
    sys.exit(main())
