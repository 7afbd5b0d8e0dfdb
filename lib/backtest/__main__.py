"""`python -m lib.backtest COMMAND`."""

import sys

from lib.backtest.cli import main

if __name__ == "__main__":
    sys.exit(main())
