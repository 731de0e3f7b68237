"""Sample drills: one under way, one that is over and found something."""

from __future__ import annotations

from opsknight.domain.model.channel import face
from opsknight.domain.model.drill import EVERYONE, Hops, finding
from opsknight.domain.queries.drills import Drill, DrillLine, DrillMessage, DrillPerson
from opsknight.domain.queries.weekly_drills import WeeklyLine
from opsknight.ui.drills import Drills
from tests.ui.samples import LONG_WORD, NOW


def a_message(channel: str, label: str, status: str, due_s: float = 0.0, **changes: object) -> DrillMessage:
    """Return a message that nothing has become of yet, but for `changes`."""
    nothing = {"handed_s": None, "delivered_s": None, "seen_s": None, "acknowledged_s": None, "reason": ""}
    return {"channel": channel, "label": label, "status": status, "due_s": due_s, **nothing, **changes}  # type: ignore[return-value,typeddict-item]


def a_person(user_id: int, name: str, messages: list[DrillMessage], **changes: object) -> DrillPerson:
    """Return somebody who has not answered, but for `changes`."""
    nothing = {"unreachable": "", "acknowledged_s": None, "via": ""}
    return {"user_id": user_id, "user": name, "messages": messages, **nothing, **changes}  # type: ignore[return-value,typeddict-item]


def a_line(number: str, about: str, acknowledged: int, people: int, *, ago_s: float, over: bool = True) -> DrillLine:
    """Return a drill as lists show it."""
    begins_at = NOW - ago_s
    return {
        "id": number,
        "about": about,
        "asked_by": None if about == EVERYONE else "Amira Khan",
        "weekly": about == EVERYONE,
        "begins_at": begins_at,
        "ends_at": begins_at + 900,
        "over": over,
        "people": people,
        "acknowledged": acknowledged,
        "left_out": "",
    }


def _people(*, over: bool) -> list[DrillPerson]:
    amira = [
        a_message("push", "Pixel 8", "seen", handed_s=0.24, delivered_s=1.9, seen_s=14.2, acknowledged_s=14.2),
        a_message("sms", "+4915123456789", "superseded", 60.0, reason="this person has acknowledged the drill"),
        a_message("email", "amira@example.com", "accepted", handed_s=0.61),
    ]
    bo = [
        a_message("voice", "+4915199999999", "failed", reason="Twilio said no-answer: nobody answered the call"),
        a_message("email", f"{LONG_WORD}@example.com", "delivered", handed_s=0.4, delivered_s=132.0),
        a_message("slack", "U0123", "failed" if over else "queued", 120.0, reason="channel_not_found" if over else ""),
    ]
    return [
        a_person(1, "Amira Khan", amira, acknowledged_s=14.2, via="push button"),
        a_person(2, "Bo Lindqvist", bo),
        a_person(3, LONG_WORD, [], unreachable="no contact method"),
    ]


def a_drill_under_way() -> Drill:
    """Return one in which somebody has answered and somebody has not yet."""
    line = a_line("1", EVERYONE, 1, 3, ago_s=135, over=False)
    return {**line, "by_person": _people(over=False), "findings": []}


def a_drill_that_is_over(number: str = "2") -> Drill:
    """Return one with what it found."""
    people = _people(over=True)
    hops = [
        Hops(face(one["channel"]).word, one["status"], one["reason"], one["handed_s"], one["delivered_s"])
        for one in people[1]["messages"]
    ]
    found = [
        finding("Bo Lindqvist", unreachable="", messages=hops),
        finding(LONG_WORD, unreachable="no contact method", messages=()),
    ]
    return {**a_line(number, EVERYONE, 1, 3, ago_s=7200), "by_person": people, "findings": found}


def drills() -> Drills:
    """Return what the page of drills shows."""
    under_way = a_drill_under_way()
    earlier = [
        a_line("2", EVERYONE, 1, 3, ago_s=7200),
        a_line("3", "Bo Lindqvist", 1, 1, ago_s=90_000),
        a_line("4", f"who is on call on {LONG_WORD}", 2, 2, ago_s=700_000),
    ]
    comes: WeeklyLine = {
        "weekday": 2,
        "hour": 11,
        "zone": "Europe/Berlin",
        "schedule_id": None,
        "words": "every Tuesday at 11:00 (Europe/Berlin)",
        "about": EVERYONE,
        "next_at": NOW + 300_000,
    }
    return Drills([under_way, *earlier], [under_way], comes)
