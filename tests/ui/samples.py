"""What the gallery shows: one of everything, with texts as long and as hostile as monitors send them."""

from __future__ import annotations

import time
from typing import Any

from opsknight.ui.notices import Notice
from opsknight.ui.reading import Told, Turns
from opsknight.ui.viewer import Viewer

NOW = time.time()
HOSTILE = "<script>document.title='broken into'</script><img src=x onerror=\"document.title='broken into'\">"
SIGNED_WITH = {"alertmanager": "What you write there.", "generic": "What you write there.", "datadog": HOSTILE}
LONG_WORD = "a-label-without-any-space-" + "x" * 120


def a_viewer() -> Viewer:
    return Viewer(
        id=1,
        name="Amira Khan",
        role="admin",
        email="amira.khan@a-company-with-a-long-name.example.org",
        on_call=(
            a_duty("Platform primary", "Amira Khan", until=NOW + 10_000, you=True),
            a_duty(
                "Payments, day and night, with a long name", "Maximiliane Oberbichler-Hohenstein", until=NOW + 90_000
            ),
            a_duty("Edge network", None, until=None),
        ),
        next_shift={"schedule": "Payments", "schedule_id": 1, "from": NOW + 1_728_000, "to": NOW + 2_000_000},
        high=4,
        notices=(Notice("Nobody can be reached by mail: OPSKNIGHT_SMTP_URL is not set."),),
    )


def a_duty(schedule: str, user: str | None, *, until: float | None, you: bool = False) -> Any:
    return {"schedule": schedule, "schedule_id": 1, "user": user, "user_id": 1, "layer": "", "until": until, "you": you}


def a_line(**changes: Any) -> Any:
    line = {
        "id": "01940000-0000-7000-8000-000000000001",
        "n": 412,
        "title": "Replication lag 240 s on postgres-main-eu-west-1: replica db-2 falls behind",
        "status": "open",
        "urgency": "high",
        "severity": "critical",
        "priority": "P1",
        "service": "Checkout",
        "service_id": 1,
        "team": "Payments",
        "assignee": None,
        "assignee_id": None,
        "version": 3,
        "generation": 1,
        "created_at": NOW - 1500,
        "last_event_at": NOW - 40,
        "count": 1052,
        "until": None,
        "quiet": None,
        "next": {"kind": "escalation", "step": 2, "at": NOW + 250},
        "runbook_url": "https://runbooks.example.org/replication-lag",
        "rank": 0,
    }
    return {**line, **changes}


def told() -> Told:
    links = [
        {"href": "https://grafana.example.org/d/1", "text": "Dashboard"},
        {"href": "javascript:alert(1)", "text": "Evil"},
    ]
    return Told(
        detail={
            "incident": a_line(),
            "alerts": [an_alert(), an_alert(id="2", status="resolved", title=LONG_WORD, severity="warning")],
            "tags": {"env": "production", "region": LONG_WORD},
            "links": links,
            "runbook_url": "",
            "keep_quiet": False,
            "changes": [a_change(), a_change(summary=LONG_WORD, links=links)],
        },
        pages=[_a_page("Amira Khan", 1), _a_page("Jonas Olsen", 2)],
        asked=_asked(),
        watchers=[
            {"user": "Jonas Olsen", "user_id": 2, "since": NOW - 900},
            {"user": LONG_WORD, "user_id": 3, "since": NOW - 900},
        ],
        facts=[
            a_fact("seen", "Push notification to Amira Khan (Pixel 9) was seen.", 30),
            a_fact("opened", HOSTILE, 40),
        ],
        more="cursor",
    )


