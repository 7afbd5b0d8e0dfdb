"""Makes `python -m supervisor` the `supervisor` command."""

import sys

from supervisor.cli import main

if __name__ == "__main__":
    sys.exit(main())
