"""Who watches an incident, and what they were told of it."""

from alembic import op

revision = "0025"
down_revision = "0024"

STATEMENTS = (
    """
    CREATE TABLE watchers (
        incident_id uuid NOT NULL REFERENCES incidents ON DELETE CASCADE,
        user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        began_at timestamptz NOT NULL,
        told_xid xid8 NOT NULL DEFAULT pg_snapshot_xmin(pg_current_snapshot()),
        told_seq bigint NOT NULL DEFAULT 0,
        told_kind text NOT NULL DEFAULT '',
        told_at timestamptz,
        PRIMARY KEY (incident_id, user_id)
    )
    """,
    "COMMENT ON COLUMN watchers.told_xid IS 'with told_seq the place in the ledger up to which they were told'",
    "COMMENT ON COLUMN watchers.told_kind IS 'the kind of the last fact they were told'",
    "CREATE INDEX watchers_of_user ON watchers (user_id)",
)


def upgrade() -> None:
    """Make the tables; nobody watches yet."""
    for statement in STATEMENTS:
        op.execute(statement)
