"""Since when what is set holds: what began before goes by what was set then, what came at that instant is looked at."""

from alembic import op

revision = "0040"
down_revision = "0039"

STATEMENTS = (
    "ALTER TABLE services ADD COLUMN ack_timeouts_since timestamptz",
    "COMMENT ON COLUMN services.ack_timeouts_since IS 'null: always; what was acknowledged before goes on as it began'",
    "ALTER TABLE maintenance_windows ADD COLUMN changed_at timestamptz",
    "COMMENT ON COLUMN maintenance_windows.changed_at IS 'when it was ended, extended or cancelled last'",
)


def upgrade() -> None:
    """Take all that is set to have been so always."""
    for statement in STATEMENTS:
        op.execute(statement)
