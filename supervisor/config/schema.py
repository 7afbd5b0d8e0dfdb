"""The JSON schema of a configuration file, for editors and other programs (pure)."""

from typing import Any

import msgspec

from lib.registry import ADAPTERS
from supervisor.config.sections import ExchangeSection, RootSection
from supervisor.config.units import describe_unit

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the schema; strategies' own keys are open, all others are closed."""
    (root, exchange), definitions = msgspec.json.schema_components(
        (RootSection, ExchangeSection),
        schema_hook=describe_unit,
        ref_template="#/$defs/{name}",
    )
    top = definitions.pop(root["$ref"].rpartition("/")[2])
    properties = dict(top["properties"])
    for name in sorted(ADAPTERS["exchange"]):
        properties[name] = exchange
    return {
        "$schema": DRAFT,
        "title": "Tickvisor configuration",
        **top,
        "properties": properties,
        # an exchange of the user's own has a section under its own name, with a dot in it
        "patternProperties": {r"^[^ ]+[.:][^ ]+$": exchange},
        "$defs": definitions,
    }
