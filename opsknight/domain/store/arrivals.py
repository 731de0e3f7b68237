"""The SQL of ingest: set-wise, on asyncpg, prepared once by the connection that the lane keeps.

Every statement takes arrays, one element a row; `unnest` turns them back into rows.
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
    acknowledged_at = CASE u.status WHEN 'acknowledged' THEN $12::timestamptz WHEN 'open' THEN NULL
        ELSE i.acknowledged_at END,
    resolved_at = CASE u.status WHEN 'resolved' THEN $12::timestamptz END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::integer[], $8::bigint[],
            $9::timestamptz[], $10::smallint[], $11::smallint[])
    AS u (id, status, urgency, highest_urgency, severity, generation, version, assignee_id, until, next_step, lap)
WHERE i.id = u.id
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
    FROM unnest($9::uuid[], $10::uuid[], $11::integer[], $12::bigint[], $13::bigint[], $14::text[], $15::text[],
        $16::text[], $17::text[], $18::timestamptz[], $19::text[], $20::uuid[], $21::uuid[])
        AS u (id, delivery_id, ordinal, integration_id, service_id, action, dedup_key, title, severity, occurred_at,
              verdict, alert_id, incident_id)
)
INSERT INTO facts (at, kind, actor, incident_id, data)
SELECT $1::timestamptz, u.kind, u.actor, u.incident_id, u.data::jsonb
FROM unnest($22::text[], $23::text[], $24::uuid[], $25::text[]) AS u (kind, actor, incident_id, data)
"""
LOG: Final = f"WITH {_LOG}"
OPEN_AND_LOG: Final = (
    """
WITH incident AS (
    INSERT INTO incidents (id, service_id, title, status, urgency, highest_urgency, severity, generation, version,
        runbook_url, tags, links, opened_by, created_at, updated_at, acknowledged_at, resolved_at)
    SELECT u.id, u.service_id, u.title, u.status, u.urgency, u.highest_urgency, u.severity, u.generation, u.version,
        u.runbook_url, u.tags::jsonb, u.links::jsonb, u.opened_by, $1::timestamptz, $1::timestamptz,
        CASE u.status WHEN 'acknowledged' THEN $1::timestamptz END,
        CASE u.status WHEN 'resolved' THEN $1::timestamptz END
    FROM unnest($26::uuid[], $27::bigint[], $28::text[], $29::text[], $30::text[], $31::text[], $32::text[],
        $33::integer[], $34::integer[], $35::text[], $36::text[], $37::text[], $38::text[])
        AS u (id, service_id, title, status, urgency, highest_urgency, severity, generation, version, runbook_url,
              tags, links, opened_by)
), alert AS (
    INSERT INTO alerts (id, service_id, integration_id, incident_id, dedup_key, dedup_sha, status, severity, urgency,
        title, source, component, tags, links, details, count, started_at, opened_at, last_seen_at, counted_at,
        resolved_at, resolved_by)
    SELECT u.id, u.service_id, u.integration_id, u.incident_id, u.dedup_key, u.dedup_sha, u.status, u.severity,
        u.urgency, u.title, u.source, u.component, u.tags::jsonb, u.links::jsonb, u.details::jsonb, u.count,
        u.started_at, $1::timestamptz, $1::timestamptz, $1::timestamptz,
        CASE u.status WHEN 'resolved' THEN $1::timestamptz END, u.resolved_by
    FROM unnest($39::uuid[], $40::bigint[], $41::bigint[], $42::uuid[], $43::text[], $44::bytea[], $45::text[],
        $46::text[], $47::text[], $48::text[], $49::text[], $50::text[], $51::text[], $52::text[], $53::text[],
        $54::bigint[], $55::timestamptz[], $56::text[])
        AS u (id, service_id, integration_id, incident_id, dedup_key, dedup_sha, status, severity, urgency, title,
              source, component, tags, links, details, count, started_at, resolved_by)
), """
    + _LOG
)


def columns(rows: list[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Turn rows into one list per column, `width` empty ones when there is no row."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
