"""What no payload can make an adapter do, however it is mangled."""

from __future__ import annotations

import copy
import json
import os
from datetime import UTC
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsknight.api.limits import MAX_DEPTH
from opsknight.api.parse import parse
from opsknight.api.providers.table import PROVIDERS
from opsknight.api.reading import ACTIONS, word
from opsknight.domain.model.event import MAX_DEDUP_KEY, MAX_TITLE, Action, Event, Malformed, Unreadable
from tests.faults.measure import CHAOS
from tests.providers.said import SAMPLES, beside, listed, normalised, payload_files

EXAMPLES = 1_000 if CHAOS else 30 if "CI" in os.environ else 60  # CI draws the same each time
ENDING = sorted(said for said, action in ACTIONS.items() if action is not Action.TRIGGER)
KNOWN = {*ACTIONS, "warn recovered", "no data recovered"}
STATUSES = {
    "status", "state", "action", "event_action", "alert_transition", "transition", "alert_state", "alert_type",
    "State", "actionGroup", "alert_action", "current_phase", "current_state", "displayName", "eventType",
    "eventTypeKey", "event_name", "event_type", "kibana.alert.status", "message_type", "monitorCondition", "stage",
    "statusExtended", "type",
}  # fmt: skip
STATUSES |= {
    "Status", "acknowledged_at", "alertType", "alertTypeFriendlyName", "blacklisted_now", "check_state_name",
    "current_state", "data", "endsAt", "event", "event_type", "incident_status", "message", "monitor_status",
    "resolved_at", "response_time", "text", "type",
}  # fmt: skip
"""… and what other monitors call theirs, or say it with."""
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["", " ", "javascript:alert(1)", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "1e400"])
    | st.sampled_from(["9" * 400, "x" * 70_000, "\0", "$EVENT_TITLE", "{{title}}", "[a][a][a]", "P1", "firing"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def payloads(slug: str) -> list[tuple[Any, dict[str, str]]]:
    """Return every payload there is for an adapter, as plain values, with the headers it comes with."""
    ours = [(path, beside(path, "headers")) for path in payload_files(slug)]
    theirs = [
        (SAMPLES / f"{place}.json", wanted.get("headers", {}) if isinstance(wanted, dict) else {})
        for place, wanted in listed(slug, "samples").items()
        if SAMPLES.is_dir()
    ]
    return [(parse(path.read_bytes()).payload, headers) for path, headers in (*ours, *theirs)]


PAYLOADS = {slug: payloads(slug) for slug in PROVIDERS}


def tried(slug: str, payload: Any, headers: dict[str, str] | None = None) -> list[Event | Unreadable]:
    """Return what an adapter makes of a payload; one that it refuses counts as one unreadable event."""
    try:
        return normalised(slug, payload, headers=headers or {})
    except Malformed as refused:
        return [Unreadable(str(refused))]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every place in a value: the container and the name or number in it."""
    found: list[tuple[Any, Any]] = []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        found += [(value, name), *places(inner)]
    return found


@st.composite
def mangled(draw: st.DrawFn, slug: str) -> tuple[Any, dict[str, str]]:
    """Return a payload in which up to four things are gone, moved or something else, with its headers."""
    payload, headers = copy.deepcopy(draw(st.sampled_from(PAYLOADS[slug])))
    for _ in range(draw(st.integers(1, 4))):
        here = places(payload)
        if not here:
            break
        container, name = draw(st.sampled_from(here))
        kind = draw(st.sampled_from(["another value", "gone", "twice"]))
        if kind == "gone":
            del container[name]
        elif kind == "twice" and isinstance(container, list):
            container.append(copy.deepcopy(container[name]))
        else:
            container[name] = draw(VALUES)
    return payload, headers


@pytest.mark.parametrize("slug", PROVIDERS)
@given(data=st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_mangled_payload_is_refused_in_words_or_becomes_sound_events(slug: str, data: st.DataObject):
    payload, headers = data.draw(mangled(slug))

    try:
        parsed = parse(json.dumps(payload).encode())
    except Malformed:  # a list that lost its last element holds nothing
        return

    for one in tried(slug, parsed.payload, headers):
        check_sound(one)


def check_sound(one: Event | Unreadable) -> None:
    """What every event promises to those who store and show it."""
    if isinstance(one, Unreadable):
        assert one.reason
        return
    assert 0 < len(one.dedup_key) <= MAX_DEDUP_KEY
    assert 0 < len(one.title) <= MAX_TITLE
    assert not {"\0", "\n", "\r"} & {*one.title}
    assert all(link.href.startswith(("http://", "https://")) for link in one.links)
    assert all(isinstance(name, str) and isinstance(tag, str) for name, tag in one.tags.items())
    assert all(at is None or at.tzinfo is UTC for at in (one.occurred_at, one.started_at))
    assert b"\\u0000" not in orjson.dumps([one.title, one.tags, one.details, one.source, one.component])


@pytest.mark.parametrize("slug", PROVIDERS)
@given(data=st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_word_that_only_contains_an_ending_ends_nothing(slug: str, data: st.DataObject):
    payload, headers = copy.deepcopy(data.draw(st.sampled_from(PAYLOADS[slug])))
    statuses = STATUSES | {*listed(slug, "statuses")}
    before, after = ["", "un", "not ", "ab", "x_", "re-"], ["", "ing", " soon", "_expired", "?", "2"]
    containing = data.draw(
        st.builds("{}{}{}".format, st.sampled_from(before), st.sampled_from(ENDING), st.sampled_from(after))
    )
    if word(containing) in KNOWN:
        return
    for container, name in places(payload):
        if name in statuses:
            container[name] = containing
        elif name in {"title", "alert_title", "event_title"} and isinstance(container[name], str):
            container[name] = f"[{containing}] CPU high"

    became = tried(slug, payload, headers)

    assert [one.action for one in became if isinstance(one, Event) and one.action is not Action.TRIGGER] == []


@pytest.mark.parametrize("slug", PROVIDERS)
def test_the_same_payload_gives_the_same_events(slug: str):
    once, again = ([tried(slug, *one) for one in payloads(slug)] for _ in range(2))

    assert once == again


@pytest.mark.parametrize("slug", PROVIDERS)
@pytest.mark.parametrize(
    "payload", [None, [], {}, "x", 1, True, [[]], [None], {"alerts": {}}, {"payload": []}], ids=repr
)
def test_what_is_no_event_at_all_is_refused_or_unreadable(slug: str, payload: Any):
    became = tried(slug, payload)

    assert became
    assert all(isinstance(one, Unreadable) for one in became)


def nested(depth: int) -> Any:
    """Return objects inside objects, `depth` deep."""
    value: Any = {}
    for _ in range(depth - 1):
        value = {"deeper": value}
    return value


@pytest.mark.parametrize(
    ("excessive", "what"),
    [
        (nested(MAX_DEPTH), "more than 32 deep"),
        ({str(number): number for number in range(2001)}, "more than 2,000 fields"),
        ({"long": "x" * 65_537}, "a text of more than 65,536 characters"),
        ({"x" * 65_537: "long"}, "a text of more than 65,536 characters"),
    ],
)
def test_an_event_beyond_the_limits_is_unreadable_and_the_rest_of_its_batch_is_taken(excessive: Any, what: str):
    became = normalised("generic", [{"title": "first"}, {"title": "second", "details": excessive}, {"title": "third"}])

    assert [getattr(one, "title", None) for one in became] == ["first", None, "third"]
    assert what in became[1].reason  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("slug", "payload"),
    [
        ("generic", {"title": "x", "details": nested(MAX_DEPTH)}),
        ("datadog", {"title": "x", "org": nested(MAX_DEPTH)}),
        (
            "pagerduty",
            {
                "event_action": "trigger",
                "payload": {"summary": "x", "source": "x", "severity": "info", "custom_details": nested(MAX_DEPTH)},
            },
        ),
        ("alertmanager", {"alerts": [{"status": "firing", "labels": {"a": "b"}, "values": nested(MAX_DEPTH)}]}),
    ],
)
def test_a_single_event_beyond_the_limits_is_kept_as_unreadable(slug: str, payload: Any):
    [one] = normalised(slug, payload)

    assert isinstance(one, Unreadable)


def test_an_event_at_the_limits_is_taken():
    at_the_limits = nested(MAX_DEPTH - 2) | {str(number): 0 for number in range(2000 - MAX_DEPTH)} | {"x": "y" * 65_536}

    [event] = normalised("generic", {"title": "x", "details": at_the_limits})

    assert isinstance(event, Event)
