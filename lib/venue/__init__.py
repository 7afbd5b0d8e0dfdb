"""The embedded exchange: a Binance USD-M compatible venue for sandbox, paper, backtest and tests."""
