"""Which events a hook is told, how often, and what a configuration may say about it."""

import re
from pathlib import Path
from typing import Any

import pytest

import yaml
from lib.errors import ConfigError
from supervisor.config.plan import make_plan
from supervisor.config.spec import load_spec
from supervisor.record.events import Event
from supervisor.record.hook_rules import Hook, Throttle, hook_of
from tests.e2e.harness import sandbox

SECOND = 1_000_000_000


def hook(**changes: Any) -> Hook:
    plain: dict[str, Any] = {
        "kind": "webhook",
        "target": ["https://example.com/T0/secret"],
        "level": "warning",
        "events": ["*"],
        "workers": ["*"],
        "timeout": 10.0,
        "every": 60.0,
    }
    return hook_of(plain | changes)


def event(name: str = "stale", worker: str = "stream", reason: str = "") -> Event:
    return Event(5, 7, worker, name, reason)


def test_hook_is_told_what_it_wants() -> None:
    assert hook().wants(event("stale"))
    assert not hook().wants(event("ready"))
    assert hook(level="info").wants(event("ready"))
    assert not hook(level="error").wants(event("stale"))
    assert not hook(events=["exited", "fail*"]).wants(event("stale"))
    assert hook(events=["exited", "st*"]).wants(event("stale"))
    assert not hook(workers=["bot:*"]).wants(event(worker="stream"))


def test_same_event_is_told_once_in_a_while_with_what_was_left_out() -> None:
    throttle = Throttle(hook())

    told = [throttle.admit(event(), second * SECOND) for second in range(0, 130, 10)]

    assert [number for number, fields in enumerate(told) if fields] == [0, 6, 12]
    assert told[0] is not None
    assert "left_out" not in told[0]
    assert told[6] is not None
    assert told[6]["left_out"] == 5


def test_ten_thousand_identical_errors_are_three_messages_at_most() -> None:
    throttle = Throttle(hook(level="error"))

    told = [throttle.admit(event("alarm"), number * SECOND // 100) for number in range(10_000)]

    assert 1 <= sum(fields is not None for fields in told) <= 3


def test_life_is_told_to_who_names_it_only_and_once_in_a_while() -> None:
    life = event("alive", "supervisor")
    assert not hook(level="info").wants(life)
    assert hook(events=["alive"]).wants(life)

    throttle = Throttle(hook(events=["alive"]))
    told = [throttle.admit(life, second * SECOND) for second in range(0, 130, 5)]

    assert [number for number, fields in enumerate(told) if fields] == [0, 12, 24]
    assert not any("left_out" in fields for fields in told if fields)


def test_other_events_and_other_workers_are_not_the_same() -> None:
    throttle = Throttle(hook())

    assert throttle.admit(event(), 0)
    assert throttle.admit(event(worker="stream-2"), 0)
    assert throttle.admit(event("hung"), 0)
    assert not throttle.admit(event(reason="another one"), 0)


def test_throttle_remembers_a_bounded_number() -> None:
    throttle = Throttle(hook())
    for number in range(5_000):
        throttle.admit(event(worker=f"bot:{number}"), 0)

    assert len(throttle._told) <= 1_000


def test_name_of_a_hook_holds_no_secret() -> None:
    assert str(hook()) == "webhook https://example.com"
    assert str(hook(kind="notify", target=["tgram://123456:token/chat"])) == "notify tgram://…"
    assert str(hook(kind="command", target=["page", "--token", "x"])) == "command page"


def plan_of(folder: Path, *hooks: dict[str, Any]) -> tuple[Hook, ...]:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(sandbox("hooks", on_event=list(hooks))))
    return make_plan(load_spec([path], {"TOKEN": "abc"})).hooks


def test_configured_hooks_are_in_the_plan_with_their_variables_unresolved(tmp_path: Path) -> None:
    [command, web] = plan_of(
        tmp_path,
        {"command": "sh -c 'cat >> file'", "level": "error", "timeout": "2s"},
        {"webhook": "https://example.com/${TOKEN}", "events": ["exited"], "every": 0},
    )

    assert command.target == ["sh", "-c", "cat >> file"]
    assert (command.level, command.timeout, command.every) == ("error", 2.0, 60.0)
    assert web.target == ["https://example.com/${TOKEN}"]
    assert (web.events, web.every) == (["exited"], 0.0)


def test_variables_of_hooks_are_kept_from_the_workers(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    hooks = [{"webhook": "https://example.com/${TOKEN}"}]
    path.write_text(yaml.safe_dump(sandbox("hooks", on_event=hooks)))

    assert "TOKEN" in load_spec([path], {"TOKEN": "abc"}).secrets
    with pytest.raises(ConfigError, match="variable TOKEN is not set"):
        load_spec([path], {})


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({}, "on_event.0 needs one of command, webhook, notify, and has 0"),
        ({"command": "true", "webhook": "http://x"}, "and has 2"),
        ({"command": "no-such-program-here x"}, "there is no program 'no-such-program-here'"),
        ({"command": "sh 'x"}, "No closing quotation"),
        ({"webhook": "example.com/x"}, "no URL that begins with http:// or https://"),
        ({"notify": "token"}, "it is no URL like tgram://"),
        ({"webhook": "http://x", "level": "loud"}, "level"),
        ({"webhook": "http://x", "evary": "1s"}, "every"),
        ({"webhook": "http://x", "every": 5}, "5 has no unit"),
    ],
)
def test_wrong_hook_is_refused_in_one_line(
    tmp_path: Path, section: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_of(tmp_path, section)

    assert message in str(caught.value)
    assert "config.yaml:" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_library_is_named_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supervisor.config.hook_sections.find_spec", lambda _: None)

    with pytest.raises(ConfigError, match=r"pip install 'tickvisor\[notify\]'"):
        plan_of(tmp_path, {"notify": "tgram://TOKEN/CHAT"})


def test_token_in_a_file_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    hooks = [{"notify": "json://127.0.0.1/"}, {"webhook": "http://me:sesame@127.0.0.1/"}]
    path.write_text(yaml.safe_dump(sandbox("hooks", on_event=hooks)))
    path.chmod(0o644)

    assert len(load_spec([path], {}).warnings) == 2
    path.chmod(0o600)
    assert load_spec([path], {}).warnings == ()


def test_example_of_the_page_is_right(tmp_path: Path) -> None:
    pytest.importorskip("apprise")
    page = (Path(__file__).parents[3] / "docs/operations.md").read_text("utf-8")
    [example] = re.findall(r"^```yaml\n(on_event:.*?)^```", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(sandbox("hooks")))
    (tmp_path / "hooks.yaml").write_text(example)
    files = [tmp_path / "config.yaml", tmp_path / "hooks.yaml"]

    spec = load_spec(files, {}, complete=False)

    assert [str(one) for one in make_plan(spec).hooks] == [
        "command sh",
        "webhook https://hooks.example.com",
        "notify tgram://…",
        "webhook https://hc.example.com",
    ]
    assert [one.name for one in spec.missing] == ["HOOK_TOKEN", "BOT_TOKEN", "CHAT_ID", "CHECK_ID"]
