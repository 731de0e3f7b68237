from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import IllegalTransition, Incident, Status, Verb, transition
from opsknight.domain.model.undo import Undo, remembered, undone

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ADA, BO = 1, 2


def an_incident(**what: Any):
    plain = Incident(id=UUID(int=1), title="Disk full on db-1", status=Status.OPEN, urgency=Urgency.HIGH)
    return replace(plain, **what)


def did(before: Incident, verb: Verb, *, to: int | None = None, wait_s: float = 90.0, timer: str = "escalation"):
    after = transition(before, verb, by=ADA, to=to, until=NOON + timedelta(hours=1))
    undo = remembered(before, after, verb, actor="user:1", at=NOON, timer=timer, wait_s=wait_s)
    return after, undo


def seconds_later(seconds: float):
    return NOON + timedelta(seconds=seconds)


def test_an_acknowledge_taken_back_goes_on_in_its_own_generation():
    before = an_incident(next_step=1)
    after, undo = did(before, Verb.ACKNOWLEDGE)

    restored = undone(after, undo, actor="user:1", at=seconds_later(4))

    assert restored == replace(before, version=3)
    assert undo.wait_s == 90.0


def test_a_reassign_taken_back_opens_a_newer_generation_at_the_step_where_it_stood():
    after, undo = did(an_incident(next_step=2, lap=1), Verb.REASSIGN, to=BO)
    paged = replace(after, next_step=0)

    restored = undone(paged, undo, actor="user:1", at=seconds_later(2))

    assert (restored.generation, restored.next_step, restored.lap, restored.assignee_id) == (3, 2, 1, None)


def test_an_escalation_taken_back_before_its_step_fired_waits_on():
    before = an_incident(next_step=1)
    after, undo = did(before, Verb.ESCALATE)

    assert undone(after, undo, actor="user:1", at=seconds_later(1)) == replace(before, version=3)


def test_an_escalation_that_has_paged_cannot_be_taken_back():
    after, undo = did(an_incident(next_step=1), Verb.ESCALATE)

    with pytest.raises(IllegalTransition, match="the next step has been paged already"):
        undone(replace(after, next_step=2), undo, actor="user:1", at=seconds_later(1))


def test_an_escalation_from_acknowledged_goes_back_to_its_owner_and_keeps_the_step_that_fired():
    after, undo = did(an_incident(status=Status.ACKNOWLEDGED, assignee_id=BO, next_step=1), Verb.ESCALATE)

    restored = undone(replace(after, next_step=2), undo, actor="user:1", at=seconds_later(1))

    assert (restored.status, restored.assignee_id, restored.next_step) == (Status.ACKNOWLEDGED, BO, 2)


@pytest.mark.parametrize(
    ("actor", "seconds", "version", "why"),
    [
        ("user:2", 1, 2, "only the one who did it can take it back"),
        ("user:1", 5.1, 2, "nothing was done to it in the last 5 seconds"),
        ("user:1", 1, 3, "it changed since and is acknowledged now"),
    ],
)
def test_an_undo_is_refused_in_plain_words(actor: str, seconds: float, version: int, why: str):
    after, undo = did(an_incident(), Verb.ACKNOWLEDGE)

    with pytest.raises(IllegalTransition) as refusal:
        undone(replace(after, version=version), undo, actor=actor, at=seconds_later(seconds))

    assert str(refusal.value) == f"Cannot undo on “Disk full on db-1”: {why}."


def test_nothing_done_is_nothing_to_take_back():
    with pytest.raises(IllegalTransition, match="nothing was done"):
        undone(an_incident(), None, actor="user:1", at=NOON)


statuses = st.sampled_from([status for status in Status if status is not Status.RESOLVED])


@given(statuses, st.sampled_from(Verb), st.integers(0, 3), st.sampled_from([None, ADA, BO]))
def test_an_undo_restores_what_people_see_and_never_lowers_a_generation(
    status: Status, verb: Verb, step: int, owner: int | None
):
    until = NOON if status in (Status.SNOOZED, Status.SUPPRESSED) else None
    before = an_incident(status=status, next_step=step, assignee_id=owner, until=until)
    try:
        after, undo = did(before, verb, to=BO)
    except IllegalTransition:
        return
    if after is before:
        return

    restored = undone(after, Undo.from_json(undo.to_json()), actor="user:1", at=seconds_later(5))

    seen = ("status", "assignee_id", "until", "urgency", "next_step", "lap")
    assert all(getattr(restored, name) == getattr(before, name) for name in seen)
    assert restored.version == after.version + 1
    assert restored.generation >= after.generation


def test_what_is_remembered_survives_its_row():
    undo = replace(did(an_incident(until=NOON), Verb.RESOLVE)[1], alerts=(UUID(int=7),))

    assert Undo.from_json(undo.to_json()) == undo
