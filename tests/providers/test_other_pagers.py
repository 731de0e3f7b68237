"""Bodies written for another pager, as many monitors offer them: whatever the kind, they begin and they end."""

from __future__ import annotations

from typing import Any

import pytest

from opsknight.api.providers.table import PROVIDERS
from opsknight.domain.model.event import Action, Event
from tests.providers.said import normalised

A_FORMAT_OF_THEIR_OWN = {"email", "opsgenie", "pagerduty", "splunk-oncall"}
NEVER_OVER = {"openobserve"}
KINDS = [slug for slug in PROVIDERS if slug not in A_FORMAT_OF_THEIR_OWN | NEVER_OVER]
ABOUT = {"summary": "Belt 7 stands still", "source": "belt-7", "severity": "critical"}


def pair(slug: str, began: dict[str, Any], ended: dict[str, Any]) -> tuple[Event, Event]:
    """Return the one event of each of two bodies."""
    [first], [last] = normalised(slug, began), normalised(slug, ended)
    assert isinstance(first, Event)
    assert isinstance(last, Event)
    return first, last


@pytest.mark.parametrize("slug", KINDS)
def test_what_is_written_for_pagerduty_ends_what_it_began(slug: str):
    said = {"routing_key": "not-ours", "dedup_key": "belt-7/still", "payload": ABOUT}

    began, ended = pair(slug, said | {"event_action": "trigger"}, said | {"event_action": "resolve"})

    assert (began.action, ended.action) == (Action.TRIGGER, Action.RESOLVE)
    assert began.dedup_key == ended.dedup_key
    assert began.title == ABOUT["summary"]


@pytest.mark.parametrize("slug", KINDS)
def test_what_is_written_for_splunk_on_call_ends_what_it_began(slug: str):
    said = {"entity_id": "belt-7/still", "state_message": "Belt 7 stands still"}

    began, ended = pair(slug, said | {"message_type": "CRITICAL"}, said | {"message_type": "RECOVERY"})

    assert (began.action, ended.action) == (Action.TRIGGER, Action.RESOLVE)
    assert began.dedup_key == ended.dedup_key


@pytest.mark.parametrize("slug", ["argocd", "instana", "netdata"])
def test_an_end_that_says_nothing_but_its_key_is_read(slug: str):
    [ended] = normalised(slug, {"service_key": "not-ours", "event_type": "resolve", "incident_key": "belt-7/still"})

    assert isinstance(ended, Event)
    assert (ended.action, ended.title) == (Action.RESOLVE, "belt-7/still")


@pytest.mark.parametrize("slug", ["argocd", "instana", "netdata"])
@pytest.mark.parametrize("asked", ["resolved_soon", "unresolve", "resolving", ""])
def test_a_word_that_only_contains_what_the_other_pager_is_asked_ends_nothing(slug: str, asked: str):
    [event] = normalised(slug, {"event_action": asked, "dedup_key": "belt-7/still", "payload": ABOUT})

    assert isinstance(event, Event)
    assert event.action is Action.TRIGGER
