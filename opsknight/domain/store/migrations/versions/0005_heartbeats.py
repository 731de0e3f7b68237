"""Heartbeats, the last pings of each, and the one timer that each may have."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    """
    CREATE TABLE heartbeats (
        id uuid PRIMARY KEY,
        service_id bigint NOT NULL REFERENCES services,
        name text NOT NULL,
        key text NOT NULL UNIQUE,
        badge_key text NOT NULL UNIQUE,
        urgency text NOT NULL DEFAULT 'high' CHECK (urgency IN ('high', 'low')),
        period_s integer CHECK (period_s BETWEEN 30 AND 31622400),
        cron text NOT NULL DEFAULT '',
        zone text NOT NULL DEFAULT 'UTC',
        grace_s integer NOT NULL CHECK (grace_s BETWEEN 10 AND 2678400),
        state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'up', 'started', 'down')),
        counted_from timestamptz,
        started_at timestamptz,
        last_ping_at timestamptz,
        last_duration_s double precision,
        paused_until timestamptz,
        pings bigint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL,
        CHECK ((period_s IS NULL) = (cron <> '')),
        UNIQUE (service_id, name)
    ) WITH (fillfactor = 70)
    """,
    """
    COMMENT ON COLUMN heartbeats.counted_from IS 'after this instant the next ping is expected: the last ping,
        the last miss, or the end of a pause'
    """,
    """
    CREATE TABLE heartbeat_pings (
        heartbeat_id uuid NOT NULL REFERENCES heartbeats ON DELETE CASCADE,
        slot smallint NOT NULL,
        number bigint NOT NULL,
        at timestamptz NOT NULL,
        signal text NOT NULL CHECK (signal IN ('start', 'success', 'fail')),
        exit_code smallint,
        duration_s double precision,
        sender text NOT NULL DEFAULT '',
        body text NOT NULL DEFAULT '',
        PRIMARY KEY (heartbeat_id, slot)
    ) WITH (fillfactor = 70)
    """,
    "COMMENT ON TABLE heartbeat_pings IS 'a ring: the newest ping takes the place of the hundredth before it'",
    """
    CREATE UNIQUE INDEX timers_one_of_heartbeat ON timers (subject)
        WHERE kind IN ('heartbeat_missed', 'heartbeat_resume')
    """,
)


def upgrade() -> None:
    """Make the tables, and let the database see to it that a heartbeat has one timer at most."""
    for statement in STATEMENTS:
        op.execute(statement)
