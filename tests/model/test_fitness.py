"""Whether whoever is on call soon is fit for it: what is red, who mends it, and when it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from opsknight.domain.model.fitness import (
    Item,
    Mends,
    Somebody,
    Turn,
    items,
    may_be_told,
    to_be_told,
    to_lead,
    to_person,
    worst,
)
from opsknight.domain.model.going_on_call import Instead, Way
from opsknight.domain.model.readiness import State
from tests.clock import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MAIL = Way("email", "Mail", verified=True, proven_at=NOON - DAY, loud=False)
PUSH = Way("push", "Pixel 8", verified=True, proven_at=NOON - DAY, loud=False)
CALL = Way("voice", "+49 151 1", verified=True, proven_at=NOON - DAY, loud=True)


def a_turn(starts_in: timedelta = -HOUR, *, schedule: str = "Primary", zone: str = "Europe/Berlin") -> Turn:
    return Turn(1, schedule, 1, zone, NOON + starts_in, NOON + starts_in + DAY)


def somebody(*ways: Way, **changes: Any) -> Somebody:
    said = {"zone": "Europe/Berlin", "turns": [a_turn()], "ways": ways, "planned": ways, **changes}
    return Somebody(1, "Ada", **said)


def found(one: Somebody, name: str) -> Item | None:
    return next((item for item in items(one, now=NOON) if item.name == name), None)


def test_who_is_reached_and_woken_is_ready():
    assert worst(items(somebody(PUSH, CALL), now=NOON)) is State.GOOD


def test_whom_no_page_reaches_is_red_and_mends_it():
    item = found(somebody(), "reach")

    assert item is not None
    assert (item.state, item.mends) == (State.BAD, Mends.THEY)
    assert item.sentence.startswith("No page gets through: no contact method yet. Turn push on under Me")


def test_an_observer_is_red_and_has_another_role_given_or_another_put_in_their_place():
    item = found(somebody(PUSH, CALL, may_respond=False), "role")

    assert item is not None
    assert (item.state, item.mends) == (State.BAD, Mends.THEY)
    assert item.sentence == (
        "An observer can acknowledge a page by answering it, and do nothing more about the incident. Ask an admin for"
        " the role of a responder, or have somebody else put in this place."
    )
    assert found(somebody(PUSH, CALL), "role") is None


def asked_by(policy: str) -> Turn:
    return Turn(0, "", 1, "", NOON, NOON + 7 * DAY, policy_id=3, policy=policy)


def test_whom_a_policy_asks_is_told_of_the_policy_and_by_day():
    one = somebody(turns=[asked_by("Payments")])

    told = to_person(one, to_be_told(items(one, now=NOON)), now=NOON).splitlines()[0]
    lead = to_lead([(one, to_be_told(items(one, now=NOON)))], ZoneInfo("UTC"), now=NOON).splitlines()[1]

    assert told == "The policy Payments asks you at any time, and you are not ready for it"
    assert lead == "Ada, whom the policy Payments asks at any time:"
    assert may_be_told(one, now=NOON)
    assert not may_be_told(one, now=NOON + 10 * HOUR)


def test_whom_a_policy_asks_while_they_are_on_leave_is_red():
    item = found(
        somebody(PUSH, CALL, turns=[asked_by("Payments")], leaves=[(NOON + DAY, NOON + 2 * DAY)]), "asked_away"
    )

    assert item is not None
    assert item.state is State.BAD
    assert item.sentence == (
        "On leave from Wed 25 Nov 13:00 CET until Thu 26 Nov 13:00 CET, and the policy Payments asks all the same. Have"
        " somebody else named there, or say under Me who is paged instead."
    )


def test_a_deactivated_account_that_a_policy_asks_is_red():
    item = found(somebody(active=False, turns=[a_turn(), asked_by("Payments")]), "active")

    assert item is not None
    assert item.sentence.startswith(
        "The account is deactivated, and Primary and the policy Payments still counts on it."
    )


def test_mail_without_a_mail_server_is_the_operators_to_mend():
    item = found(somebody(replace(MAIL, unset=True)), "reach")

    assert item is not None
    assert (item.state, item.mends) == (State.BAD, Mends.OPERATOR)


def test_a_number_that_nothing_carries_reaches_and_wakes_nobody():
    sms = Way("sms", "+49 151 2", verified=True, loud=True, unset=True)

    alone, beside_mail = somebody(sms), somebody(sms, MAIL)

    reach, loud, unset = found(alone, "reach"), found(beside_mail, "loud"), found(beside_mail, "unset")
    assert reach is not None
    assert (reach.state, reach.mends) == (State.BAD, Mends.OPERATOR)
    assert reach.sentence.startswith("No page gets through: only by channels that are not set up here.")
    assert loud is not None
    assert loud.state is State.BAD
    assert unset is not None
    assert unset.sentence.startswith("Do not count on +49 151 2: SMS is not set up on this installation.")


def test_of_whom_somebody_else_is_paged_instead_all_the_time_nothing_more_is_said():
    until = NOON + 2 * DAY

    (item,) = items(somebody(MAIL, instead=Instead(until, "Bo")), now=NOON)
    before_and_after = items(somebody(MAIL, turns=[a_turn(DAY + 2 * HOUR)], instead=Instead(until, "Bo")), now=NOON)
    nobody = found(somebody(CALL, instead=Instead(until)), "instead")

    assert (item.state, item.sentence) == (
        State.GOOD, "Not to be disturbed: Bo gets the pages until Thu 26 Nov 13:00 CET.",
    )  # fmt: skip
    assert {one.name for one in before_and_after} >= {"instead", "loud"}
    assert nobody is not None
    assert nobody.state is State.WARN


def test_push_and_mail_wake_nobody():
    item = found(somebody(PUSH, MAIL), "loud")

    assert item is not None
    assert (item.state, item.mends) == (State.BAD, Mends.THEY)


def test_where_no_channel_wakes_it_is_red_and_nobody_is_told_daily_of_what_they_cannot_mend():
    one = somebody(PUSH, loud_there=False)

    assert worst(items(one, now=NOON)) is State.BAD
    assert to_be_told(items(one, now=NOON)) == ()


def test_a_number_that_the_own_rules_leave_out_wakes_nobody():
    item = found(somebody(PUSH, CALL, planned=[PUSH]), "loud")

    assert item is not None
    assert item.state is State.BAD
    assert "leave +49 151 1 out" in item.sentence


def test_leave_without_a_substitute_is_red():
    item = found(somebody(CALL, leaves=[(NOON, NOON + 3 * DAY)]), "away")

    assert item is not None
    assert item.state is State.BAD
    assert "on Primary" in item.sentence


def test_leave_beside_the_turns_is_nothing():
    assert found(somebody(CALL, leaves=[(NOON + 2 * DAY, NOON + 3 * DAY)]), "away") is None


@pytest.mark.parametrize(
    ("proven_at", "state"), [(None, State.WARN), (NOON - 31 * DAY, State.WARN), (NOON - DAY, State.GOOD)]
)
def test_old_proof_is_something_to_look_at(proven_at: Any, state: State):
    item = found(somebody(Way("voice", "Phone", verified=True, proven_at=proven_at, loud=True)), "proof")

    assert item is not None
    assert item.state is state


def test_a_drill_that_was_not_answered_is_something_to_look_at():
    silent, heard = (found(somebody(CALL, drilled_at=NOON - DAY, drill_answered=done), "drill") for done in (0, 1))

    assert silent is not None
    assert heard is not None
    assert (silent.state, heard.state) == (State.WARN, State.GOOD)


def test_a_deactivated_person_is_the_leads_to_mend():
    (item,) = items(somebody(CALL, active=False), now=NOON)

    assert (item.state, item.mends) == (State.BAD, Mends.LEAD)


def test_a_clock_that_nobody_set_is_something_to_look_at():
    assert found(somebody(CALL, zone="UTC"), "zone") is not None
    assert found(somebody(CALL, zone="UTC", turns=[a_turn(zone="UTC")]), "zone") is None


def test_people_are_told_by_day_unless_their_turn_is_near():
    night = NOON.replace(hour=2)

    assert may_be_told(somebody(turns=[a_turn(5 * DAY)]), now=NOON)
    assert not may_be_told(somebody(turns=[a_turn(5 * DAY)]), now=night)
    assert may_be_told(somebody(turns=[a_turn(-HOUR)]), now=night)


def test_what_is_told_names_the_turn_first_and_then_what_now():
    one = somebody(turns=[a_turn(2 * DAY)])
    reds = to_be_told(items(one, now=NOON))

    mine, leads = to_person(one, reds, now=NOON), to_lead([(one, reds)], ZoneInfo("UTC"), now=NOON)

    assert mine.splitlines()[0] == "You are not ready for your turn on Primary, Thu 26 Nov 13:00 CET"
    assert leads.splitlines()[:2] == ["Not ready to be on call: Ada", "Ada, Primary from Thu 26 Nov 12:00 UTC:"]
    assert reds[0].sentence in mine
    assert reds[0].sentence in leads
