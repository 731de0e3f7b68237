"""What was told before it mattered: shifts that begin, and gaps, each once."""

from alembic import op

revision = "0017"
down_revision = "0016"

STATEMENTS = (
    """
    CREATE TABLE told_ahead (
        kind text NOT NULL,
        schedule_id bigint NOT NULL REFERENCES schedules ON DELETE CASCADE,
        user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        what text NOT NULL,
        told_at timestamptz NOT NULL,
        PRIMARY KEY (kind, schedule_id, user_id, what)
    )
    """,
    "COMMENT ON COLUMN told_ahead.what IS 'the start of a shift, or the pattern of gaps'",
    "CREATE INDEX told_ahead_age ON told_ahead (told_at)",
    "ALTER TABLE pages DROP CONSTRAINT pages_check",
    """
    ALTER TABLE pages ADD CONSTRAINT pages_check
        CHECK (incident_id IS NOT NULL OR kind IN ('test', 'confirm', 'shift', 'gap')) NOT VALID
    """,
)


def upgrade() -> None:
    """Make the table; nothing was told yet."""
    for statement in STATEMENTS:
        op.execute(statement)
