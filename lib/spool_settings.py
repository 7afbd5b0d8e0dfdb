"""What a config's `spool` section says: when records are sent, and where they wait meanwhile."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lib import folders, spool_folder
from lib.constants import KEY
from lib.defaults import default, default_seconds
from lib.spool import Spool

SHORTEST_SECONDS = 0.01
"""The writer would spin with less."""


class SpoolSettings(NamedTuple):
    """The section with its defaults; reasons stand in `lib.defaults`."""

    folder: str
    """"" = in the project's state folder."""
    max_bytes: int
    memory_records: int
    batch_records: int
    batch_time: float
    """Seconds until a record is encoded and offered; also the tick of the hang detection."""
    max_pause: float
    """Seconds."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "SpoolSettings":
        """Read the section of a merged config; durations in it are seconds."""
        section: Mapping[str, Any] = config.get("spool") or {}

        def number(name: str) -> int:
            return int(section.get(name, default(f"spool.{name}")))

        def duration(name: str) -> float:
            written = float(section.get(name, default_seconds(f"spool.{name}")))
            return max(SHORTEST_SECONDS, written)

        return cls(
            str(section.get("folder") or ""),
            number("max_bytes"),
            number("memory_records"),
            number("batch_records"),
            duration("batch_time"),
            duration("max_pause"),
        )

    def open(self, config: Mapping[str, Any], target: str) -> Spool | None:
        """Return the spool of this process for one database; None when the disk refuses.

        Args:
            config: The merged config: names the project and the process.
            target: Names the database.
        """
        project = str(config.get(KEY.PROJECT) or "default")
        names = (config.get("worker"), config.get(KEY.NAME), config.get(KEY.SYMBOL))
        return spool_folder.open_spool(
            Path(self.folder).expanduser() if self.folder else folders.state_dir(project) / "spool",
            target,
            ":".join(str(name) for name in names if name) or "process",
            self.max_bytes,
        )