def _asked() -> Any:
    answered = {"answer": "accepted", "asked_by": "Amira Khan", "asked_at": NOW - 90, "answered_at": NOW - 30}
    asked = {"asked_by": "Jonas Olsen", "answer": "asked", "answered_at": None}
    return {
        "must_acknowledge": [
            {"user": "Amira Khan", "user_id": 1, "at": NOW - 60},
            {"user": LONG_WORD, "user_id": 2, "at": None},
        ],
        "responders": [
            {"user": "Jonas Olsen", "user_id": 2, "note": HOSTILE, **answered},
            {"user": "Amira Khan", "user_id": 1, "note": "Is it the replica?", **answered, **asked},
            {"user": "Mei Tan", "user_id": 3, "note": LONG_WORD, **answered, **asked},
        ],
    }


def a_change(**said: Any) -> Any:
    change = {"id": "1", "service_id": 3, "summary": "Deployed v2.1", "source": "ci", "at": NOW - 2100}
    return {**change, "links": [], "details": {}, **said}


def changes() -> Any:
    """The last changes of two services."""
    links = [{"href": "https://ci.example.org/builds/1", "text": "Build"}]
    return {1: [a_change(), a_change(summary=LONG_WORD, links=links)], 2: [a_change(links=links)]}


def an_alert(**changes: Any) -> Any:
    alert = {
        "id": "1",
        "title": "PostgresReplicationLag",
        "source": "prometheus.eu-west-1",
        "severity": "critical",
        "status": "open",
        "count": 1052,
        "started_at": NOW - 1505,
        "opened_at": NOW - 1500,
        "last_seen_at": NOW - 40,
        "resolved_at": None,
        "tags": {"alertname": "PostgresReplicationLag", LONG_WORD: LONG_WORD},
        "links": [{"href": "https://grafana.example.org/d/1", "text": LONG_WORD}],
        "details": {"description": HOSTILE, "values": {"lag_s": 240}},
        "dedup_key": LONG_WORD,
    }
    return {**alert, **changes}


def a_fact(kind: str, sentence: str, ago: float) -> Any:
    return {"at": NOW - ago, "kind": kind, "actor": "user:1", "actor_name": "Amira", "sentence": sentence, "data": {}}


def _a_page(user: str, user_id: int) -> Any:
    tried = {
        "number": 1,
        "started_at": NOW - 1480,
        "finished_at": NOW - 1479,
        "outcome": "retry",
        "detail": "421 later",
    }
    refused = {**tried, "number": 2, "outcome": "failed", "detail": f"550 5.1.1 no such mailbox {LONG_WORD}"}
    messages = [
        ("push", "Chrome on Android", "seen", "", []),
        ("email", "amira@example.org", "failed", "550 5.1.1 no such mailbox.", [tried, refused]),
        ("push", "", "ambiguous", "No answer within 10 s.", [{**tried, "outcome": "ambiguous"}]),
        ("email", LONG_WORD, "queued", "", []),
    ]
    return {
        "id": user,
        "user": user,
        "user_id": user_id,
        "for_user": "Bo Lin" if user_id == 1 else None,
        "for_user_id": 5 if user_id == 1 else None,
        "step": 1,
        "lap": 0,
        "generation": 1,
        "kind": "page",
        "reason": "on call in Payments",
        "at": NOW - 1480,
        "notifications": [
            {"id": "1", "channel": channel, "label": label, "status": status, "sentence": sentence,
             "due_at": NOW - 1480, "held_until": NOW + 20_000 if status == "queued" else None,
             "finished_at": NOW - 1478, "attempts": attempts}
            for channel, label, status, sentence, attempts in messages
        ],
    }  # fmt: skip


