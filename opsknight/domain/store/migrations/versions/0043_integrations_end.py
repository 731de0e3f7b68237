"""Integrations are removed without losing what they sent, and a heartbeat has a former key."""

from alembic import op

revision = "0043"
down_revision = "0042"

STATEMENTS = (
    "ALTER TABLE integrations ADD COLUMN removed_at timestamptz, ADD CHECK (removed_at IS NULL OR NOT active)",
    "COMMENT ON COLUMN integrations.active IS 'false: switched off, nothing that comes with its keys is taken'",
    "COMMENT ON COLUMN integrations.removed_at IS 'shown nowhere since; its row tells whose the past was'",
    "ALTER TABLE heartbeats ADD COLUMN former_key text UNIQUE",
    "COMMENT ON COLUMN heartbeats.former_key IS 'live beside the key until somebody ends it'",
)


def upgrade() -> None:
    """Leave every integration as it is, and every heartbeat with one key."""
    for statement in STATEMENTS:
        op.execute(statement)
