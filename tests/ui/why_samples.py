"""Why somebody was paged, or was not, as the page of an incident shows it in tests."""

from __future__ import annotations

from opsknight.domain.queries.why import LinkLine, WhyLine
from tests.ui.samples import NOW

PEOPLE = {"1": "Amira Khan", "2": "Maximiliane Oberbichler-Hohenstein"}
_STEP = (
    "Step 1 asked you (on call: Platform on call, Weekly, until Mon 09:00 CET). The messages were planned as push"
    " and mail, as your notification rules for this urgency say."
)
_CHAIN = (
    ("opened", "Checkout probes opened the incident as critical, high urgency."),
    ("step fired", _STEP),
    ("failed", "Mail to Amira Khan failed: “550 5.1.1 The email account that you tried to reach does not exist”."),
    ("acknowledged", "Amira Khan acknowledged it by push notification."),
)
_PAGED = "You were paged by step 1 (on call: Platform on call, Weekly, until Mon 09:00 CET). The push was seen."
_NOT_PAGED = (
    "Maximiliane Oberbichler-Hohenstein was not paged: step 1 asked Amira Khan (on call: Platform on call, Weekly,"
    " until Mon 09:00 CET); Maximiliane Oberbichler-Hohenstein is asked by step 2, due 5 min after the first;"
    " Amira Khan acknowledged after 1 min 40 s."
)


def why(user_id: int) -> WhyLine:
    """Return that Amira was paged, and that nobody else was."""
    chain = [LinkLine(at=NOW - 600 + nth, kind=kind, sentence=told) for nth, (kind, told) in enumerate(_CHAIN)]
    paged = user_id == 1
    summary = _PAGED if paged else _NOT_PAGED
    return WhyLine(user=PEOPLE[str(user_id)], user_id=user_id, paged=paged, summary=summary, chain=chain)
