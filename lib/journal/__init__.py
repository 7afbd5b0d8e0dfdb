"""The orders' journal: what must outlive the exchange worker, in one SQLite file per project."""
