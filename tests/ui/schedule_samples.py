"""Schedules for the gallery: answered by the model itself, with names as long and gaps as bad as they come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from opsknight.domain.model import schedule as model
from opsknight.domain.model.layer_plan import LayerPlan, a_part
from opsknight.domain.model.override import Change, Leave, Override
from opsknight.domain.model.rotation import Unit
from opsknight.domain.queries.oncall import shift_line
from opsknight.domain.queries.schedule_previews import drawn
from tests.ui.samples import HOSTILE, LONG_WORD, NOW

NAMES = {
    1: "Amira Khan",
    2: "Jonas Olsen",
    3: "Wei Zhang",
    4: "Maximiliane Oberbichler-Hohenstein",
    5: HOSTILE,
}
ZONE = "Europe/Berlin"
_TODAY = datetime.fromtimestamp(NOW, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
_MONDAY = (_TODAY - timedelta(days=_TODAY.weekday() + 28)).replace(tzinfo=None)
_NIGHTS = tuple(a_part(day, 20 * 60, 8 * 60) for day in range(1, 6))
_DAYS = tuple(a_part(day, 8 * 60, 20 * 60) for day in range(1, 6))
PLANS = (
    LayerPlan(
        "Nights", starts_at=_MONDAY + timedelta(hours=20), unit=Unit.DAYS, groups=((1,), (2,), (5,)), parts=_NIGHTS
    ),
    LayerPlan("Weekdays", starts_at=_MONDAY + timedelta(hours=8), unit=Unit.WEEKS, groups=((3, 4), (1,)), parts=_DAYS),
    LayerPlan(LONG_WORD[:100], starts_at=_MONDAY, groups=((2,), (4,)), parts=(a_part(6, 8 * 60, 22 * 60),)),
)
SHADOW = LayerPlan("Newcomers", starts_at=_MONDAY + timedelta(hours=9), groups=((3,),))
DENTIST = Override(
    7, Change.REPLACE, _TODAY + timedelta(days=1, hours=9), _TODAY + timedelta(days=1, hours=15), user_id=2
)
SCHEDULE = model.Schedule(
    layers=tuple(plan.layer(ZONE) for plan in PLANS),
    name="Platform on call",
    id=1,
    overrides=(DENTIST,),
    leaves=(Leave(1, 1, _TODAY + timedelta(days=2), _TODAY + timedelta(days=5)),),
    shadow_layers=(SHADOW.layer(ZONE),),
)
LINE: Any = {"id": 1, "name": SCHEDULE.name, "team_id": 1, "team": "Platform", "zone": ZONE, "version": 3}


def timeline(start: float, end: float, schedule: model.Schedule = SCHEDULE) -> dict[str, Any]:
    since, until = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
    found = model.shifts(schedule, since, until)
    override = {
        "id": 7, "schedule_id": 1, "change": "replace", "user_id": 2, "replaces_id": None, "note": "Dentist",
        "start_at": DENTIST.start_at.timestamp(), "end_at": DENTIST.end_at.timestamp(), "swap_id": None,
        "created_by": 1,
    }  # fmt: skip
    touched = [override] if DENTIST.touches(since, until) else []
    return {**drawn(schedule, found, NAMES, since, until), "overrides": touched}


def overviews() -> Any:
    now = datetime.fromtimestamp(NOW, UTC)
    told = timeline(NOW, NOW + 28 * 86_400)
    here = [shift_line(one, NAMES) for one in model.on_call(SCHEDULE, now)]
    after = [shift_line(one, NAMES) for one in model.next_on_call(SCHEDULE, after=now)]
    first = {"schedule": LINE, "on_call": here, "next": after, "gaps": told["gaps"], "away": told["away"]}
    covered = {"on_call": after, "next": [], "gaps": [], "away": []}
    longer = {**LINE, "id": 2, "name": LONG_WORD, "team": HOSTILE}
    return [first, {**first, **covered, "schedule": longer}, {**covered, "schedule": {**LINE, "id": 3}, "on_call": []}]


def document() -> dict[str, Any]:
    def told(plan: LayerPlan) -> dict[str, Any]:
        plain = plan.to_json()
        hours = [_hours(*part) for part in plain.pop("parts")]
        return plain | {"hours": hours}

    rest = {"on_leave": "warn", "country": "DE", "subdivision": "", "holidays": []}
    return {**LINE, "layers": [told(plan) for plan in PLANS], "shadow_layers": [told(SHADOW)], **rest}


def _hours(start: int, end: int) -> dict[str, Any]:
    at = [f"{minute % 1440 // 60:02}:{minute % 60:02}" for minute in (start, end)]
    return {"weekdays": [start // 1440 + 1], "start": at[0], "end": at[1]}


def people() -> list[dict[str, Any]]:
    common = {"role": "responder", "active": True}
    return [{"id": number, "name": name, "reachable": number != 2, **common} for number, name in NAMES.items()]


def preview(start: float, end: float) -> dict[str, Any]:
    bare = replace(SCHEDULE, overrides=(), leaves=())
    load = [
        {
            "user_id": number,
            "user": name,
            "on_call_s": 4e5 / number,
            "on_call_now_s": 2e5,
            "shifts": 9 - number,
            "reachable": number != 2,
        }
        for number, name in NAMES.items()
    ]
    told = {**timeline(start, end, bare), "overrides": []}
    sums = {"covered_s": 7e6, "covered_now_s": 7.5e6, "handoffs": 130, "handoffs_now": 13}
    change = {
        "at": start + 86_400,
        "zones": ["Europe/Berlin"],
        "shifts": told["final"][:1],
        "shifts_now": told["final"][1:2],
    }
    difference = {"until_at": start + 91 * 86_400, "gaps": told["gaps"], **sums}
    span = {"start_at": start + 3 * 86_400, "end_at": start + 4 * 86_400}
    undone = [{"user_id": 1, "user": NAMES[1], "by": f"a swap with {NAMES[3]}", "what": "swap", **span}]
    clocks = {"until_at": start + 350 * 86_400, "gaps": told["gaps"]}
    weighed = {"load": load, "difference": difference, "undone": undone}
    return {"timeline": told, **weighed, "clock_changes": [change], "until_clocks": clocks}


def leave_preview(wish: dict[str, Any]) -> dict[str, Any]:
    start, middle = wish["start_at"], (wish["start_at"] + wish["end_at"]) / 2
    taken = [{"user_id": 3, "user": NAMES[3], "start_at": start, "end_at": middle, "away": False}]
    line = {"schedule_id": 1, "schedule": "Platform", "taken": taken, "gaps": [(middle, middle + 7200)]}
    sentence = f"You are away for 7 d, in 1 d; {NAMES[3]} has their shifts. For 2 h of that, in 4 d, nobody is on call."
    return {"sentence": sentence, "schedules": [line]}


def override_preview(wish: dict[str, Any]) -> dict[str, Any]:
    start, end = wish["start_at"], wish["end_at"]
    now = timeline(start, end)
    after = [{**one, "user_id": wish.get("user_id"), "user": NAMES.get(wish.get("user_id", 0))} for one in now["final"]]
    gaps = [(start, end)] if wish["change"] == "remove" else []
    told = {"gaps_before": now["gaps"], "gaps": gaps, "changes": True, "sentence": "It would be so."}
    return {"before": now["final"], "after": [] if gaps else after, **told}


def swaps() -> list[dict[str, Any]]:
    common = {
        "id": 1, "schedule_id": 1, "kind": "cover", "status": "open", "user_id": 2, "start_at": NOW + 90_000,
        "end_at": NOW + 130_000, "return_start_at": None, "return_end_at": None, "offered_to": [], "note": LONG_WORD,
        "expires_at": NOW + 90_000, "taken_by": None,
    }  # fmt: skip
    mine = {"id": 2, "user_id": 1, "kind": "swap", "offered_to": [2, 4], "note": ""}
    theirs = {"id": 4, "user_id": 4, "kind": "swap", "note": ""}
    not_mine = {"id": 5, "offered_to": [3], "note": ""}
    whole = {
        "id": 6,
        "user_id": 3,
        "kind": "swap",
        "note": "",
        "return_start_at": NOW + 2e5,
        "return_end_at": NOW + 3e5,
    }
    return [
        common,
        {**common, **mine},
        {**common, **theirs},
        {**common, **not_mine},
        {**common, **whole},
        {**common, "id": 3, "status": "taken", "taken_by": 4, "user_id": 3},
    ]


def leaves() -> list[dict[str, Any]]:
    common = {"id": 1, "user_id": 1, "start_at": NOW + 172_800, "end_at": NOW + 432_000, "note": ""}
    return [{**common, "substitute_id": None}, {**common, "id": 2, "user_id": 4, "substitute_id": 3, "note": HOSTILE}]


def imported() -> Any:
    common = {
        "schedule_id": 1, "layer_id": 9, "zone": ZONE, "warnings": [], "read_at": NOW - 240, "tried_at": NOW - 240,
        "failing_since": None, "error": "", "stale": False, "made_by": "Amira Khan", "shifts": 41,
        "brings": "shifts", "holidays": 0,
    }  # fmt: skip
    feast = {"layer_id": None, "brings": "holidays", "shifts": 0, "holidays": 12}
    wrong = ["“Mallory” in “Nights, Mallory”: nobody here is called that.", f"“{HOSTILE}”: two people are called that."]
    failing = {
        "failing_since": NOW - 90_000, "stale": True, "read_at": NOW - 91_000,
        "error": "calendar.example.org answered 404 (not found): the address may have been revoked.",
    }  # fmt: skip
    address = f"https://calendar.example.org/{LONG_WORD}/basic.ics"
    return [
        {**common, "id": 1, "name": "Team calendar", "url": "https://calendar.example.org/basic.ics"},
        {**common, "id": 2, "name": LONG_WORD[:100], "url": address, "warnings": wrong},
        {**common, "id": 3, "name": "Old rota", "url": "https://calendar.example.org/old.ics", **failing},
        {**common, "id": 4, "name": "Summer", "url": "", "shifts": 1, "warnings": wrong[:1]},
        {**common, **feast, "id": 5, "name": "Holidays of Bavaria", "url": "https://calendar.example.org/by.ics"},
    ]


def replaced() -> Any:
    common = {"schedule_id": 1, "version": 3, "layers": [], "start_at": NOW + 400_000, "end_at": NOW + 900_000}
    return [{**common, "id": 1, "name": "Moving day"}, {**common, "id": 2, "name": LONG_WORD[:100]}]


def temporary(number: int) -> dict[str, Any]:
    """Return one of them as it was written: the first by hand, the other by people who take turns."""
    one = replaced()[number - 1]
    start, end = one["start_at"], one["end_at"]
    both = {"start_at": start, "end_at": start + 100_000, "user_ids": [1, 3]}
    rest = {"start_at": start + 100_000, "end_at": end, "user_ids": [4]}
    by_hand = {"name": "Moving day", "kind": "fixed", "shifts": [both, rest]}
    return one | {"layers": [by_hand] if number == 1 else [document()["layers"][0], {**by_hand, "name": "By hand"}]}


def links() -> Any:
    common = {
        "of": "schedule", "about": "Platform on call", "schedule_id": 1, "team_id": None, "with_gaps": False,
        "made_by": "Amira Khan", "yours": True, "created_at": NOW,
    }  # fmt: skip
    wall = {"id": 6, "name": "Wall", "with_gaps": True, "read_at": NOW - 600, "read_by": "Google-Calendar-Importer"}
    other = {"id": 5, "name": LONG_WORD[:100], "made_by": HOSTILE, "yours": False, "read_at": None, "read_by": ""}
    return [{**common, **wall}, {**common, **other}]


def own_shifts() -> Any:
    turns = [NOW + day * 86_400 for day in range(1, 8)]
    names = ["Platform on call", LONG_WORD] * 4
    return [
        {"schedule_id": 1, "schedule": name, "start_at": at, "end_at": at + 43_200}
        for at, name in zip(turns, names, strict=False)
    ]