def services() -> Any:
    key = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
    named = (("alertmanager", "Prometheus"), ("generic", "Try it with curl"), ("pagerduty", ""), ("datadog", LONG_WORD))
    every = [
        {"id": i, "provider": provider, "name": name, "key": key, "secrets": i % 3, "active": i != 2}
        for i, (provider, name) in enumerate(named)
    ]
    hidden = [{"id": 9, "provider": "grafana", "name": "Grafana", "key": None, "secrets": None, "active": True}]
    common = {
        "team": "Payments", "team_id": 1, "policy": "Payments", "policy_id": 1, "description": "", "runbook_url": "",
        "tags": {"tier": "1"}, "ack_timeout_high_s": 1800, "ack_timeout_low_s": None, "reopen_window_s": 0,
        "resolves_with_last_alert": True, "archived": False,
    }  # fmt: skip
    return [
        {**common, "id": 1, "name": "Checkout", "description": HOSTILE, "integrations": every},
        {**common, "id": 2, "name": LONG_WORD, "runbook_url": "https://r.example.org", "integrations": hidden},
        {**common, "id": 3, "name": "Search", "integrations": []},
        {**common, "id": 4, "name": "Ledger", "integrations": []},
    ]


def heartbeats() -> Any:
    common = {
        "id": "01940000-0000-7000-8000-00000000000a", "name": "Nightly backup", "service": "Checkout", "service_id": 1,
        "state": "up", "urgency": "high", "period_s": 86_400, "cron": "", "zone": "UTC", "grace_s": 600,
        "rhythm": "every 1 d", "last_ping_at": NOW - 4000, "last_duration_s": 312.0, "started_at": None,
        "due_at": NOW + 82_400, "deadline": NOW + 83_000, "paused_until": None, "incident": None,
        "key": "9f8e7d6c5b4a39281706f5e4d3c2b1a0", "former_key": None, "badge_key": "9f8e7d6c5b4a39281706",
    }  # fmt: skip
    never = {"last_ping_at": None, "last_duration_s": None, "due_at": None, "deadline": None}
    others = [
        {"state": "down", "name": HOSTILE, "incident": 412, "service": LONG_WORD},
        {
            "state": "late",
            "name": LONG_WORD,
            "period_s": None,
            "cron": "0 3 * * *",
            "rhythm": "every day at 03:00, UTC",
        },
        {"state": "paused", "paused_until": NOW + 3600, "urgency": "low"},
        {"state": "started", "started_at": NOW - 60, "former_key": "0" * 32},
        {"state": "new", **never, "key": None, "badge_key": None},
    ]
    numbered = ({**common, **other, "id": f"{number}"} for number, other in enumerate(others))
    return [common, *numbered]


def windows() -> Any:
    common = {
        "id": 1, "name": "Database upgrade", "about": "Checkout", "service_id": 1, "team_id": None, "matchers": [],
        "conditions": "", "times": "once on Tue 24 Nov 2026 at 22:00 for 2 h, Europe/Berlin", "zone": "Europe/Berlin",
        "repeat": "once", "state": "running", "now": {"start_at": NOW - 900, "end_at": NOW + 6300}, "next": None,
        "last": None, "cancelled_at": None, "planned_by": "Amira Khan", "resting": 3,
    }  # fmt: skip
    night = {"start_at": NOW + 40_000, "end_at": NOW + 47_200}
    weekly = {"repeat": "weekly", "times": "every Tuesday and Friday at 22:00 for 2 h, Europe/Berlin"}
    others = [
        {"name": LONG_WORD, "about": LONG_WORD, "conditions": f"tags.rack is {LONG_WORD}", "next": night, **weekly},
        {"state": "planned", "now": None, "next": night, "name": HOSTILE, "about": "every service", "service_id": None},
        {"state": "over", "now": None, "last": {"start_at": NOW - 9000, "end_at": NOW - 1800}, "resting": 0},
        {"state": "cancelled", "now": None, "cancelled_at": NOW - 3600, "resting": 0},
    ]
    return [common, *({**common, **other, "id": number} for number, other in enumerate(others, 2))]


def inhibitions() -> Any:
    title = {"field": "title", "op": "starts with", "values": ["Switch"]}
    common = {
        "id": 1, "name": "Switch before hosts", "source": [title], "target": [title], "equal": ["tags.rack"],
        "source_words": "title starts with Switch", "target_words": "tags.kind is host", "sources": 2, "resting": 14,
    }  # fmt: skip
    long = {"id": 2, "name": LONG_WORD, "source_words": f"tags.x is {LONG_WORD}", "target_words": HOSTILE, "equal": []}
    return [common, {**common, **long, "sources": 0, "resting": 0}]


