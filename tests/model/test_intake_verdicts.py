from datetime import UTC, datetime, timedelta

import pytest

from opsknight.domain.model.event import Action, Event, Urgency
from opsknight.domain.model.intake import OWN_KEYS, Latest, Verdict, decide

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MONITOR, PERSON = "integration:3", "user:7"


def an_event(action: Action = Action.TRIGGER, *, key: str = "disk", started_at: datetime | None = None):
    return Event(action=action, dedup_key=key, title="Disk full on db-1", started_at=started_at)


def an_alert(
    *,
    resolved_ago: timedelta | None = None,
    by: str = MONITOR,
    highest: Urgency = Urgency.HIGH,
    started_at: datetime | None = None,
    opened_ago: timedelta = timedelta(hours=2),
):
    return Latest(
        is_open=resolved_ago is None,
        highest_urgency=highest,
        started_at=started_at,
        opened_at=NOON - opened_ago,
        resolved_at=None if resolved_ago is None else NOON - resolved_ago,
        resolved_by=None if resolved_ago is None else by,
    )


def verdict(
    event: Event, latest: Latest | None, *, urgency: Urgency = Urgency.HIGH, reopen_window: timedelta = timedelta(0)
):
    return decide(event, latest, urgency=urgency, now=NOON, reopen_window=reopen_window)


def test_the_first_trigger_of_a_key_opens_an_alert():
    assert verdict(an_event(), None) is Verdict.OPENED


def test_a_trigger_of_an_open_alert_is_an_occurrence():
    assert verdict(an_event(), an_alert()) is Verdict.OCCURRENCE


def test_a_trigger_above_the_highest_urgency_raises_it():
    assert verdict(an_event(), an_alert(highest=Urgency.LOW)) is Verdict.RAISED


def test_an_urgency_that_oscillates_below_the_highest_raises_nothing():
    assert verdict(an_event(), an_alert(highest=Urgency.HIGH), urgency=Urgency.LOW) is Verdict.OCCURRENCE
    assert verdict(an_event(), an_alert(highest=Urgency.HIGH), urgency=Urgency.HIGH) is Verdict.OCCURRENCE


@pytest.mark.parametrize("action", [Action.RESOLVE, Action.ACKNOWLEDGE])
@pytest.mark.parametrize("latest", [None, an_alert(resolved_ago=timedelta(minutes=1))])
def test_a_resolve_or_acknowledge_with_nothing_open_changes_nothing(action: Action, latest: Latest | None):
    assert verdict(an_event(action), latest) is Verdict.NOTHING_OPEN


def test_a_resolve_and_an_acknowledge_reach_the_open_alert():
    assert verdict(an_event(Action.RESOLVE), an_alert()) is Verdict.RESOLVED
    assert verdict(an_event(Action.ACKNOWLEDGE), an_alert()) is Verdict.ACKNOWLEDGED


def test_a_trigger_after_a_resolve_opens_a_new_alert():
    assert verdict(an_event(), an_alert(resolved_ago=timedelta(seconds=1))) is Verdict.OPENED


def test_a_trigger_within_the_reopen_window_reopens_and_at_its_end_opens():
    window = timedelta(minutes=10)

    assert verdict(an_event(), an_alert(resolved_ago=timedelta(minutes=9)), reopen_window=window) is Verdict.REOPENED
    assert verdict(an_event(), an_alert(resolved_ago=window), reopen_window=window) is Verdict.OPENED


def test_a_lagging_peer_s_copy_of_a_resolved_alert_opens_nothing():
    alert = an_alert(resolved_ago=timedelta(minutes=4, seconds=59), started_at=NOON - timedelta(hours=1))

    assert verdict(an_event(started_at=NOON - timedelta(hours=1)), alert) is Verdict.LATE_COPY


@pytest.mark.parametrize(
    ("started_at", "alert"),
    [
        (NOON, an_alert(resolved_ago=timedelta(minutes=1), started_at=NOON - timedelta(hours=1))),
        (NOON, an_alert(resolved_ago=timedelta(minutes=5), started_at=NOON)),
        (NOON, an_alert(resolved_ago=timedelta(minutes=1), started_at=NOON, by=PERSON)),
        (None, an_alert(resolved_ago=timedelta(minutes=1))),
    ],
    ids=["another start", "five minutes later", "a person resolved it", "no start time known"],
)
def test_what_is_no_late_copy_opens(started_at: datetime | None, alert: Latest):
    assert verdict(an_event(started_at=started_at), alert) is Verdict.OPENED


def test_opsknight_s_own_report_opens_once_an_hour():
    own = an_event(key=f"{OWN_KEYS}unreadable:3")
    resolved = timedelta(minutes=1)

    assert verdict(own, an_alert(resolved_ago=resolved, opened_ago=timedelta(minutes=59))) is Verdict.TOLD_LATELY
    assert verdict(own, an_alert(resolved_ago=resolved, opened_ago=timedelta(hours=1))) is Verdict.OPENED
