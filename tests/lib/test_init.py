"""Files in, one dictionary out."""

from pathlib import Path

import pytest

from lib.errors import ConfigError
from lib.init import (
    exchanges_of,
    find_files,
    find_path,
    init_service,
    is_secret,
    load_config,
    needed,
    secret_variables,
)

EXCHANGE = "BINANCE.FUTURES"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.yaml"
    path.write_text(
        "project: one\nurl: ${URL:-http://here}\nlist: [1, 2]\n"
        f"{EXCHANGE}:\n  rest_url: ${{REST:-https://x}}\n  key: ${{MY_KEY}}\n"
        "vault: {token: '${MY_TOKEN}'}\n"
    )
    return path


def test_files_merge_left_to_right(base: Path, tmp_path: Path) -> None:
    added = tmp_path / "added.yaml"
    added.write_text(f"project: two\nlist: [3]\n{EXCHANGE}: {{paper: true}}\nurl: null\n")

    config = init_service([base, added], {})

    assert config["project"] == "two"
    assert config["list"] == [3]
    assert config[EXCHANGE]["paper"] is True
    assert config[EXCHANGE]["rest_url"] == "https://x"
    assert "url" not in config


def test_secrets_stay_as_they_are_written(base: Path) -> None:
    config = init_service([base], {"MY_KEY": "leak", "MY_TOKEN": "leak", "REST": "https://y"})

    assert config[EXCHANGE] == {"rest_url": "https://y", "key": "${MY_KEY}"}
    assert config["vault"] == {"token": "${MY_TOKEN}"}


def test_missing_variable_outside_the_secrets_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("\na: ${NOPE}\n")

    with pytest.raises(ConfigError, match=rf"{path}:2: environment variable NOPE is not set"):
        init_service([path], {})


def test_no_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="no configuration file"):
        load_config([])


def test_needed_variables_are_told_apart(base: Path) -> None:
    public, secret = needed(load_config([base]))

    assert [variable.name for variable in public] == ["URL", "REST"]
    assert [variable.name for variable in secret] == ["MY_KEY", "MY_TOKEN"]


def test_secret_variables_hold_what_an_env_vault_looks_for(base: Path) -> None:
    names = secret_variables(load_config([base]))

    assert {"MY_KEY", "MY_TOKEN", "KEY", "SECRET", "BINANCE_FUTURES_KEY"} <= names
    assert not {"URL", "REST"} & names


def test_unknown_key_of_an_exchange_counts_as_secret(base: Path) -> None:
    exchanges = exchanges_of(load_config([base]))

    assert is_secret((EXCHANGE, "passphrase"), exchanges)
    assert not is_secret((EXCHANGE, "rest_url"), exchanges)
    assert not is_secret(("influx", "token"), exchanges)
    assert not is_secret((), exchanges)


def test_paths_are_looked_for_here_then_beside_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "bot.py").touch()
    monkeypatch.chdir(tmp_path / "here")
    config_file = str(tmp_path / "conf" / "c.yaml")

    assert find_path("bot.py", config_file) == tmp_path / "conf" / "bot.py"
    (tmp_path / "here" / "bot.py").touch()
    assert find_path("bot.py", config_file) == tmp_path / "here" / "bot.py"
    assert find_path("nope.py", config_file) is None


def test_a_pattern_names_the_files_of_one_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_file = str(tmp_path / "conf" / "c.yaml")
    for name in ("here/other.tvr", "conf/b.tvr", "conf/a.tvr", "conf/c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path / "here")

    own = [tmp_path / "conf" / name for name in ("a.tvr", "b.tvr")]
    assert find_files("[ab].tvr", config_file) == own
    assert find_files(str(tmp_path / "conf" / "*.tvr"), config_file) == own
    assert find_files("*.tvr", config_file) == [tmp_path / "here" / "other.tvr"]
    assert find_files("c.txt", config_file) == [tmp_path / "conf" / "c.txt"]
    assert find_files("*.zip", config_file) == find_files("nope", config_file) == []
