"""What opens again a moment after its own monitor resolved it: never a late copy of what was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.api.parse import parse
from opsknight.api.providers.table import PROVIDERS
from opsknight.domain.model.event import Event, Urgency
from opsknight.domain.model.intake import Latest, Verdict, decide
from tests.clock import NOON
from tests.providers.said import GOLDEN, beside, listed, normalised

REOPENS = [(slug, began, again) for slug in PROVIDERS for began, again in listed(slug, "reopens")]


@pytest.mark.parametrize(("slug", "trigger", "reopening"), REOPENS)
def test_what_its_monitor_opens_again_at_once_opens_an_incident(slug: str, trigger: str, reopening: str):
    began, again = (_event(slug, name) for name in (trigger, reopening))

    verdict = decide(again, _resolved(began), urgency=Urgency.HIGH, now=NOON, reopen_window=timedelta())

    assert (began.dedup_key, verdict) == (again.dedup_key, Verdict.OPENED)


@pytest.mark.parametrize(
    ("slug", "trigger"),
    [
        ("sentry", "issue_created"),
        ("better_stack", "started"),
        ("rollbar", "new_item"),
        ("grafana_oncall", "created"),
        ("freshstatus", "open"),
    ],
)
def test_what_is_told_again_with_its_first_start_is_a_late_copy(slug: str, trigger: str):
    began = _event(slug, trigger)

    verdict = decide(began, _resolved(began), urgency=Urgency.HIGH, now=NOON, reopen_window=timedelta())

    assert verdict is Verdict.LATE_COPY


def _event(slug: str, name: str) -> Event:
    path = GOLDEN / slug / f"{name}.json"
    [event] = normalised(slug, parse(path.read_bytes()).payload, headers=beside(path, "headers"))
    assert isinstance(event, Event)
    return event


def _resolved(began: Event) -> Latest:
    """Return the alert that `began` opened, resolved by its monitor a minute ago."""
    return Latest(
        is_open=False,
        highest_urgency=Urgency.HIGH,
        started_at=began.started_at,
        opened_at=NOON - timedelta(minutes=2),
        resolved_at=NOON - timedelta(minutes=1),
        resolved_by="integration:1",
    )
