"""Classes by file, and by name and parent."""

from pathlib import Path

import pytest

from lib.errors import ConfigError
from lib.loading import class_by_file, class_by_name
from lib.state import AbstractState, MemoryState
from lib.vault import AbstractVault, EnvVault

OWN = """
from lib.vault import AbstractVault
class Helper: pass
class OwnVault(AbstractVault):
    def Get(self, name): return name
"""


def test_a_class_is_found_in_a_file_by_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN)

    found = class_by_file(path, AbstractVault)

    assert found.__name__ == "OwnVault"
    assert class_by_name(f"{path}:OwnVault", AbstractVault) is found


def test_a_file_without_such_a_class_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text("class Helper: pass")

    with pytest.raises(ConfigError, match="AbstractVault"):
        class_by_file(path, AbstractVault)


def test_a_class_is_found_by_name_below_its_parent() -> None:
    assert class_by_name("MemoryState", AbstractState) is MemoryState
    assert class_by_name("lib.vault.env_vault:EnvVault", AbstractVault) is EnvVault


def test_a_class_made_while_running_does_not_hide_the_one_of_its_module() -> None:
    made = type("MemoryState", (MemoryState,), {})

    assert class_by_name("MemoryState", AbstractState) is MemoryState is not made


def test_an_unknown_name_is_refused_naming_the_known() -> None:
    with pytest.raises(ConfigError, match=r"no class of name 'NoState'.*MemoryState"):
        class_by_name("NoState", AbstractState)
