"""Handoffs for the gallery: one with a note, one without, and the reader's own."""

from __future__ import annotations

from typing import Any

from tests.ui.samples import HOSTILE, LONG_WORD, NOW

NOTE = "Replica db-2 lags since 02:10. The vacuum is throttled, do not restart it.\n\nWatch: #412, #398."


def handoffs() -> Any:
    """Two that are left for the reader, and two that the reader leaves."""
    owned = [an_incident(412, "Replication lag 240 s on postgres-main-eu-west-1"), an_incident(398, LONG_WORD)]
    paged = [an_incident(412, "Replication lag 240 s on postgres-main-eu-west-1", times=3), an_incident(401, HOSTILE)]
    night = [an_incident(n, f"Queue {n} grows") for n in range(420, 428)]
    return {
        "coming": [
            a_handoff(user="Jonas Olsen", text=NOTE, written_at=NOW - 600, owned=owned, paged=paged),
            a_handoff(schedule_id=2, schedule=LONG_WORD, user=LONG_WORD),
        ],
        "leaving": [a_handoff(schedule_id=3, schedule="Payments", text=NOTE, written_at=NOW, owned=owned, paged=night)],
    }


def before_a_shift() -> Any:
    """What the reader has to see to, and what is left for them."""
    sentences = [
        ("good", "Pages reach you by Chrome on Android and amira.khan@example.org."),
        ("warn", f"Do not count on {LONG_WORD} (the device is gone). Turn it on again on that device, or remove it."),
        ("bad", "You are away from Mon 30 Nov 09:00 CET until Tue 1 Dec 09:00 CET, and on call all the same."),
    ]
    checks = [{"name": str(n), "state": state, "sentence": told} for n, (state, told) in enumerate(sentences)]
    shift = {
        "schedule": "Platform primary",
        "start_at": (NOW + 6400),
        "end_at": (NOW + 6400) + 86_400,
        "checks": checks,
    }
    return {"found": [{**shift, "schedule_id": 1}], "left": handoffs()}


def history() -> Any:
    """The notes of a schedule, and those before."""

    async def read_before(_: int) -> Any:
        return {**notes(), "more": None}

    return {"notes": notes(), "read_before": read_before}


def notes() -> Any:
    """The history of a schedule's notes."""
    one = {"user": "Jonas Olsen", "user_id": 2, "began_at": NOW - 172_800, "handoff_at": NOW - 86_400}
    shown = [{**one, "id": 2, "text": NOTE}, {**one, "id": 1, "user": LONG_WORD, "text": f"{HOSTILE} {LONG_WORD}"}]
    return {"notes": [{**each, "written_at": NOW - 86_400} for each in shown], "more": 1}


def an_incident(n: int, title: str, *, times: int = 1) -> Any:
    return {"n": n, "title": title, "status": "acknowledged", "times": times}


def a_handoff(**said: Any) -> Any:
    plain = {"schedule_id": 1, "schedule": "Platform primary", "user": "Amira Khan", "user_id": 1, "text": ""}
    span = {"began_at": NOW - 80_000, "handoff_at": NOW + 6400, "written_at": None, "owned": [], "paged": []}
    return {**plain, **span, **said}
