"""Drills: pages that try the whole chain, when each message was delivered and seen, and who is not ready."""

from alembic import op

revision = "0028"
down_revision = "0027"

STATEMENTS = (
    """
    CREATE TABLE drills (
        id uuid PRIMARY KEY,
        about text NOT NULL,
        asked_by bigint REFERENCES users,
        begins_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        ended_at timestamptz,
        weekly_at timestamptz UNIQUE
    )
    """,
    "COMMENT ON COLUMN drills.about IS 'who was drilled, in words: a person, a schedule, everyone on call'",
    "COMMENT ON COLUMN drills.weekly_at IS 'when it was due by the week, null where somebody asked for it'",
    "CREATE INDEX drills_under_way ON drills (ends_at) WHERE ended_at IS NULL",
    """
    CREATE TABLE drill_people (
        drill_id uuid NOT NULL REFERENCES drills,
        user_id bigint NOT NULL REFERENCES users,
        page_id uuid UNIQUE REFERENCES pages,
        unreachable text NOT NULL DEFAULT '',
        acknowledged_at timestamptz,
        notification_id uuid,
        via text NOT NULL DEFAULT '',
        PRIMARY KEY (drill_id, user_id)
    )
    """,
    "COMMENT ON COLUMN drill_people.page_id IS 'null where the person could not be reached at all'",
    "COMMENT ON COLUMN drill_people.notification_id IS 'which message was acknowledged'",
    "CREATE INDEX drill_people_of_user ON drill_people (user_id)",
    """
    CREATE TABLE weekly_drill (
        id integer PRIMARY KEY CHECK (id = 1),
        weekday integer NOT NULL CHECK (weekday BETWEEN 1 AND 7),
        hour integer NOT NULL CHECK (hour BETWEEN 0 AND 23),
        zone text NOT NULL,
        schedule_id bigint REFERENCES schedules,
        set_at timestamptz NOT NULL
    )
    """,
    "COMMENT ON TABLE weekly_drill IS 'when a drill comes by itself, one row at most; weekday 1 is Monday'",
    """
    CREATE TABLE readiness_reds (
        user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        item text NOT NULL,
        since timestamptz,
        told_at timestamptz,
        lead_told_at timestamptz,
        PRIMARY KEY (user_id, item)
    )
    """,
    "COMMENT ON TABLE readiness_reds IS 'what keeps people who are on call soon from being ready for it'",
    "COMMENT ON COLUMN readiness_reds.since IS 'since when; null where it does so no more'",
    "ALTER TABLE notifications ADD COLUMN delivered_at timestamptz",
    "ALTER TABLE notifications ADD COLUMN seen_at timestamptz",
)


def upgrade() -> None:
    """Make the tables; when earlier messages were delivered and seen stands in the ledger."""
    for statement in STATEMENTS:
        op.execute(statement)
