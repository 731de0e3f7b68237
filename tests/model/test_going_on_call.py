"""The check before a shift: what is red, what is worth a look, and that each says what now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.going_on_call import PROVEN_WITHIN, Case, Check, Instead, Way, checks, red
from opsknight.domain.model.readiness import State
from tests.clock import NOON

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def a_way(**said: Any) -> Way:
    return Way(
        **{"channel": "push", "label": "Pixel 9", "verified": True, "proven_at": NOON - DAY, "loud": True, **said}
    )


def a_case(*ways: Way, **said: Any) -> Case:
    plain = {"start_at": NOON + HOUR, "end_at": NOON + DAY, "zone": "Europe/Berlin", "schedule_zone": "Europe/Berlin"}
    return Case(**{**plain, "ways": ways or (a_way(),), "in_calendar": True, **said})


def the(name: str, case: Case) -> Check:
    return {check.name: check for check in checks(case, now=NOON)}[name]


def test_who_is_ready_has_nothing_to_see_to():
    found = checks(a_case(), now=NOON)

    assert {check.state for check in found} == {State.GOOD}
    assert [check.sentence for check in found] == [
        "Pages reach you by Pixel 9.",
        "The last proof that a message arrives is 1 d old, from Pixel 9.",
        "It begins Tue 24 Nov 14:00 CET, by your clock and by the schedule's.",
        "Your shifts are in a calendar of yours.",
    ]


def test_whom_no_page_reaches_is_red_with_the_reason():
    assert red(checks(a_case(a_way(verified=False)), now=NOON)) == (
        "No page can reach you: nothing verified yet. Turn push on under Me, on the device that you carry.",
    )
    mail = a_way(channel="email", label="ada@example.com")
    assert the("reach", a_case(replace(mail, unset=True))).state is State.BAD


def test_an_observer_is_red():
    (sentence,) = red(checks(a_case(may_respond=False), now=NOON))

    assert sentence == (
        "You are an observer: you can acknowledge a page by answering it, and do nothing more about the incident."
        " Ask an admin for the role of a responder, or ask others to take the shift."
    )


def test_who_is_reached_by_nothing_that_wakes_is_red():
    mail = a_way(channel="email", label="ada@example.com", loud=False)

    assert the("reach", a_case(mail)).state is State.BAD
    assert the("reach", a_case(a_way(loud=False), a_way(loud=False))).state is State.BAD
    assert the("reach", a_case(a_way(loud=False), a_way(loud=True))).state is State.GOOD
    assert "Add a number for calls or SMS under Me" in the("reach", a_case(a_way(loud=False))).sentence


def test_whoever_gets_the_pages_is_judged():
    until, silent = NOON + 3 * HOUR, a_way(label="bo@example.com", loud=False)

    wakes = the("instead", a_case(instead=Instead(until, "Bo", [a_way()])))
    sleeps = the("instead", a_case(instead=Instead(until, "Bo", [silent, a_way(unset=True)])))
    nobody = the("instead", a_case(instead=Instead(until)))

    assert [one.state for one in (wakes, sleeps, nobody)] == [State.GOOD, State.BAD, State.WARN]
    assert sleeps.sentence.startswith("Bo gets your pages until Tue 24 Nov 16:00 CET, and nothing wakes them.")
    assert "instead" not in {one.name for one in checks(a_case(instead=Instead(NOON + HOUR, "Bo")), now=NOON)}


def test_what_nothing_carries_is_named():
    sms = a_way(channel="sms", label="+49 151 2", unset=True)

    assert the("unset", a_case(a_way(), sms)).sentence == (
        "Do not count on +49 151 2: SMS is not set up on this installation. An operator sets it up."
    )
    assert the("reach", a_case(a_way(loud=False), sms)).state is State.BAD


def test_a_device_whose_subscription_is_gone_is_named():
    off = a_way(label="Old phone", disabled=True, disabled_reason="the device is gone")

    assert the("off", a_case(a_way(), off)).sentence == (
        "Do not count on Old phone (the device is gone). Turn it on again on that device, or remove it under Me."
    )


def test_a_proof_grows_old():
    assert the("proof", a_case(a_way(proven_at=NOON - PROVEN_WITHIN))).state is State.GOOD
    assert the("proof", a_case(a_way(proven_at=NOON - PROVEN_WITHIN - HOUR))).sentence == (
        "No message to you was proven to arrive for 30 d 1 h. Press “Page me now” under Me."
    )
    assert the("proof", a_case(a_way(proven_at=None))).state is State.WARN


def test_leave_within_the_shift_is_red_and_tells_which_part():
    case = a_case(leaves=[(NOON - DAY, NOON + 2 * HOUR), (NOON + 3 * DAY, NOON + 4 * DAY)])

    (told,) = red(checks(case, now=NOON))
    assert told == (
        "You are away from Tue 24 Nov 14:00 CET until Tue 24 Nov 15:00 CET, and on call all the same."
        " Name a substitute, or ask others to take it."
    )


def test_a_clock_that_was_never_set_is_worth_a_look_and_another_one_is_only_told():
    unset, abroad = the("zone", a_case(zone="UTC")), the("zone", a_case(zone="Asia/Tokyo"))

    assert (unset.state, abroad.state) == (State.WARN, State.GOOD)
    assert abroad.sentence == (
        "It begins Tue 24 Nov 22:00 JST by your clock and Tue 24 Nov 14:00 CET by the schedule's."
    )
    assert the("zone", a_case(zone="UTC", schedule_zone="Africa/Abidjan")).state is State.GOOD


def test_of_a_shift_that_runs_it_is_told_when_it_began():
    assert the("zone", a_case(start_at=NOON - HOUR)).sentence.startswith("It began Tue 24 Nov 12:00 CET")


def test_a_public_holiday_counts_where_the_schedule_lives_and_its_last_midnight_does_not():
    ends_at_midnight = datetime(2026, 11, 24, 23, tzinfo=UTC)
    days = [date(2026, 11, 24), date(2026, 11, 25)]

    assert the("holiday", a_case(end_at=ends_at_midnight, holidays=days)).sentence == (
        "Tue 24 Nov is a public holiday in this shift. If you are away, ask others to take it."
    )


def test_shifts_in_no_calendar_are_worth_a_look():
    assert the("calendar", a_case(in_calendar=False)).state is State.WARN


WAYS = st.builds(
    a_way,
    channel=st.sampled_from(["push", "email"]),
    verified=st.booleans(),
    disabled=st.booleans(),
    proven_at=st.none() | st.integers(0, 90).map(lambda days: NOON - days * DAY),
    loud=st.booleans(),
    unset=st.booleans(),
)
CASES = st.builds(
    lambda ways, leave_h, zone, **said: a_case(
        **said, ways=ways, zone=zone, leaves=[(NOON + leave_h * HOUR, NOON + (leave_h + 5) * HOUR)]
    ),
    ways=st.lists(WAYS, max_size=3),
    leave_h=st.integers(-30, 30),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Chatham"]),
    in_calendar=st.booleans(),
    holidays=st.just([date(2026, 11, 24)]),
)


@given(CASES)
def test_every_check_is_one_sentence_or_more_and_red_is_exactly_what_keeps_a_page_away(case: Case):
    found = checks(case, now=NOON)

    assert len({check.name for check in found}) == len(found)
    assert all(check.sentence.endswith(".") and check.sentence[0].isupper() for check in found)
    works = [way for way in case.ways if way.works]
    away = any(start < case.end_at and end > case.start_at for start, end in case.leaves)
    assert {check.name for check in found if check.state is State.BAD} == (
        (set() if any(way.loud for way in works) else {"reach"}) | ({"away"} if away else set())
    )
