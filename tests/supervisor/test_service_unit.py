"""The systemd unit: what stands in it, and what systemd says of it."""

import re
import shutil
import subprocess
from argparse import Namespace
from pathlib import Path

import pytest

import yaml
from supervisor.service_unit import Service, unit, unit_name
from supervisor.subcommands import install_service
from tests.e2e.harness import sandbox

ROOT = Path(__file__).parents[2]


def service(**changes: object) -> Service:
    plain = Service(
        project="prod",
        program=["/bin/true"],
        files=["/etc/prod.yaml", "/etc/my symbols 100%.yaml"],
        folder="/tmp",
        stop_seconds=27.0,
        user="nobody",
        environment_file="",
        writable=["/var/lib"],
    )
    return plain._replace(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("user", ["root", ""])
def test_systemd_finds_nothing_wrong(tmp_path: Path, user: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing: apt install systemd")
    path = tmp_path / unit_name("prod")
    path.write_text(unit(service(user=user)))

    done = subprocess.run(
        ["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_commands_are_quoted_as_systemd_reads_them() -> None:
    text = unit(service())

    assert 'start /etc/prod.yaml --add "/etc/my symbols 100%%.yaml"' in text
    assert "ExecStop=-/bin/true stop --project prod --timeout 27s" in text


def test_unit_stops_longer_than_the_run_and_never_gives_up() -> None:
    text = unit(service())

    assert "TimeoutStopSec=57" in text
    assert "StartLimitIntervalSec=0" in text
    assert "RestartPreventExitStatus=2" in text
    for line in ("Type=notify", "WatchdogSec=10", "KillMode=mixed", "Restart=on-failure"):
        assert line in text


def test_user_s_unit_asks_for_no_rights() -> None:
    text = unit(service(user=""))

    assert "User=" not in text
    assert "XDG_" not in text
    assert "WantedBy=default.target" in text


def install(path: Path, **changes: object) -> int:
    plain = {"config": str(path), "add": [], "user": True, "print": False, "run_as": ""}
    return install_service.run(Namespace(**{**plain, "env_file": "", "writable": [], **changes}))


def test_user_s_unit_is_written_where_systemd_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(sandbox("box")))

    assert install(config) == 0

    written = tmp_path / "systemd/user/tickvisor-box.service"
    assert f"start {config}" in written.read_text()
    assert "systemctl --user enable --now tickvisor-box.service" in capsys.readouterr().out


def test_printed_unit_writes_nothing_and_names_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HOOK", raising=False)
    config = tmp_path / "config.yaml"
    hooks = [{"webhook": "http://127.0.0.1/${HOOK}"}]
    config.write_text(yaml.safe_dump(sandbox("box", on_event=hooks)))

    assert install(config, user=False, print=True, run_as="trader") == 0

    printed = capsys.readouterr()
    assert "User=trader" in printed.out
    assert "HOOK must be set" in printed.err
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


def test_folders_that_a_configuration_writes_are_writable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        yaml.safe_dump(
            sandbox("box", factory="LocalFactory", sqlite={"path": f"{tmp_path}/db/x.db"})
        )
    )

    install(config, user=False, print=True)

    assert f"ReadWritePaths=-{tmp_path}/db\n" in capsys.readouterr().out


def test_image_copies_what_is_there_and_has_a_health_check() -> None:
    text = (ROOT / "Dockerfile").read_text()
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
        for name in line.split()
    ]

    assert len(copied) > 8
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert 'CMD ["supervisor", "status", "--json"]' in text
    assert 'ENTRYPOINT ["supervisor", "start"]' in text