def quiet() -> Any:
    parts = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(1, 6)]
    common = {
        "mode": "severity", "words": "Critical and error loudly, warning and info quietly", "zone": "", "parts": [],
        "flapping": False, "flapping_words": "", "start": 6, "stop": 3, "window_s": 1800,
    }  # fmt: skip
    words = "Loudly Mon–Fri 09:00–17:00, Europe/Berlin; quietly outside"
    flaps = "An alert flaps from 6 changes in 30 min until there are fewer than 3"
    hours = {"mode": "support_hours", "words": words, "zone": "Europe/Berlin", "parts": parts}
    return {1: {**common, **hours, "flapping": True, "flapping_words": flaps}, 2: common, 3: common, 4: common}


SCOPES = {"service:1": "Checkout", "service:2": LONG_WORD, "team:1": "Every service of Payments", "": "Everything"}


def pings() -> Any:
    common = {"number": 1, "exit_code": None, "duration_s": None, "sender": "192.0.2.7 curl/8.5.0", "body": ""}
    return [
        {
            **common,
            "at": NOW - 4000,
            "signal": "fail",
            "exit_code": 2,
            "duration_s": 312.0,
            "body": HOSTILE + LONG_WORD,
        },
        {**common, "at": NOW - 4312, "signal": "start"},
        {**common, "at": NOW - 90_000, "signal": "success", "exit_code": 0},
    ]


def policies() -> Any:
    return [
        {"id": 1, "name": "Payments", "team_id": 1, "team": "Payments"},
        {"id": 2, "name": LONG_WORD, "team_id": 2, "team": LONG_WORD},
    ]


def roster() -> Any:
    next_shift = {"schedule": "Payments", "schedule_id": 1, "from": NOW + 1_728_000, "to": NOW + 2_000_000}
    common = {
        "id": 1, "name": "Amira Khan", "email": "amira.khan@a-company-with-a-long-name.example.org", "role": "admin",
        "zone": "Europe/Berlin", "language": "en", "active": True, "signed_in": True, "link_out": False,
        "reachable": True,
        "instead": {"user_id": 2, "user": "Maximiliane Oberbichler-Hohenstein", "until": NOW + 9_000},
        "channels": ["push", "email"], "why": "", "open_incidents": 2, "next_shift": None,
        "teams": [{"id": 1, "name": "Payments", "manages": True}, {"id": 2, "name": LONG_WORD, "manages": False}],
        "on_call": [a_duty("Platform primary", "Amira Khan", until=NOW + 10_000, you=True)],
    }  # fmt: skip
    away = {"on_call": [], "instead": None, "next_shift": next_shift, "role": "responder", "teams": []}
    nothing = {"reachable": False, "channels": []}
    others = [
        {"name": "Maximiliane Oberbichler-Hohenstein", **away},
        {"name": HOSTILE, **away, **nothing, "why": "Mail only, and no mail server is set", "next_shift": None},
        {"name": LONG_WORD, **away, **nothing, "why": "Nothing verified yet", "signed_in": False, "link_out": True},
        {"name": "Bo Lin", **away, **nothing, "active": False, "why": "Deactivated", "next_shift": None},
    ]
    return [common, *({**common, **other, "id": number} for number, other in enumerate(others, 2))]


