"""What is packaged, what it needs, and how scripts/start and scripts/test get it installed."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("supervisor", "workers", "lib", "bot", "benchmarks")
TOOLS = (
    "bash",
    "basename",
    "cat",
    "chmod",
    "cp",
    "dirname",
    "flock",
    "mkdir",
    "sha256sum",
    "uname",
)

# Plays Python: makes a `.venv` whose Python is itself, and notes what pip is asked for.
STUB = """#!/bin/bash
case "$1 $2" in
"-m venv") mkdir -p "$4/bin"; cp "$0" "$4/bin/python" ;;
"-m pip")
    echo "$@" >>"{log}"
    venv=$(dirname "$0")
    printf '#!/bin/bash\\necho "supervisor $@"\\n' >"$venv/supervisor"
    chmod +x "$venv/supervisor"
    ;;
"-m compileall") ;;
*) exec "{python}" "$@" ;;
esac
"""


@pytest.fixture(scope="module")
def metadata() -> dict[str, Any]:
    """Arguments of `setup()`."""
    caught: dict[str, Any] = {}
    source = (ROOT / "setup.py").read_text(encoding="utf-8")
    fake = SimpleNamespace(setup=caught.update, find_packages=lambda include: include)
    before = sys.modules.get("setuptools")
    sys.modules["setuptools"] = fake  # type: ignore[assignment]
    try:
        exec(compile(source, ROOT / "setup.py", "exec"), {"__file__": str(ROOT / "setup.py")})  # noqa: S102
    finally:
        del sys.modules["setuptools"]
        if before is not None:
            sys.modules["setuptools"] = before
    return caught


def test_every_package_is_packaged(metadata: dict[str, Any]) -> None:
    assert metadata["packages"] == [f"{name}*" for name in PACKAGES]
    for name in PACKAGES:
        for folder in {path.parent for path in (ROOT / name).rglob("*.py")}:
            assert (folder / "__init__.py").exists(), folder


def test_the_command_is_there(metadata: dict[str, Any]) -> None:
    (command,) = metadata["entry_points"]["console_scripts"]

    assert command == "supervisor = supervisor.__main__:main"


def test_packaged_data_exists(metadata: dict[str, Any]) -> None:
    for package, patterns in metadata["package_data"].items():
        for pattern in patterns:
            assert list((ROOT / package.replace(".", "/")).glob(pattern)), f"{package}/{pattern}"


def third_party_imports() -> Iterator[tuple[Path, str]]:
    own = {*PACKAGES, "tests"}
    for folder in PACKAGES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
                for name in {name.partition(".")[0] for name in names}:
                    if name not in own and name not in sys.stdlib_module_names:
                        yield path.relative_to(ROOT), name


def normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def test_every_imported_library_is_required_by_name(metadata: dict[str, Any]) -> None:
    wanted = [*metadata["install_requires"]]
    for extra in ("timescale", "vault", "keyring", "benchmarks"):
        wanted += metadata["extras_require"][extra]
    required = {normal(text.partition(">")[0].partition("[")[0]) for text in wanted}
    distributions = packages_distributions()

    missing = {
        f"{path}: {name}"
        for path, name in third_party_imports()
        # What runs in an environment of its own, which `benchmarks backtest --install` makes.
        if path.parent != Path("benchmarks/backtest_peers")
        and not {normal(found) for found in distributions.get(name, [name])} & required
    }

    assert sorted(missing) == []


def test_every_requirement_has_bounds(metadata: dict[str, Any]) -> None:
    requirements = [*metadata["install_requires"], *metadata["extras_require"]["dev"]]
    for extra in ("servers", "benchmarks"):
        requirements += metadata["extras_require"][extra]

    assert [text for text in requirements if ">=" not in text or ",<" not in text] == []


@pytest.mark.parametrize("name", ["scripts/start", "scripts/test", ".ci/run"])
def test_scripts_are_executable_bash(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / name], check=True)


class Clone:
    """Copy of what the scripts need, in a folder with a space, and a PATH of chosen tools.

    Args:
        folder: Where to make it.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a clone"
        self.tools = folder / "bin"
        self.pip_log = folder / "pip.log"
        self.tools.mkdir()
        for name in TOOLS:
            (self.tools / name).symlink_to(shutil.which(name) or name)
        shutil.copytree(ROOT / "scripts", self.root / "scripts")
        (self.root / "yaml").mkdir()
        (self.root / "yaml" / "sandbox.yaml").touch()
        for name in ("setup.py", "pyproject.toml"):
            shutil.copy(ROOT / name, self.root)

    def tool(self, name: str, script: str) -> None:
        """Put a script of ours on the PATH."""
        (self.tools / name).unlink(missing_ok=True)
        (self.tools / name).write_text(script)
        (self.tools / name).chmod(0o755)

    def python(self, name: str = "python3") -> None:
        """Put a Python on the PATH."""
        self.tool(name, STUB.format(log=self.pip_log, python=sys.executable))

    def start(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run scripts/start from another folder."""
        return subprocess.run(
            ["/usr/bin/env", "-i", f"PATH={self.tools}", self.root / "scripts/start", *arguments],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )

    def installations(self) -> int:
        """Return how often pip was called."""
        return len(self.pip_log.read_text().splitlines()) if self.pip_log.exists() else 0


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def refused(result: "subprocess.CompletedProcess[str]") -> str:
    """Return the one line with which a script refused."""
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    return line


def test_without_python_one_line_says_which_is_needed(clone: Clone) -> None:
    assert refused(clone.start()) == (
        "scripts/start: Tickvisor needs Python 3.11 or newer with its venv module; found none"
    )


def test_an_old_python_is_named(clone: Clone) -> None:
    clone.tool("python3", '#!/bin/bash\ncase "$2" in *print*) echo 3.9 ;; *) exit 1 ;; esac\n')

    assert "found 3.9 (" in refused(clone.start())


def test_a_python_without_venv_names_the_package(clone: Clone) -> None:
    script = '#!/bin/bash\ncase "$2" in *print*) echo 3.12 ;; *ensurepip*) exit 1 ;; esac\n'
    clone.tool("python3.12", script)

    assert refused(clone.start()).endswith("apt install python3-venv (or python3.12-venv)")


@pytest.mark.parametrize(
    ("system", "release", "line"),
    [
        ("Darwin", "23.1.0", "runs on Linux (5.4 or newer); this is Darwin"),
        ("Linux", "4.19.0-27-amd64", "needs Linux 5.4 or newer; this is 4.19.0-27-amd64"),
        ("Linux", "5.3-rc1", "needs Linux 5.4 or newer; this is 5.3-rc1"),
    ],
)
def test_another_system_is_refused(clone: Clone, system: str, release: str, line: str) -> None:
    clone.python()
    clone.tool(
        "uname", f'#!/bin/bash\ncase "$1" in -r) echo {release} ;; *) echo {system} ;; esac\n'
    )

    assert refused(clone.start()).endswith(line)
    assert clone.installations() == 0


def test_the_first_call_installs_and_the_second_does_not(clone: Clone) -> None:
    clone.python()

    first, second = clone.start("x.yaml", "--for", "1m"), clone.start("x.yaml")

    assert (first.returncode, first.stdout) == (0, "supervisor start x.yaml --for 1m\n")
    assert (second.stdout, second.stderr) == ("supervisor start x.yaml\n", "")
    assert clone.installations() == 1


def test_our_own_configurations_are_found_from_any_folder(clone: Clone) -> None:
    clone.python()
    sandbox = f"supervisor start {clone.root}/yaml/sandbox.yaml\n"

    assert clone.start().stdout == sandbox
    assert clone.start("yaml/sandbox.yaml").stdout == sandbox


@pytest.mark.parametrize("name", ["setup.py", "pyproject.toml"])
def test_a_changed_requirement_installs_again(clone: Clone, name: str) -> None:
    clone.python()
    clone.start()

    with (clone.root / name).open("a") as file:
        file.write("# changed\n")

    assert clone.start().returncode == 0
    assert clone.installations() == 2


def test_a_failed_installation_is_not_taken_for_done(clone: Clone) -> None:
    clone.python()
    clone.start()
    python = clone.root / ".venv" / "bin" / "python"
    python.write_text(python.read_text().replace('"-m pip")', '"-m pip") exit 1 ;;\n"-m old")'))
    (clone.root / "setup.py").write_text("# changed\n")

    result = clone.start()

    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("scripts/start: the installation failed")
    assert clone.start().returncode == 1


def test_a_moved_clone_installs_again(clone: Clone) -> None:
    clone.python()
    clone.start()

    clone.root = clone.root.rename(clone.root.with_name("moved here"))

    assert clone.start().stdout == f"supervisor start {clone.root}/yaml/sandbox.yaml\n"
    assert clone.installations() == 2


def test_what_the_tests_need_includes_what_a_run_needs(clone: Clone) -> None:
    clone.python()
    clone.start()
    stamps = clone.root / ".venv"
    script = 'source "$1/scripts/lib.sh"; fingerprint dev | sha256sum > "$1/.venv/.installed-dev"'
    subprocess.run(["bash", "-c", script, clone.root / "scripts/test", clone.root], check=True)
    (stamps / ".installed-run").unlink()

    assert clone.start().stderr == ""
    assert clone.installations() == 1


def test_the_extras_of_the_servers_include_all_others(clone: Clone) -> None:
    clone.python()
    clone.start()
    script = 'source "$1/scripts/lib.sh"; ensure_venv servers; ensure_venv dev'
    environment = ["/usr/bin/env", "-i", f"PATH={clone.tools}"]
    command = [*environment, "/bin/bash", "-c", script, clone.root / "scripts/test", clone.root]

    subprocess.run(command, check=True, capture_output=True)
    (clone.root / ".venv" / ".installed-run").unlink()

    assert clone.start().stderr == ""
    assert clone.installations() == 2
    assert "[dev,servers]" in clone.pip_log.read_text()
