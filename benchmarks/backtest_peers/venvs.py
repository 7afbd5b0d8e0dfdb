"""Virtual environments for the other engines, outside of ours: they bring hundreds of MB."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Peer(NamedTuple):
    """Another engine: what pip calls it, and the module that runs the strategy under it."""

    package: str
    module: str


PEERS = (
    Peer("nautilus_trader==1.221.0", "benchmarks.backtest_peers.nautilus"),
    Peer("hftbacktest==2.4.4", "benchmarks.backtest_peers.hft"),
    Peer("backtesting==0.6.6", "benchmarks.backtest_peers.bars"),
)


def venvs_folder() -> Path:
    """Return where they are: in $XDG_CACHE_HOME, else ~/.cache."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "tickvisor" / "benchmarks"


def python_of(peer: Peer) -> Path:
    """Return a peer's Python; there is none before `install`."""
    return venvs_folder() / peer.package / "bin" / "python"


def install() -> None:
    """Make the environments that are not there yet.

    Raises:
        CalledProcessError: pip has failed; it has said why.
    """
    for peer in PEERS:
        python = python_of(peer)
        done = python.parent.parent / "installed"
        if done.exists():
            continue
        sys.stderr.write(f"installing {peer.package} into {python.parent.parent}\n")
        subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
        subprocess.run([*pip, peer.package], check=True)
        done.touch()


def installed() -> list[Peer]:
    """Return the peers whose environments are whole."""
    return [peer for peer in PEERS if (python_of(peer).parent.parent / "installed").exists()]
