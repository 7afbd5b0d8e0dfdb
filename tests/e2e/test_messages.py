"""Messages to bots: from the command line, and from other bots."""

import json

import pytest

from tests.e2e.harness import BOTS, make_system, sandbox, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

RELAY = {"name": "relay", "bot": f"{BOTS}:RelayBot", "symbols": ["BTCUSDT"]}
HEARERS = {"name": "hearer", "bot": "SandboxBot", "symbols": ["ETHUSDT", "SOLUSDT"]}


def test_messages_reach_bots_from_the_command_line_and_from_other_bots() -> None:
    with make_system(sandbox("messages", bots=[RELAY, HEARERS])) as system:
        system.start()

        def heard(symbol: str, sender: str, text: str) -> bool:
            log = (system.log_dir / f"bot_hearer_{symbol}.log").read_text()
            line = f"sender={sender} text={text}"
            return any("message" in each and line in each for each in log.splitlines())

        done = system.run("send", "hearer", "wider")
        assert (done.returncode, done.stdout) == (0, "told: hearer:ETHUSDT, hearer:SOLUSDT\n")
        for symbol in HEARERS["symbols"]:
            until("the operator is heard", lambda symbol=symbol: heard(symbol, "operator", "wider"))

        order = json.dumps({"to": "hearer:SOLUSDT", "text": "narrower"})
        assert system.run("send", "relay", order, "--json").returncode == 0
        until("the other bot is heard", lambda: heard("SOLUSDT", "relay:BTCUSDT", "narrower"))
        assert not heard("ETHUSDT", "relay:BTCUSDT", "narrower")

        assert (
            system.run("send", "relay", json.dumps({"to": "nobody", "text": "x"})).returncode == 0
        )
        until("it is noted", lambda: "message not delivered" in system.history())
        for words in (("nobody", "x"), ("relay", "{", "--json"), ("relay", "x" * 40_000)):
            refused = system.run("send", *words)
            assert refused.returncode == 2
            assert refused.stderr.count("\n") == 1
        assert system.stop().returncode == 0
