"""The SQL of ingest: set-wise, on asyncpg, prepared once by the connection that the lane keeps.

Many rows go as one JSON text, a fifth of the cost of arrays (0.08 µs against 0.39 µs a value, since asyncpg
asks of every element whether it is an array itself); few columns, bytes and look-ups go as arrays.
"""

from __future__ import annotations

from typing import Any, Final

IDEMPOTENT: Final = """
SELECT integration_id, key_sha, body_sha, delivery_id, stored
FROM idempotency JOIN unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS k (integration_id, key_sha, body_sha)
USING (integration_id, key_sha, body_sha)
"""
REMEMBER: Final = """
INSERT INTO idempotency (integration_id, key_sha, body_sha, delivery_id, stored, created_at)
SELECT *, $6::timestamptz FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::uuid[], $5::integer[])
ON CONFLICT (integration_id, key_sha, body_sha) DO UPDATE SET stored = excluded.stored
    WHERE idempotency.delivery_id = excluded.delivery_id AND idempotency.stored < excluded.stored
RETURNING 1
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
HOLD: Final = """
SELECT id, title, status, urgency, highest_urgency, severity, generation, version, assignee_id, until, next_step, lap,
       (SELECT count(*) FROM alerts a WHERE a.incident_id = i.id AND a.status = 'open') AS open_alerts
FROM incidents i WHERE id = ANY($1::uuid[]) ORDER BY service_id, id FOR NO KEY UPDATE
"""
CHANGE_ALERTS: Final = """
UPDATE alerts a SET count = a.count + u.added, severity = u.severity, urgency = u.urgency, last_seen_at = $9,
    counted_at = u.counted_at, status = u.status, resolved_at = u.resolved_at, resolved_by = u.resolved_by
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::timestamptz[],
            $8::text[]) AS u (id, added, severity, urgency, counted_at, status, resolved_at, resolved_by)
WHERE a.id = u.id AND a.status = 'open' RETURNING 1
"""
CHANGE_INCIDENTS: Final = """
UPDATE incidents i SET status = u.status, urgency = u.urgency, highest_urgency = u.highest_urgency,
    severity = u.severity, generation = u.generation, version = u.version, assignee_id = u.assignee_id,
    until = u.until, next_step = u.next_step, lap = u.lap, updated_at = $12::timestamptz, undo = NULL,
    policy = CASE WHEN u.generation = i.generation THEN i.policy END,
    acknowledged_at = CASE WHEN u.status = 'open' THEN NULL
        WHEN u.status = 'acknowledged' AND u.status <> i.status THEN $12::timestamptz ELSE i.acknowledged_at END,
    resolved_at = CASE WHEN u.status = 'resolved' AND u.status <> i.status THEN $12::timestamptz
        WHEN u.status = 'resolved' THEN i.resolved_at END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::integer[], $8::bigint[],
            $9::timestamptz[], $10::smallint[], $11::integer[])
    AS u (id, status, urgency, highest_urgency, severity, generation, version, assignee_id, until, next_step, lap)
WHERE i.id = u.id
"""
UNREADABLE: Final = """
UPDATE deliveries d SET status = 'unreadable', reason = u.reason FROM unnest($1::uuid[], $2::text[]) AS u (id, reason)
WHERE d.id = u.id AND d.status = 'accepted' AND d.received_at BETWEEN $3::timestamptz - interval '7 days' AND $3
"""
SUPERSEDE: Final = """
UPDATE notifications SET status = 'superseded', finished_at = $2, reason = 'the incident changed first'
WHERE incident_id = ANY($1::uuid[]) AND status = 'queued'
"""
DISARM: Final = """
DELETE FROM timers WHERE subject = ANY($1::uuid[]) AND kind IN ('escalation', 'pause', 'safety_net', 'snooze_end',
    'suppress_end', 'ack_timeout', 'ack_reminder')
"""
ARM: Final = """
INSERT INTO timers (id, kind, subject, generation, due_at, created_at)
SELECT *, $6::timestamptz FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::integer[], $5::timestamptz[])
ON CONFLICT (subject) WHERE kind IN ('escalation', 'pause', 'safety_net', 'snooze_end', 'suppress_end', 'ack_timeout',
    'ack_reminder')
