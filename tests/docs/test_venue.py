"""The page on the venue is current."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_tables_are_those_of_the_source() -> None:
    result = subprocess.run(
        [sys.executable, ROOT / "scripts" / "venue_table.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stderr) == (0, "")
