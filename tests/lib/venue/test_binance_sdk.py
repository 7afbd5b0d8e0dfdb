"""Binance's own SDK, unmodified but for its base URLs, runs its normal calls."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from lib.venue.server import VenueServer
from tests.lib.venue.wire_client import running

SYMBOL = "BTCUSDT"
PATIENCE = 10.0


def sdk_client(server: VenueServer) -> Any:
    sdk = import_module(
        "binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures"
    )
    keys = {"api_key": server.key, "api_secret": server.secret}
    return sdk.DerivativesTradingUsdsFutures(
        config_rest_api=sdk.ConfigurationRestAPI(**keys, base_path=server.rest_url),
        config_ws_api=sdk.ConfigurationWebSocketAPI(**keys, stream_url=server.ws_api_url),
        config_ws_streams=sdk.ConfigurationWebSocketStreams(stream_url=server.ws_url),
    )


READS: list[tuple[str, dict[str, Any]]] = [
    ("exchange_information", {}),
    ("check_server_time", {}),
    ("order_book", {"symbol": SYMBOL, "limit": 5}),
    ("recent_trades_list", {"symbol": SYMBOL}),
    ("old_trades_lookup", {"symbol": SYMBOL}),
    ("compressed_aggregate_trades_list", {"symbol": SYMBOL}),
    ("kline_candlestick_data", {"symbol": SYMBOL, "interval": "1m"}),
    ("mark_price", {"symbol": SYMBOL}),
    ("ticker24hr_price_change_statistics", {"symbol": SYMBOL}),
    ("symbol_price_ticker_v2", {"symbol": SYMBOL}),
    ("symbol_order_book_ticker", {"symbol": SYMBOL}),
    ("open_interest", {"symbol": SYMBOL}),
    ("futures_account_balance_v3", {}),
    ("account_information_v2", {}),
    ("account_information_v3", {}),
    ("position_information_v2", {}),
    ("position_information_v3", {}),
    ("get_current_position_mode", {}),
    ("user_commission_rate", {"symbol": SYMBOL}),
    ("symbol_configuration", {}),
    ("query_user_rate_limit", {}),
    ("notional_and_leverage_brackets", {}),
    ("get_income_history", {}),
    ("all_orders", {"symbol": SYMBOL}),
    ("account_trade_list", {"symbol": SYMBOL}),
    ("current_all_open_orders", {"symbol": SYMBOL}),
]


async def test_binance_sdk_reads_and_trades() -> None:
    async with running() as wire:
        rest = sdk_client(wire.server).rest_api

        def ask(name: str, **params: Any) -> Any:
            method: Callable[..., Any] = getattr(rest, name)
            return method(**params).data()

        def trade() -> None:
            which = {"symbol": SYMBOL, "orig_client_order_id": "sdk-1"}
            ask(
                "new_order",
                symbol=SYMBOL,
                side="BUY",
                type="LIMIT",
                time_in_force="GTC",
                quantity=0.01,
                price=75_000,
                new_client_order_id="sdk-1",
            )
            assert ask("query_order", **which).status == "NEW"
            ask("modify_order", **which, side="BUY", quantity=0.01, price=74_000)
            ask("cancel_order", **which)
            ask("new_order", symbol=SYMBOL, side="BUY", type="MARKET", quantity=0.01)
            for name, params in READS:
                assert ask(name, **params) is not None, name
            assert ask("start_user_data_stream").listen_key

        await asyncio.to_thread(trade)


@pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")
async def test_binance_sdk_streams_and_trades_over_websockets() -> None:
    async with running() as wire:
        sdk = sdk_client(wire.server)
        key = (await asyncio.to_thread(sdk.rest_api.start_user_data_stream)).data().listen_key
        streams = await sdk.websocket_streams.create_connection()
        queue: asyncio.Queue[Any] = asyncio.Queue()
        for name in ("aggregate_trade_streams", "individual_symbol_book_ticker_streams"):
            stream = await getattr(streams, name)(symbol=SYMBOL)
            stream.on("message", queue.put_nowait)
        user = await streams.user_data(key)
        events: asyncio.Queue[Any] = asyncio.Queue()
        user.on("message", events.put_nowait)
        api = await sdk.websocket_api.create_connection()
        try:
            async with asyncio.timeout(PATIENCE):
                kinds: set[str] = set()
                while kinds != {"aggTrade", "bookTicker"}:
                    message = await queue.get()
                    kinds.add(getattr(message, "e", None) or "bookTicker")
                answer = await api.new_order(
                    symbol=SYMBOL, side="BUY", type="MARKET", quantity=0.01
                )
                assert answer.data().status == 200
                await events.get()
        finally:
            await streams.close_connection(close_session=True)
            await api.close_connection(close_session=True)
