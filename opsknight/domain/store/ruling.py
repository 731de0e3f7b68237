"""The SQL of what rules remember: asked in a batch only where a rule has matched."""

from __future__ import annotations

from typing import Final

IN_TURN: Final = "SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) AS k"
"""Who counts or groups by the same key does so one after the other."""
COUNTED: Final = """
SELECT k.rule_id, k.key_sha, count(c.at)
FROM unnest($1::bigint[], $2::bytea[], $3::timestamptz[]) AS k (rule_id, key_sha, since)
LEFT JOIN counted_events c ON c.rule_id = k.rule_id AND c.key_sha = k.key_sha AND c.at > k.since
GROUP BY k.rule_id, k.key_sha
"""
GROUPED: Final = """
SELECT g.service_id, g.key_sha, g.incident_id, g.opened_at, i.priority, EXISTS (
    SELECT FROM silences s WHERE s.incident_id = i.id AND s.until IS NOT DISTINCT FROM i.until) AS rests
FROM unnest($1::bigint[], $2::bytea[]) AS k (service_id, key_sha)
JOIN incident_groups g USING (service_id, key_sha) JOIN incidents i ON i.id = g.incident_id
WHERE i.status <> 'resolved'
"""
COUNT: Final = """
INSERT INTO counted_events (rule_id, key_sha, at) SELECT *, $3::timestamptz FROM unnest($1::bigint[], $2::bytea[])
"""
UNCOUNT: Final = """
DELETE FROM counted_events c USING unnest($1::bigint[], $2::bytea[]) AS k (rule_id, key_sha)
WHERE c.rule_id = k.rule_id AND c.key_sha = k.key_sha
"""
GROUP: Final = """
INSERT INTO incident_groups (service_id, key_sha, incident_id, opened_at)
SELECT *, $4::timestamptz FROM unnest($1::bigint[], $2::bytea[], $3::uuid[])
ON CONFLICT (service_id, key_sha) DO UPDATE SET incident_id = excluded.incident_id, opened_at = excluded.opened_at
"""
MARK: Final = """
UPDATE incidents i SET priority = coalesce(u.priority, i.priority), until = u.until
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS u (id, priority, until) WHERE i.id = u.id
"""
RULE_URGENCIES: Final = """
UPDATE alerts a SET urgency_ruled = u.is_ruled FROM unnest($1::uuid[], $2::boolean[]) AS u (id, is_ruled)
WHERE a.id = u.id AND a.urgency_ruled <> u.is_ruled
"""
"""Of alerts as they are stored by now. One of another severity than before has none until a rule says it again."""
SENT: Final = """
SELECT k.service_id, k.sha, r.to_service_id, r.dedup_key,
    EXISTS (SELECT FROM alerts a WHERE a.service_id = k.service_id AND a.dedup_sha = k.sha AND a.status = 'open')
        AS own_open,
    EXISTS (SELECT FROM alerts a WHERE a.service_id = r.to_service_id AND a.dedup_sha = r.to_sha
        AND a.status = 'open') AS sent_open
FROM unnest($1::bigint[], $2::bytea[]) AS k (service_id, sha)
LEFT JOIN rerouted_keys r ON r.service_id = k.service_id AND r.own_sha = k.sha
"""
SEND: Final = """
INSERT INTO rerouted_keys (service_id, own_sha, to_service_id, to_sha, dedup_key, at)
SELECT *, $6::timestamptz FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[], $5::text[])
ON CONFLICT (service_id, own_sha) DO UPDATE SET to_service_id = excluded.to_service_id, to_sha = excluded.to_sha,
    dedup_key = excluded.dedup_key, at = excluded.at
"""
TALLY: Final = """
INSERT INTO rule_counts AS c (rule_id, matched, matched_at, skipped, skipped_at, why)
SELECT u.rule_id, u.matched, CASE WHEN u.matched > 0 THEN $5::timestamptz END,
    u.skipped, CASE WHEN u.skipped > 0 THEN $5::timestamptz END, u.why
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) AS u (rule_id, matched, skipped, why)
ON CONFLICT (rule_id) DO UPDATE SET matched = c.matched + excluded.matched, skipped = c.skipped + excluded.skipped,
    matched_at = coalesce(excluded.matched_at, c.matched_at), skipped_at = coalesce(excluded.skipped_at, c.skipped_at),
    why = coalesce(nullif(excluded.why, ''), c.why)
"""
