"""The SQL of ingest: set-wise, on asyncpg, prepared once by the connection that the lane keeps.

New rows go as arrays of composite values, a tuple for each row: asyncpg asks of each element of an array
whether it is an array itself, so that a row costs it once and a column of plain values each time.
"""

from __future__ import annotations

from typing import Any, Final

IDEMPOTENT: Final = """
SELECT integration_id, key_sha, body_sha, delivery_id, stored
FROM idempotency JOIN unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS k (integration_id, key_sha, body_sha)
USING (integration_id, key_sha, body_sha)
"""
LATEST: Final = """
SELECT k.service_id, k.sha, a.id, a.incident_id, a.status, a.severity, a.urgency, a.count, a.started_at, a.opened_at,
       a.counted_at, a.resolved_at, a.resolved_by, i.highest_urgency
FROM unnest($1::bigint[], $2::bytea[]) AS k (service_id, sha)
CROSS JOIN LATERAL (
    (SELECT * FROM alerts o WHERE o.service_id = k.service_id AND o.dedup_sha = k.sha AND o.status = 'open')
    UNION ALL
    (SELECT * FROM alerts r WHERE r.service_id = k.service_id AND r.dedup_sha = k.sha AND r.status = 'resolved'
     ORDER BY r.id DESC LIMIT 1)
    LIMIT 1
) a
JOIN incidents i ON i.id = a.incident_id
"""
LATEST_AND_INCIDENTS: Final = LATEST.replace(
    "i.highest_urgency\n",
    """i.highest_urgency, i.title, i.status AS incident_status, i.urgency AS incident_urgency,
       i.severity AS incident_severity, i.generation, i.version, i.assignee_id, i.until, i.next_step, i.lap,
       i.xmin AS seen,
       (SELECT count(*) FROM alerts o WHERE o.incident_id = a.incident_id AND o.status || '' = 'open') AS open_alerts
""",
)
"""The same with the incidents as they stand, each with what its row is known by until somebody changes it."""
HOLD: Final = """
SELECT id, title, status, urgency, highest_urgency, severity, generation, version, assignee_id, until, next_step, lap
FROM incidents i WHERE id = ANY($1::uuid[]) ORDER BY service_id, id FOR NO KEY UPDATE
"""
OPEN_ALERTS: Final = """
SELECT incident_id, count(*) FROM alerts WHERE incident_id = ANY($1::uuid[]) AND status || '' = 'open'
GROUP BY incident_id
"""
"""To be asked after HOLD, and not within it: whoever held the incidents before may have closed one.

The status is compared as no index of open alerts is asked: on an empty table the planner would read the whole of it.
"""
_CHANGE_ALERTS: Final = """
UPDATE alerts a SET count = a.count + u.added, severity = u.severity, urgency = u.urgency,
    urgency_ruled = a.urgency_ruled AND u.severity = a.severity,
    last_seen_at = {now}::timestamptz, counted_at = coalesce(u.counted_at, a.counted_at),
    status = coalesce(u.status, a.status), resolved_at = CASE u.status WHEN 'resolved' THEN {now}::timestamptz END,
    resolved_by = u.resolved_by
FROM unnest({rows}::alert_change[]) AS u WHERE a.id = u.id AND a.status || '' = 'open' RETURNING 1
"""
CHANGE_ALERTS: Final = _CHANGE_ALERTS.format(now="$2", rows="$1")
_TIMED: Final = """kind IN ('escalation', 'pause', 'safety_net', 'snooze_end', 'suppress_end', 'ack_timeout',
        'ack_reminder')"""
