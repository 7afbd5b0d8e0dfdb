"""SUBSCRIBE and its relatives, by the reference's own list of exchanges."""

from typing import Any

import pytest

from tests.lib.venue.samples import sample
from tests.lib.venue.wire_client import running


async def test_reference_dialogue_gets_the_reference_answers() -> None:
    async with running() as client:
        for path in ("/market/stream", "/market/ws"):
            async with client.socket(path) as stream:
                combined = path.endswith("stream")
                if not combined:
                    await stream.ask(method="SET_PROPERTY", params=["combined", True], id=99)
                for step in sample("ws_control")[:6]:
                    assert await stream.ask(**step["send"]) == step["recv"], step


async def test_reference_errors_are_answered() -> None:
    async with running() as client, client.socket("/market/stream") as stream:
        for step in sample("ws_control")[6:]:
            if "send" in step:
                assert await stream.ask(**step["send"]) == step["recv"]
            else:
                await stream.ws.send_str(step["send_text"])
                assert await stream.next() == step["recv"]


@pytest.mark.parametrize("number", [0, 7, "7f3a-uuid"])
async def test_numbers_and_words_are_good_ids(number: Any) -> None:
    async with running() as client, client.socket("/public/ws") as stream:
        answer = await stream.ask(method="SUBSCRIBE", params=["btcusdt@bookTicker"], id=number)
        assert answer == {"result": None, "id": number}
        assert (await stream.next())["e"] == "bookTicker"
        await stream.ask(method="UNSUBSCRIBE", params=["btcusdt@bookTicker"], id=number)
        assert await stream.is_silent()


async def test_too_many_streams_are_refused() -> None:
    async with running() as client, client.socket("/public/ws") as stream:
        names = [f"s{number}@trade" for number in range(1025)]
        assert (await stream.ask(method="SUBSCRIBE", params=names, id=1))["code"] == 2
        assert (await stream.ask(method="LIST_SUBSCRIPTIONS", id=2))["result"] == []
