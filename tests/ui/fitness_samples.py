"""Sample readiness: somebody who is not ready, somebody to look at, somebody who is ready; and a house with a flaw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from opsknight.domain.model import restored
from opsknight.domain.model.fitness import Somebody, Turn, items
from opsknight.domain.model.going_on_call import Way
from opsknight.domain.model.readiness import Finding, State
from opsknight.domain.model.restored import Waiting
from opsknight.domain.model.service_level import ServiceLevel, ServiceLevels
from opsknight.domain.queries.fitness import line_of
from opsknight.ui.fitness import Told
from tests.ui.samples import LONG_WORD, NOW

AT = datetime.fromtimestamp(NOW, UTC)
DAY = timedelta(days=1)
MAIL = Way("email", f"{LONG_WORD}@example.com", verified=True, proven_at=AT - 45 * DAY, loud=False)
PUSH = Way("push", "Pixel 8", verified=True, proven_at=AT - timedelta(hours=3), loud=False)
CALL = Way("voice", "+49 151 23456789", verified=True, proven_at=AT - 2 * DAY, loud=True)
OFF = Way("sms", "+49 151 99999999", verified=True, disabled=True, disabled_reason="STOP was answered", loud=True)


def a_turn(schedule: str, starts_in: timedelta, lasts: timedelta = DAY) -> Turn:
    return Turn(1, schedule, 1, "Europe/Berlin", AT + starts_in, AT + starts_in + lasts)


ASKED = Turn(0, "", 1, "", AT, AT + 7 * DAY, policy_id=1, policy="Payments")
"""That a policy asks somebody by name."""


def told() -> Told:
    """Return what the page of readiness shows."""
    people = [
        Somebody(
            2, "Bo Lindqvist", "UTC", [a_turn("Payments primary", -DAY / 2), a_turn(LONG_WORD, 4 * DAY)],
            ways=[MAIL, OFF], planned=[MAIL], leaves=[(AT, AT + 3 * DAY)], drilled_at=AT - 3 * DAY,
        ),
        Somebody(3, LONG_WORD, "Europe/Berlin", [a_turn("Edge network", 2 * DAY)]),
        Somebody(
            4, "Cy Young", "America/New_York", [a_turn("Edge network", DAY * number) for number in range(1, 6)],
            ways=[PUSH, CALL], planned=[PUSH, CALL], drilled_at=AT - 3 * DAY,
        ),
        Somebody(
            1, "Amira Khan", "Europe/Berlin", [a_turn("Platform primary", -DAY / 4), ASKED],
            ways=[PUSH, CALL], planned=[PUSH, CALL], drilled_at=AT - 3 * DAY, drill_answered=True,
        ),
    ]  # fmt: skip
    house = [
        Finding("database"),
        Finding("mail", State.WARN, "Nobody can be reached by mail: OPSKNIGHT_SMTP_URL is not set."),
        Finding("restored", State.BAD, restored.told(Waiting({"escalation": 4, "notification": 1}, AT - DAY), now=AT)),
        Finding("engine", State.BAD, "Paging is late: the oldest work fell due 42 s ago and nobody has taken it."),
    ]
    levels = ServiceLevels(ServiceLevel(1.0, 0.31, 12), ServiceLevel(0.25, 0.42, 1280))
    return Told(house, [line_of(one, items(one, now=AT)) for one in people], levels)
