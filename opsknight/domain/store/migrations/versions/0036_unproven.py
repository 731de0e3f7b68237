"""How often deliveries did not prove themselves, by the hour, beside those that were told to send again."""

from alembic import op

revision = "0036"
down_revision = "0035"

STATEMENTS = (
    "ALTER TABLE turned_away ADD COLUMN unproven bigint NOT NULL DEFAULT 0",
    "ALTER TABLE turned_away ADD COLUMN unproven_at timestamptz",
    "COMMENT ON COLUMN turned_away.unproven IS 'deliveries that did not prove that they are from the monitor'",
)


def upgrade() -> None:
    """Count them; nothing of such a delivery is kept."""
    for statement in STATEMENTS:
        op.execute(statement)
