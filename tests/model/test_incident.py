from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import (
    PAGE_ASSIGNEE,
    IllegalTransition,
    Incident,
    Status,
    Verb,
    allowed,
    owned_by_another,
    raised,
    still_the_same,
    transition,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ADA, BO = 1, 2
TABLE = """
              acknowledge   unacknowledge  snooze   wake  suppress    resolve   reopen  escalate
open          acknowledged  –              snoozed  –     suppressed  resolved  –       open
acknowledged  acknowledged  open           snoozed  –     suppressed  resolved  –       open
snoozed       acknowledged  –              snoozed  open  suppressed  resolved  –       open
suppressed    acknowledged  –              –        open  suppressed  resolved  –       open
resolved      –             –              –        –     –           resolved  open    –
"""


def promised_moves():
    header, *lines = (line.split() for line in TABLE.strip().splitlines())
    return [
        (Status(line[0]), Verb(verb), None if cell == "–" else Status(cell))
        for line in lines
        for verb, cell in zip(header, line[1:], strict=True)
    ]


def an_incident(**what: Any):
    plain = Incident(id=UUID(int=1), title="Disk full on db-1", status=Status.OPEN, urgency=Urgency.HIGH)
    return replace(plain, **what)


def incidents():
    return st.builds(
        an_incident,
        status=st.sampled_from(Status),
        urgency=st.sampled_from(Urgency),
        generation=st.integers(1, 9),
        version=st.integers(1, 99),
        assignee_id=st.sampled_from([None, ADA, BO]),
        until=st.sampled_from([None, NOON]),
        next_step=st.integers(PAGE_ASSIGNEE, 5),
        lap=st.integers(0, 3),
    )


@pytest.mark.parametrize(("status", "verb", "becomes"), promised_moves())
def test_every_move_is_the_one_that_is_promised(status: Status, verb: Verb, becomes: Status | None):
    incident = an_incident(status=status)

    if becomes is None:
        with pytest.raises(IllegalTransition):
            transition(incident, verb, by=ADA, until=NOON)
    else:
        assert transition(incident, verb, by=ADA, until=NOON).status is becomes
    assert (verb in allowed(status)) is (becomes is not None)


def test_acknowledging_a_resolved_incident_is_refused_in_plain_words():
    incident = an_incident(status=Status.RESOLVED)

    with pytest.raises(IllegalTransition) as refusal:
        transition(incident, Verb.ACKNOWLEDGE, by=ADA)

    assert str(refusal.value) == "Cannot acknowledge “Disk full on db-1”: it is already resolved."


def test_a_refusal_names_the_present_status():
    with pytest.raises(IllegalTransition, match="Cannot wake “Disk full on db-1”: it is open now"):
        transition(an_incident(), Verb.WAKE)


def test_acknowledging_another_s_incident_changes_nothing():
    incident = an_incident(status=Status.ACKNOWLEDGED, assignee_id=BO)

    assert transition(incident, Verb.ACKNOWLEDGE, by=ADA) is incident
    assert owned_by_another(incident, by=ADA)
    assert not owned_by_another(incident, by=BO)


def test_a_monitor_s_acknowledge_has_no_owner_and_a_person_may_still_own_it():
    by_monitor = transition(an_incident(assignee_id=BO), Verb.ACKNOWLEDGE)
    by_person = transition(by_monitor, Verb.ACKNOWLEDGE, by=ADA)

    assert (by_monitor.status, by_monitor.assignee_id) == (Status.ACKNOWLEDGED, None)
    assert (by_person.assignee_id, by_person.version) == (ADA, by_monitor.version + 1)


def test_a_monitor_s_acknowledge_takes_nobody_s_incident_away():
    incident = an_incident(status=Status.ACKNOWLEDGED, assignee_id=BO)

    assert transition(incident, Verb.ACKNOWLEDGE) is incident


def test_reassigning_to_another_pages_them_first_in_a_new_generation():
    after = transition(an_incident(status=Status.ACKNOWLEDGED, assignee_id=ADA), Verb.REASSIGN, by=ADA, to=BO)

    assert (after.status, after.assignee_id, after.next_step, after.generation) == (Status.OPEN, BO, PAGE_ASSIGNEE, 2)


def test_reassigning_to_oneself_is_an_acknowledge_that_pages_nobody():
    after = transition(an_incident(status=Status.ACKNOWLEDGED, assignee_id=BO), Verb.REASSIGN, by=ADA, to=ADA)

    assert (after.status, after.assignee_id, after.generation) == (Status.ACKNOWLEDGED, ADA, 1)


def test_reassigning_to_the_owner_changes_nothing():
    incident = an_incident(status=Status.ACKNOWLEDGED, assignee_id=BO)

    assert transition(incident, Verb.REASSIGN, by=ADA, to=BO) is incident


def test_a_resolved_incident_cannot_be_reassigned():
    with pytest.raises(IllegalTransition, match="Cannot reassign “Disk full on db-1”: it is already resolved"):
        transition(an_incident(status=Status.RESOLVED), Verb.REASSIGN, by=ADA, to=BO)


def test_escalating_goes_on_after_the_last_step_that_fired():
    acknowledged = an_incident(status=Status.ACKNOWLEDGED, assignee_id=ADA, next_step=1, lap=1)

    after = transition(acknowledged, Verb.ESCALATE, by=BO)

    assert (after.status, after.next_step, after.lap, after.generation, after.assignee_id) == (
        Status.OPEN,
        1,
        1,
        2,
        None,
    )


def test_escalating_an_open_incident_keeps_its_generation_and_is_always_a_change():
    before = an_incident(next_step=2)

    after = transition(before, Verb.ESCALATE, by=ADA)

    assert (after.generation, after.version, after.next_step) == (1, 2, 2)


def test_escalating_from_the_assignee_goes_to_the_first_step():
    assert transition(an_incident(next_step=PAGE_ASSIGNEE, assignee_id=BO), Verb.ESCALATE, by=ADA).next_step == 0


def test_snoozing_to_another_instant_is_a_change_and_to_the_same_is_none():
    snoozed = transition(an_incident(), Verb.SNOOZE, by=ADA, until=NOON)

    assert transition(snoozed, Verb.SNOOZE, by=BO, until=NOON) is snoozed
    assert transition(snoozed, Verb.SNOOZE, by=BO, until=NOON + timedelta(hours=1)).version == snoozed.version + 1


def test_a_snooze_needs_an_end():
    with pytest.raises(IllegalTransition, match="say until when"):
        transition(an_incident(), Verb.SNOOZE, by=ADA)


def test_a_raised_urgency_wakes_a_snoozed_incident_and_lets_its_owner_go():
    after = raised(an_incident(status=Status.SNOOZED, urgency=Urgency.LOW, assignee_id=ADA, until=NOON), Urgency.HIGH)

    assert (after.status, after.urgency, after.generation, after.until) == (Status.OPEN, Urgency.HIGH, 2, None)
    assert after.assignee_id is None


def test_a_raised_urgency_restarts_paging_of_an_open_incident():
    after = raised(an_incident(urgency=Urgency.LOW, next_step=3, lap=1), Urgency.HIGH)

    assert (after.generation, after.next_step, after.lap) == (2, 0, 0)


@pytest.mark.parametrize("status", [Status.SUPPRESSED, Status.RESOLVED])
def test_a_raised_urgency_leaves_suppressed_and_resolved_incidents_asleep(status: Status):
    after = raised(an_incident(status=status, urgency=Urgency.LOW), Urgency.HIGH)

    assert (after.status, after.urgency, after.generation) == (status, Urgency.HIGH, 1)


def test_a_late_acknowledge_holds_while_nobody_put_the_incident_to_sleep():
    still = {status for status in Status if still_the_same(an_incident(status=status), Verb.ACKNOWLEDGE)}

    assert still == {Status.OPEN, Status.ACKNOWLEDGED}


def test_a_late_resolve_always_holds_and_other_late_verbs_never():
    verbs = {verb for verb in Verb if still_the_same(an_incident(status=Status.SNOOZED), verb)}

    assert verbs == {Verb.RESOLVE}


@given(incidents(), st.sampled_from(Verb), st.sampled_from([None, ADA]), st.sampled_from([None, ADA, BO]))
def test_whatever_is_done_the_rules_of_version_generation_and_owner_hold(
    before: Incident, verb: Verb, by: int | None, to: int | None
):
    try:
        after = transition(before, verb, by=by, to=to, until=NOON)
    except IllegalTransition:
        return

    if after is before:
        return
    assert after.version == before.version + 1
    became_open = after.status is Status.OPEN and before.status is not Status.OPEN
    reassigned = verb is Verb.REASSIGN and after.status is Status.OPEN
    assert after.generation == before.generation + (became_open or reassigned)
    assert (after.until is not None) <= (after.status in (Status.SNOOZED, Status.SUPPRESSED))
    if became_open and verb is not Verb.REASSIGN:
        assert after.assignee_id is None


@given(incidents(), st.sampled_from(Verb), st.sampled_from([ADA, BO]))
def test_doing_the_same_twice_changes_nothing_the_second_time(before: Incident, verb: Verb, to: int | None):
    try:
        once = transition(before, verb, by=ADA, to=to, until=NOON)
        twice = transition(once, verb, by=ADA, to=to, until=NOON)
    except IllegalTransition:
        return

    assert twice is once or verb is Verb.ESCALATE