_CHANGE_INCIDENTS: Final = f"""
changed AS MATERIALIZED (SELECT * FROM unnest({{rows}}::incident_change[])), moved AS (
    UPDATE incidents i SET status = u.status, urgency = u.urgency, highest_urgency = u.highest_urgency,
        severity = u.severity, generation = u.generation, version = u.version, assignee_id = u.assignee_id,
        until = u.until, next_step = u.next_step, lap = u.lap, updated_at = {{now}}::timestamptz, undo = NULL,
        policy = CASE WHEN u.generation = i.generation THEN i.policy END,
        acknowledged_at = CASE WHEN u.status = 'open' THEN NULL
            WHEN u.status = 'acknowledged' AND u.status <> i.status THEN {{now}}::timestamptz
            ELSE i.acknowledged_at END,
        resolved_at = CASE WHEN u.status = 'resolved' AND u.status <> i.status THEN {{now}}::timestamptz
            WHEN u.status = 'resolved' THEN i.resolved_at END
    FROM changed u WHERE i.id = u.id AND (u.seen IS NULL OR i.xmin = u.seen) RETURNING 1
), withdrawn AS (
    UPDATE notifications n SET status = 'superseded', finished_at = {{now}}::timestamptz,
        reason = 'the incident changed first'
    FROM changed u WHERE n.incident_id = u.id AND n.status = 'queued' AND u.waits_anew AND u.status <> 'suppressed'
        AND CASE (SELECT p.kind FROM pages p WHERE p.id = n.page_id) WHEN 'watch' THEN false
            WHEN 'help' THEN u.status IN ('acknowledged', 'resolved') ELSE true END
), disarmed AS (
    DELETE FROM timers t USING changed u
    WHERE t.subject = u.id AND u.waits_anew AND u.due_kind IS NULL AND t.{_TIMED}
), armed AS (
    INSERT INTO timers (id, kind, subject, generation, due_at, urgent, created_at)
    SELECT u.timer_id, u.due_kind, u.id, u.generation, u.due_at, u.urgency = 'high', {{now}}::timestamptz
    FROM changed u WHERE u.waits_anew AND u.due_kind IS NOT NULL
    ON CONFLICT (subject) WHERE {_TIMED}
    DO UPDATE SET kind = excluded.kind, generation = excluded.generation, due_at = excluded.due_at,
        urgent = excluded.urgent, gather = false, lease_until = NULL, worker = NULL, fence = timers.fence + 1,
        attempts = 0, dead_at = NULL, last_error = ''
)
"""  # noqa: S608  # words of ours
CHANGE_INCIDENTS: Final = f"WITH {_CHANGE_INCIDENTS.format(rows='$1', now='$2')} SELECT 1"
"""Where incidents ended that were there before, with what they wait for now; what was queued for them is withdrawn.

What tells a watcher goes on, and a call for help until somebody acknowledges or it is over, as with a person's verb.
"""
_STORE: Final = f"""
counted AS ({_CHANGE_ALERTS.format(now="$1", rows="$6")}),
remembered AS (
    INSERT INTO idempotency (integration_id, key_sha, body_sha, delivery_id, stored, created_at)
    SELECT u.*, $1::timestamptz FROM unnest($7::idempotency_value[]) AS u
    ON CONFLICT (integration_id, key_sha, body_sha) DO UPDATE SET stored = excluded.stored
        WHERE idempotency.delivery_id = excluded.delivery_id AND idempotency.stored < excluded.stored
    RETURNING 1
),
delivery AS (
    INSERT INTO deliveries (id, received_at, integration_id, content_type, body, status, reason, headers)
    SELECT u.id, $1::timestamptz, u.integration_id, u.content_type, u.body, coalesce(u.status, 'accepted'),
        coalesce(u.reason, ''), ($11::jsonb[])[array_position($10::uuid[], u.id)]
    FROM unnest($2::delivery_value[]) AS u
),
opened AS MATERIALIZED (
    SELECT u.*, ($12::jsonb[])[u.links_at] AS links, ($12::jsonb[])[u.details_at] AS details,
        coalesce(($12::jsonb[])[u.service_tags_at] || u.tags, u.tags) AS all_tags
    FROM unnest($5::opening_value[]) AS u
),
incident AS (
    INSERT INTO incidents (id, service_id, title, status, urgency, highest_urgency, severity, generation, version,
        runbook_url, tags, links, opened_by, created_at, updated_at, acknowledged_at, resolved_at)
    SELECT o.incident_id, o.service_id, o.title, coalesce((o.incident).status, 'open'),
        coalesce((o.incident).urgency, o.urgency), coalesce((o.incident).highest_urgency, o.urgency),
        coalesce((o.incident).severity, o.severity), coalesce((o.incident).generation, 1),
        coalesce((o.incident).version, 1), o.runbook_url, o.all_tags, o.links, o.actor, $1::timestamptz,
        $1::timestamptz, CASE (o.incident).status WHEN 'acknowledged' THEN $1::timestamptz END,
        CASE (o.incident).status WHEN 'resolved' THEN $1::timestamptz END
    FROM opened o
), alert AS (
    INSERT INTO alerts (id, service_id, integration_id, incident_id, dedup_key, dedup_sha, title, source, component,
        tags, links, details, started_at, status, severity, urgency, count, resolved_by, opened_at, last_seen_at,
        counted_at, resolved_at)
    SELECT o.alert_id, o.service_id, o.integration_id, o.incident_id, o.dedup_key, o.dedup_sha, o.title, o.source,
        o.component, o.tags, o.links, o.details, o.started_at, coalesce((o.alert).status, 'open'),
        coalesce((o.alert).severity, o.severity), coalesce((o.alert).urgency, o.urgency),
        coalesce((o.alert).count, 1), (o.alert).resolved_by, $1::timestamptz, $1::timestamptz, $1::timestamptz,
        CASE (o.alert).status WHEN 'resolved' THEN $1::timestamptz END
    FROM opened o
), timer AS (
    INSERT INTO timers (id, kind, subject, generation, due_at, urgent, created_at)
    SELECT o.timer_id, coalesce((o.incident).due_kind, 'escalation'), o.incident_id,
        coalesce((o.incident).generation, 1), coalesce((o.incident).due_at, $1::timestamptz),
        coalesce((o.incident).urgency, o.urgency) = 'high', $1::timestamptz
    FROM opened o WHERE o.timer_id IS NOT NULL
),
event AS (
    INSERT INTO events (received_at, delivery_id, ordinal, integration_id, service_id, action, dedup_key, title,
        severity, occurred_at, verdict, alert_id, incident_id)
    SELECT $1::timestamptz, u.* FROM unnest($3::event_value[]) AS u
    UNION ALL SELECT $1::timestamptz, o.delivery_id, o.ordinal, o.integration_id, o.service_id, 'trigger', o.dedup_key,
        o.title, o.severity, o.occurred_at, 'opened', o.alert_id, o.incident_id
    FROM opened o WHERE o.delivery_id IS NOT NULL
),
unreadable AS (
    UPDATE deliveries d SET status = 'unreadable', reason = ($9::text[])[array_position($8, d.id)]
    WHERE d.id = ANY($8::uuid[]) AND d.status = 'accepted'
        AND d.received_at BETWEEN $1::timestamptz - interval '7 days' AND $1::timestamptz
),
fact AS (
    INSERT INTO facts (at, kind, actor, incident_id, data)
    SELECT $1::timestamptz, 'opened', o.actor, o.incident_id,
        jsonb_build_object('title', o.title, 'severity', o.severity, 'urgency', o.urgency)
    FROM opened o
    UNION ALL SELECT $1::timestamptz, u.* FROM unnest($4::fact_value[]) AS u
)
"""  # noqa: S608  # words of ours
STORE: Final = f"""
WITH {_STORE} SELECT 1 / ((SELECT count(*) FROM counted) = cardinality($6)
    AND (SELECT count(*) FROM remembered) = cardinality($7))::integer
"""  # noqa: S608  # words of ours
"""A batch in one statement, which is a transaction of its own where none is open.

$12 is what alerts say, each thing once; an alert names its links, its details and the tags of its service
by their places in it.

It divides by zero where a row that it counts on was changed by others meanwhile: then nothing of it is stored.
"""
STORE_WITH_CHANGES: Final = f"""
WITH {_CHANGE_INCIDENTS.format(rows="$13", now="$1")},
{_STORE.replace("WHERE a.id", "WHERE (SELECT count(*) FROM moved) IS NOT NULL AND a.id", 1)}
SELECT 1 / ((SELECT count(*) FROM moved) = cardinality($13) AND (SELECT count(*) FROM counted) = cardinality($6)
    AND (SELECT count(*) FROM remembered) = cardinality($7))::integer
"""  # noqa: S608  # words of ours
"""The same for a batch that changes incidents nobody holds for it, each as it was when it was read.

Incidents before their alerts, as everybody takes them.
"""
WAITING: Final = "SELECT subject FROM timers WHERE kind = 'pause' AND subject = ANY($1::uuid[])"
SAID_LATELY: Final = """
SELECT DISTINCT kind, incident_id FROM facts
WHERE incident_id = ANY($1::uuid[]) AND at > $3 AND kind = ANY($2::text[])
"""
JOIN_ALERTS: Final = """
INSERT INTO alerts (id, service_id, integration_id, incident_id, dedup_key, dedup_sha, title, source, component,
    tags, links, details, started_at, status, severity, urgency, count, resolved_by, opened_at, last_seen_at,
    counted_at, resolved_at)
SELECT u.*, $1::timestamptz, $1::timestamptz, $1::timestamptz, CASE u.status WHEN 'resolved' THEN $1::timestamptz END
FROM unnest($2::alert_value[]) AS u
"""
"""New alerts of incidents that were there before."""
TELL_OWNERS: Final = """
INSERT INTO timers (id, kind, subject, generation, urgent, due_at, created_at)
SELECT u.id, 'alerts_joined', u.subject, u.generation, u.urgent, $5::timestamptz + interval '10 seconds',
    $5::timestamptz
FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::boolean[]) AS u (id, subject, generation, urgent)
ON CONFLICT (subject) WHERE kind = 'alerts_joined'
    DO UPDATE SET fence = timers.fence + 1, lease_until = NULL, worker = NULL
"""
"""Owners hear of the alerts that have joined a little later: then of all that come together.

Whoever fires that timer just now has not counted them, and finds its fence raised.
"""
NOW: Final = object()
"""Stands for the present instant in REHEARSAL."""
REHEARSAL: Final[tuple[tuple[str, tuple[Any, ...]], ...]] = (
    (IDEMPOTENT, ([], [], [])),
    (LATEST, ([], [])),
    (LATEST_AND_INCIDENTS, ([], [])),
    (HOLD, ([],)),
    (OPEN_ALERTS, ([],)),
    (CHANGE_ALERTS, ([], NOW)),
    (CHANGE_INCIDENTS, ([], NOW)),
    (STORE, (NOW, [], [], [], [], [], [], [], [], [], [], [])),
    (STORE_WITH_CHANGES, (NOW, [], [], [], [], [], [], [], [], [], [], [], [])),
    (WAITING, ([],)),
    (SAID_LATELY, ([], [], NOW)),
    (JOIN_ALERTS, (NOW, [])),
    (TELL_OWNERS, ([], [], [], [], NOW)),
)
"""Every statement, with arguments by which it does nothing."""


def columns(rows: list[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Turn rows into one list per column, `width` empty ones when there is no row."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
