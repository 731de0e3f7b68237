"""The SQL of what keeps incidents quiet: of the ingest lane on asyncpg, and of everybody else."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

OPEN_SOURCES: Final = """
SELECT n.rule_id, n.equals, n.alert_id, n.incident_id, n.title
FROM unnest($1::bigint[], $2::bytea[]) AS k (rule_id, equals)
JOIN inhibitors n ON n.rule_id = k.rule_id AND n.equals = k.equals
JOIN alerts a ON a.id = n.alert_id AND a.status || '' = 'open'
ORDER BY n.alert_id
"""
"""The status is compared as no index of open alerts is asked; see OPEN_ALERTS of the lane."""
FLAPS: Final = """
SELECT f.service_id, f.dedup_sha, f.changes, f.since
FROM unnest($1::bigint[], $2::bytea[]) AS k (service_id, sha)
JOIN flaps f ON f.service_id = k.service_id AND f.dedup_sha = k.sha
"""
_KEEP: Final = """
INSERT INTO silences (incident_id, cause, reason, until, window_id, rule_id, equals, source_alert_id,
    source_incident_id, paused_until, created_at)
VALUES ({values})
ON CONFLICT (incident_id) DO UPDATE SET cause = excluded.cause, reason = excluded.reason, until = excluded.until,
    window_id = excluded.window_id, rule_id = excluded.rule_id, equals = excluded.equals,
    source_alert_id = excluded.source_alert_id, source_incident_id = excluded.source_incident_id,
    paused_until = excluded.paused_until, created_at = excluded.created_at
"""
KEEP: Final = _KEEP.format(values=", ".join(f"${number}" for number in range(1, 12)))
UNTIL: Final = "UPDATE incidents SET until = $2 WHERE id = $1 AND status = 'suppressed'"
INHIBIT: Final = """
INSERT INTO inhibitors (rule_id, equals, alert_id, incident_id, title) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
"""
LET_GO: Final = "DELETE FROM inhibitors WHERE rule_id = ANY($1::bigint[]) AND alert_id = ANY($2::uuid[])"
"""Alerts that are not what they were: of which rules they are sources still is noted after."""
FLAPPED: Final = """
INSERT INTO flaps (service_id, dedup_sha, changes, since, calm_at, incident_id, title)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (service_id, dedup_sha) DO UPDATE SET changes = excluded.changes, since = excluded.since,
    calm_at = excluded.calm_at, incident_id = excluded.incident_id, title = excluded.title
"""
_KEPT: Final = (
    "incident_id", "cause", "reason", "until", "window_id", "rule_id", "equals", "source_alert_id",
    "source_incident_id", "paused_until", "now",
)  # fmt: skip
KEEP_ONE: Final = text(_KEEP.format(values=", ".join(f":{name}" for name in _KEPT)))