DO UPDATE SET kind = excluded.kind, generation = excluded.generation, due_at = excluded.due_at, lease_until = NULL,
    worker = NULL, fence = timers.fence + 1, attempts = 0, dead_at = NULL, last_error = ''
"""
_LOG: Final = """
delivery AS (
    INSERT INTO deliveries (id, received_at, integration_id, status, reason, content_type, request_id, body)
    SELECT u.id, $1::timestamptz, u.integration_id, u.status, u.reason, u.content_type, u.request_id, u.body
    FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[])
        AS u (id, integration_id, status, reason, content_type, request_id, body)
), event AS (
    INSERT INTO events (id, received_at, delivery_id, ordinal, integration_id, service_id, action, dedup_key, title,
        severity, occurred_at, verdict, alert_id, incident_id)
    SELECT u.id, $1::timestamptz, u.delivery_id, u.ordinal, u.integration_id, u.service_id, u.action, u.dedup_key,
        u.title, u.severity, u.occurred_at, u.verdict, u.alert_id, u.incident_id
    FROM json_to_recordset($9::json) AS u (id uuid, delivery_id uuid, ordinal integer, integration_id bigint,
        service_id bigint, action text, dedup_key text, title text, severity text, occurred_at timestamptz,
        verdict text, alert_id uuid, incident_id uuid)
)
INSERT INTO facts (at, kind, actor, incident_id, data)
SELECT $1::timestamptz, u.kind, u.actor, u.incident_id, u.data
FROM json_to_recordset($10::json) AS u (kind text, actor text, incident_id uuid, data jsonb)
"""
LOG: Final = f"WITH {_LOG}"
_OPEN: Final = """
WITH incident AS (
    INSERT INTO incidents (id, service_id, title, status, urgency, highest_urgency, severity, generation, version,
        runbook_url, tags, links, opened_by, created_at, updated_at, acknowledged_at, resolved_at)
    SELECT u.id, u.service_id, u.title, u.status, u.urgency, u.highest_urgency, u.severity, u.generation, u.version,
        u.runbook_url, u.tags, u.links, u.opened_by, $1::timestamptz, $1::timestamptz,
        CASE u.status WHEN 'acknowledged' THEN $1::timestamptz END,
        CASE u.status WHEN 'resolved' THEN $1::timestamptz END
    FROM json_to_recordset($11::json) AS u (id uuid, service_id bigint, title text, status text, urgency text,
        highest_urgency text, severity text, generation integer, version integer, runbook_url text, tags jsonb,
        links jsonb, opened_by text)
), alert AS (
    INSERT INTO alerts (id, service_id, integration_id, incident_id, dedup_key, dedup_sha, status, severity, urgency,
        title, source, component, tags, links, details, count, started_at, opened_at, last_seen_at, counted_at,
        resolved_at, resolved_by)
    SELECT u.id, u.service_id, u.integration_id, u.incident_id, u.dedup_key, decode(u.sha, 'hex'), u.status,
        u.severity, u.urgency, u.title, u.source, u.component, u.tags, u.links, u.details, u.count, u.started_at,
        $1::timestamptz, $1::timestamptz, $1::timestamptz,
        CASE u.status WHEN 'resolved' THEN $1::timestamptz END, u.resolved_by
    FROM json_to_recordset($12::json) AS u (id uuid, service_id bigint, integration_id bigint, incident_id uuid,
        dedup_key text, sha text, status text, severity text, urgency text, title text, source text, component text,
        tags jsonb, links jsonb, details jsonb, count bigint, started_at timestamptz, resolved_by text)
), timer AS (
    INSERT INTO timers (id, kind, subject, generation, due_at, created_at)
    SELECT u.id, u.kind, u.subject, u.generation, u.due_at, $1::timestamptz
    FROM json_to_recordset($13::json) AS u (id uuid, kind text, subject uuid, generation integer, due_at timestamptz)
)"""
OPEN_AND_LOG: Final = f"{_OPEN}, {_LOG}"


def columns(rows: list[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Turn rows into one list per column, `width` empty ones when there is no row."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