def a_person(number: int) -> Any:
    line = roster()[number - 1]
    shifts = [
        {"schedule": LONG_WORD, "schedule_id": 1, "from": NOW + 604_800 * n, "to": NOW + 604_800 * (n + 1)}
        for n in (1, 3)
    ]
    owned = {"n": 412, "title": LONG_WORD, "status": "acknowledged", "urgency": "high", "created_at": NOW - 4000}
    left = [] if line["active"] else ["owns 2 open incidents", f"is in the rotation of {LONG_WORD}"]
    return {
        **line,
        "left": left,
        "methods": methods() if line["reachable"] else [],
        "shifts": shifts if line["active"] else [],
        "incidents": [owned, {**owned, "n": 413, "title": HOSTILE, "status": "snoozed"}],
    }


def teams() -> Any:
    common = {"role": "manager", "active": True, "manages": False}
    members = [
        {**common, "id": 1, "name": "Amira Khan", "role": "admin", "manages": True},
        {**common, "id": 2, "name": "Maximiliane Oberbichler-Hohenstein"},
        {**common, "id": 3, "name": HOSTILE, "role": "responder"},
        {**common, "id": 4, "name": LONG_WORD, "active": False},
    ]
    things = [{"id": 1, "name": "Checkout"}, {"id": 2, "name": LONG_WORD}]
    owned = {"services": things, "policies": things, "schedules": things[:1]}
    nothing = {"services": [], "policies": [], "schedules": []}
    return [
        {"id": 1, "name": "Payments", "members": members, **owned},
        {"id": 2, "name": LONG_WORD, "members": members[3:], **nothing},
        {"id": 3, "name": HOSTILE, "members": [], **nothing},
    ]


def turns() -> Any:
    named = enumerate(a_viewer().on_call, 1)
    now: list[Any] = [{**duty, "schedule_id": n, "user_id": n if duty["user"] else None} for n, duty in named]
    long = {**a_duty(LONG_WORD, LONG_WORD, until=NOW + 900_000), "schedule_id": 4, "user_id": 4}
    then = {1: [{**now[1], "schedule": "Platform primary"}], 2: [now[2]], 4: [long]}
    teams = {1: "Platform", 2: "Payments", 3: "Payments", 4: LONG_WORD}
    changes_at = {1: NOW + 3_600.0, 2: NOW + 7_200.0, 4: NOW + 900_000.0}
    return Turns([*now, long], then, changes_at, teams, {line["id"]: line for line in roster()})


PEOPLE = {"1": "Amira Khan", "2": "Maximiliane Oberbichler-Hohenstein", "5": "Bo Lin"}


def methods() -> Any:
    common = {
        "verified_at": NOW, "last_proof_at": None, "disabled_at": None, "disabled_reason": "", "heard_at": None,
        "silent": False, "open": False,
    }  # fmt: skip
    return [
        {**common, "id": 1, "channel": "push", "label": "Chrome on Android", "last_proof_at": NOW - 18_000},
        {**common, "id": 2, "channel": "email", "label": "amira.khan@a-company-with-a-long-name.example.org"},
        {
            **common,
            "id": 3,
            "channel": "push",
            "label": "Safari",
            "disabled_at": NOW,
            "disabled_reason": "the device is gone",
        },
        {**common, "id": 4, "channel": "email", "label": LONG_WORD, "verified_at": None},
        {**common, "id": 5, "channel": "push", "label": "Old tablet", "heard_at": NOW - 20 * 86_400, "silent": True},
        {**common, "id": 6, "channel": "window", "label": "Window on laptop-7", "heard_at": NOW, "open": True},
        {**common, "id": 7, "channel": "window", "label": "Window on noc-2", "heard_at": NOW - 3_600},
    ]


def calendar_links() -> Any:
    common = {
        "of": "person", "about": "Amira Khan", "schedule_id": None, "team_id": None, "with_gaps": False,
        "made_by": "Amira Khan", "yours": True, "created_at": NOW,
    }  # fmt: skip
    return [
        {**common, "id": 2, "name": "My phone", "read_at": NOW - 600, "read_by": "Google-Calendar-Importer"},
        {**common, "id": 1, "name": LONG_WORD[:100], "of": "team", "about": LONG_WORD, "read_at": None, "read_by": ""},
    ]
