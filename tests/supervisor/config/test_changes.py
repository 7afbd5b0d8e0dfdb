"""What differs between two configurations, and what it takes to get from one to the other."""

from pathlib import Path

import pytest

from supervisor.config.changes import Change, Effect, fixed_changes, kept, worker_changes
from supervisor.config.plan import Plan, make_plan
from supervisor.config.spec import Spec, load_spec
from supervisor.renewing.reload import Proposal
from supervisor.renewing.rolling import SPARE
from supervisor.renewing.steps import Add, Drop, Learn, Pause, Restart, Step, Tell

BEFORE = """\
project: t
factory: LocalFactory
database: NoDb
venue: {feed: synthetic}
BINANCE.FUTURES: {risk: {max_position_usd: 100}}
bots:
  - {name: a, bot: QuoterBot, symbols: [BTCUSDT, ETHUSDT], width: 0.001}
  - {name: b, bot: SandboxBot, symbols: [XRPUSDT]}
"""


def spec_of(folder: Path, text: str) -> Spec:
    path = folder / "c.yaml"
    path.write_text(text)
    return load_spec([path])


def changed(folder: Path, *pairs: tuple[str, str]) -> Spec:
    text = BEFORE
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return spec_of(folder, text)


def plan_of(spec: Spec) -> Plan:
    return make_plan(spec)


def differences(folder: Path, *pairs: tuple[str, str]) -> dict[str, Change]:
    old, new = spec_of(folder, BEFORE), changed(folder, *pairs)
    found = worker_changes(make_plan(old), make_plan(kept(old, new)))
    return {change.name: change for change in found}


def steps_of(folder: Path, *pairs: tuple[str, str]) -> list[Step]:
    old = make_plan(spec_of(folder, BEFORE))
    changed(folder, *pairs)
    return Proposal(old, (str(folder / "c.yaml"),)).steps()


def names_of(steps: list[Step]) -> list[str]:
    words = []
    for step in steps:
        match step:
            case Add(spec=spec):
                words.append(f"+{spec.name}")
            case Tell(spec=spec):
                words.append(f"tell {spec.name}")
            case Restart(name=name):
                words.append(f"restart {name}")
            case Drop(name=name):
                words.append(f"-{name}")
            case Learn():
                words.append("learn")
            case Pause():
                words.append("pause")
    return words


def test_the_same_file_changes_nothing(tmp_path: Path) -> None:
    assert differences(tmp_path) == {}
    assert steps_of(tmp_path) == []


def test_a_bots_own_key_restarts_that_bot_alone(tmp_path: Path) -> None:
    found = differences(
        tmp_path, ("SandboxBot, symbols: [XRPUSDT]", "SandboxBot, symbols: [XRPUSDT], depth: 3")
    )

    assert [(one.name, one.effect) for one in found.values()] == [
        ("bot:b:XRPUSDT", Effect.RESTARTS)
    ]
    assert found["bot:b:XRPUSDT"].what == "depth unset -> 3"


def test_an_override_restarts_only_its_symbol(tmp_path: Path) -> None:
    found = differences(
        tmp_path, ("width: 0.001", "width: 0.001, overrides: {ETHUSDT: {width: 2}}")
    )

    assert list(found) == ["bot:a:ETHUSDT"]


def test_a_new_symbol_starts_one_bot_and_is_told_to_the_others(tmp_path: Path) -> None:
    found = differences(tmp_path, ("BTCUSDT, ETHUSDT", "BTCUSDT, ETHUSDT, SOLUSDT"))

    assert {name: change.effect for name, change in found.items()} == {
        "venue": Effect.TOLD,
        "exchange": Effect.TOLD,
        "stream": Effect.TOLD,
        "bot:a:SOLUSDT": Effect.STARTS,
    }
    assert found["stream"].what == "symbols +SOLUSDT"


def test_risk_limits_restart_nobody(tmp_path: Path) -> None:
    found = differences(tmp_path, ("max_position_usd: 100", "max_position_usd: 250"))

    assert {change.effect for change in found.values()} == {Effect.TOLD}
    assert found["exchange"].what == "max_position_usd 100 -> 250"


def test_limits_of_the_supervisor_itself_restart_nobody(tmp_path: Path) -> None:
    restart = "restart: {limit: 3 in 1m}\nbots:"
    found = differences(tmp_path, ("bots:", restart))

    assert {change.effect for change in found.values()} == {Effect.TOLD}
    assert found["stream"].what == "restart policy"


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("project: t", "project: u", "project"),
        ("feed: synthetic", "feed: synthetic, seed: 9", "venue"),
        ("{risk:", "{paper: true, risk:", "BINANCE.FUTURES.paper"),
        ("project: t", "project: t\nlog: {format: json}", "log"),
    ],
)
def test_what_needs_a_full_restart_says_so_and_stays_as_it_is(
    tmp_path: Path, old: str, new: str, name: str
) -> None:
    before, after = spec_of(tmp_path, BEFORE), changed(tmp_path, (old, new))

    [found] = fixed_changes(before, after)
    assert (found.name, found.effect) == (name, Effect.FULL)
    assert found.what
    assert worker_changes(make_plan(before), make_plan(kept(before, after))) == []


def test_the_rest_of_a_change_is_taken_over_without_it(tmp_path: Path) -> None:
    found = differences(
        tmp_path, ("feed: synthetic", "feed: synthetic, seed: 9"), ("width: 0.001", "width: 0.002")
    )

    assert list(found) == ["bot:a:BTCUSDT", "bot:a:ETHUSDT"]


def test_no_secret_is_shown(tmp_path: Path) -> None:
    found = differences(tmp_path, ("width: 0.001", "width: 0.001, api_key: hunter2"))

    assert found["bot:a:BTCUSDT"].what == "api_key (secret)"


def test_a_symbol_that_goes_is_asked_for_first_and_its_bot_ends_before_it_is_forgotten(
    tmp_path: Path,
) -> None:
    steps = steps_of(tmp_path, ("BTCUSDT, ETHUSDT", "BTCUSDT, SOLUSDT"))

    assert names_of(steps) == [
        "learn",
        "-bot:a:ETHUSDT",
        "learn",
        "tell venue",
        "tell stream",
        "+bot:a:SOLUSDT",
    ]
    first, last = [step for step in steps if isinstance(step, Learn)]
    assert first.part["symbols"] == ["BTCUSDT", "SOLUSDT", "XRPUSDT", "ETHUSDT"]
    assert "a:ETHUSDT" in first.part["on_crash"]
    assert last.part["symbols"] == ["BTCUSDT", "SOLUSDT", "XRPUSDT"]
    assert first.spec is None
    assert last.spec is not None


def test_a_stream_that_must_restart_gets_a_twin_first(tmp_path: Path) -> None:
    steps = steps_of(tmp_path, ("project: t", "project: t\nstream: {channels: [book]}"))

    names = names_of(steps)
    at = names.index("restart stream")
    assert names[at - 2 : at + 3] == [f"+{SPARE}", "pause", "restart stream", "pause", f"-{SPARE}"]
    assert steps[at - 2].is_vital


def test_more_replicas_come_before_the_single_one_goes(tmp_path: Path) -> None:
    names = names_of(steps_of(tmp_path, ("project: t", "project: t\nstream: {replicas: 2}")))

    assert names == ["+stream-1", "+stream-2", "pause", "-stream"]
