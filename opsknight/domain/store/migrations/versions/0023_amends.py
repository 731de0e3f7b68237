"""Messages that are changed after they were sent: what each shows, which are behind, how far the ledger was read."""

from alembic import op

revision = "0023"
down_revision = "0022"

STATEMENTS = (
    "ALTER TABLE notifications ADD COLUMN told text NOT NULL DEFAULT ''",
    "COMMENT ON COLUMN notifications.told IS 'how its incident stands by what it shows now; empty: as it was sent'",
    """
    CREATE TABLE amendments (
        notification_id uuid PRIMARY KEY REFERENCES notifications ON DELETE CASCADE,
        channel text NOT NULL,
        due_at timestamptz NOT NULL,
        tries integer NOT NULL DEFAULT 0
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX amendments_due ON amendments (channel, due_at)",
    "COMMENT ON TABLE amendments IS 'messages that do not show how their incident stands'",
    "CREATE TABLE ledger_readers (name text PRIMARY KEY, xid bigint NOT NULL, seq bigint NOT NULL)",
    "COMMENT ON TABLE ledger_readers IS 'how far somebody has read the ledger'",
    """
    INSERT INTO ledger_readers VALUES ('amends', pg_snapshot_xmin(pg_current_snapshot())::text::bigint, -1)
    """,
)


def upgrade() -> None:
    """Begin here: what was sent before stays as it is."""
    for statement in STATEMENTS:
        op.execute(statement)
