"""README.md and the pages for users say what is true."""

import ast
import re
from pathlib import Path

import pytest

import yaml
from bot.abstract_bot import AbstractBot
from lib.registry import find
from supervisor.cli import build_parser, main
from supervisor.config.spec import load_spec

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs/operations.md").read_text("utf-8")
WRITING = (ROOT / "docs/writing-a-bot.md").read_text("utf-8")
PAGES = ("README.md", "CONTRIBUTING.md", *(f"docs/{name}.md" for name in ("index", "operations")))
PAGES = (*PAGES, "docs/writing-a-bot.md")


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def commands(text: str) -> list[list[str]]:
    """Return the words of every `supervisor` command of a page, comments left out."""
    lines = "".join(blocks(text, "sh")).splitlines()
    return [line.partition("#")[0].split() for line in lines if line.startswith("supervisor ")]


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= 180


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text("utf-8"))

    missing = [
        target
        for target in targets
        if not target.startswith("http") and not (path.parent / target).exists()
    ]
    assert missing == []


def test_index_lists_every_page() -> None:
    index = (ROOT / "docs/index.md").read_text("utf-8")

    missing = [
        path.name
        for path in (ROOT / "docs").glob("*.md")
        if path.name != "index.md" and f"({path.name})" not in index
    ]
    assert missing == []


@pytest.mark.parametrize("page", [README, WRITING], ids=["README", "writing-a-bot"])
def test_every_command_is_one_that_there_is(page: str) -> None:
    found = commands(page)

    assert len(found) >= 3
    for words in found:
        build_parser().parse_args(words[1:])


def test_scripts_of_the_readme_exist() -> None:
    for line in "".join(blocks(README, "sh")).splitlines():
        if line.startswith("scripts/"):
            assert all((ROOT / word).exists() for word in line.partition("#")[0].split())


def test_bot_of_the_readme_has_about_twenty_lines() -> None:
    [text] = blocks(README, "python")

    assert len([line for line in text.splitlines() if line.strip()]) <= 22


def test_bot_of_the_readme_passes_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my").mkdir()
    (tmp_path / "my/nibbler.py").write_text(blocks(README, "python")[0])
    (tmp_path / "my/nibbler.yaml").write_text(blocks(README, "yaml")[0])
    monkeypatch.chdir(tmp_path)

    assert main(["check", "my/nibbler.yaml"]) == 0

    assert "bot:nibbler:BTCUSDT" in capsys.readouterr().out
    [bot] = load_spec(["my/nibbler.yaml"], {}).bots
    assert bot.settings_for("BTCUSDT") == {"qty": "0.002"}
    assert find("bot", bot.target, AbstractBot).__name__ == "Nibbler"


def test_smallest_bot_of_the_cookbook_is_a_bot(tmp_path: Path) -> None:
    (tmp_path / "watcher.py").write_text(blocks(WRITING, "python")[0])

    found = find("bot", str(tmp_path / "watcher.py"), AbstractBot)

    assert not found.__abstractmethods__


def test_cookbook_has_every_handler_with_its_signature() -> None:
    tree = ast.parse((ROOT / "bot/abstract_bot.py").read_text("utf-8"))
    handlers = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and re.match(r"on[A-Z]|Clean", node.name)
    ]

    assert len(handlers) == 9
    for handler in handlers:
        arguments = ", ".join(argument.arg for argument in handler.args.args[1:])
        assert f"`{handler.name}({arguments})`" in WRITING


def supervisor_events() -> set[str]:
    """Return the events that the supervisor writes: `Note("…")` and `history.add(x, "…")`."""
    events = set()
    for path in (ROOT / "supervisor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            is_note = isinstance(node.func, ast.Name) and node.func.id == "Note"
            name = ast.unparse(node.func)
            position = 0 if is_note else 1 if name.endswith("history.add") else None
            if position is not None and isinstance(node.args[position], ast.Constant):
                events.add(str(node.args[position].value))  # type: ignore[attr-defined]
    return events


def test_every_event_of_the_supervisor_s_log_is_explained() -> None:
    events = supervisor_events()

    assert len(events) > 15
    assert sorted(event for event in events if f"`{event}`" not in OPERATIONS) == []


def test_explained_lines_are_those_that_workers_write() -> None:
    table = OPERATIONS.partition("## The workers' logs")[2].partition("## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = [text for row in rows for text in re.findall(r"`([^`]+)`", row)]
    source = "".join(
        path.read_text("utf-8")
        for folder in ("lib", "workers")
        for path in ROOT.rglob(f"{folder}/**/*.py")
        if ".venv" not in path.parts
    )

    assert len(named) > 15
    assert [text for text in named if f'"{text}' not in source] == []


def test_exit_codes_are_those_of_the_command() -> None:
    for code, words in ((3, "nothing is running"), (4, "some worker is not ready")):
        assert re.search(rf"^\| {code} \| .*{words}", OPERATIONS, re.MULTILINE)


def test_ready_made_configurations_are_named() -> None:
    [row] = [line for line in README.splitlines() if line.startswith("| ready-made")]
    named = re.findall(r"`(\w+)`", row)

    assert {"sandbox", "paper", "testnet", "prod"} <= set(named)
    for name in named:
        assert yaml.safe_load((ROOT / f"yaml/{name}.yaml").read_text("utf-8"))["project"]
