"""Keeps the tables of docs/wire.md current: `python scripts/wire_table.py [--check]`.

The tables are made from the source of `lib/bus/protocol/` and `lib/exchange/replies.py`: class
docstrings, fields, annotations and the string below a field.
"""

import ast
import sys
from pathlib import Path

from made_tables import main

ROOT = Path(__file__).resolve().parent.parent
MESSAGES = ROOT / "lib" / "bus" / "protocol" / "messages.py"
REQUESTS = ROOT / "lib" / "bus" / "protocol" / "requests.py"
REPLIES = ROOT / "lib" / "exchange" / "replies.py"
MODELS = ROOT / "lib" / "models.py"
PAGE = ROOT / "docs" / "wire.md"
HEADER_FIELDS = 4


def kinds(tree: ast.Module) -> dict[str, str]:
    """Return class name -> kind, in the order of the source."""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "KINDS":
            assert isinstance(node.value, ast.Dict)  # noqa: S101 - our own source
            pairs = zip(node.value.keys, node.value.values, strict=True)
            return {ast.unparse(value): ast.literal_eval(key) for key, value in pairs if key}
    raise SystemExit(f"{MESSAGES} has no KINDS")


def parsed(path: Path) -> ast.Module:
    """Return the tree of one source."""
    return ast.parse(path.read_text(encoding="utf-8"))


def quoted_table(tree: ast.Module) -> list[str]:
    """Return the table that stands in a module's docstring."""
    return [line for line in (ast.get_docstring(tree) or "").splitlines() if line.startswith("|")]


def classes(tree: ast.Module) -> dict[str, ast.ClassDef]:
    """Return the classes of the source by name."""
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def described(cls: ast.ClassDef) -> list[tuple[str, str, str]]:
    """Return (name, annotation or value, description) of every field or constant of a class."""
    found: list[tuple[str, str, str]] = []
    for node in cls.body:
        if isinstance(node, ast.AnnAssign):
            default = f" = {ast.unparse(node.value)}" if node.value else ""
            found.append((ast.unparse(node.target), ast.unparse(node.annotation) + default, ""))
        elif isinstance(node, ast.Assign):
            found.append((ast.unparse(node.targets[0]), ast.literal_eval(node.value), ""))
        elif found and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[-1] = (*found[-1][:2], one_line(str(node.value.value)))
    return found


def one_line(text: str) -> str:
    """Return a docstring as one line that fits a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


def fields_table(cls: ast.ClassDef, first: int) -> list[str]:
    """Return the table of a class's fields, numbered from `first` as in the array."""
    rows = ["| # | field | type | |", "| --- | --- | --- | --- |"]
    for number, (name, kind, text) in enumerate(described(cls), first):
        rows.append(f"| {number} | `{name}` | {one_line(kind)} | {text} |")
    return rows


def messages_table(tree: ast.Module) -> list[str]:
    """Return one section per message, with its topic and its fields."""
    lines: list[str] = []
    by_name = classes(tree)
    for name, kind in kinds(tree).items():
        key = "all" if name == "Roster" else described(by_name[name])[0][0].upper()
        text = one_line(ast.get_docstring(by_name[name]) or "")
        lines += [f"### `{kind}.{key}.`", "", text, ""]
        lines += [*fields_table(by_name[name], HEADER_FIELDS), ""]
    return lines[:-1]


def constants_table(tree: ast.Module, name: str) -> list[str]:
    """Return the table of a class of constants."""
    rows = ["| value | |", "| --- | --- |"]
    return rows + [f"| `{value}` | {text} |" for _, value, text in described(classes(tree)[name])]


def tables() -> dict[str, list[str]]:
    """Return what stands between the markers of the page, by marker."""
    sources = (MESSAGES, REQUESTS, REPLIES, MODELS)
    messages, requests, replies, models = (parsed(path) for path in sources)
    return {
        "messages": messages_table(messages),
        "methods": quoted_table(replies),
        "statuses": constants_table(requests, "ReplyStatus"),
        "order intent": fields_table(classes(requests)["OrderIntent"], 0),
        "snapshot": fields_table(classes(replies)["Snapshot"], 0),
        "rules": [
            ", ".join(f"`{name}`" for name, _, _ in described(classes(models)["Rules"])) + "."
        ],
    }


if __name__ == "__main__":
    sys.exit(main(PAGE, "wire_table.py", tables(), sys.argv[1:]))
