"""The embedded exchange: a venue like Binance USD-M for sandbox, paper, backtest and tests."""
