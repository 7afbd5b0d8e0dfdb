"""The reference's sample payloads: copies, with their source tags in `index.json`."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "data" / "binance"


def sample(name: str) -> Any:
    """Return a sample's payload."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def shape(value: Any) -> Any:
    """Return a payload's field names and JSON types; of a list, that of its first item."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__
