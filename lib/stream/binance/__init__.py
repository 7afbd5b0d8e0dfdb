"""Binance USD-M futures streams; the modules that import python-binance are imported by name."""
