"""What waits longer than what else keeps it quiet."""

from alembic import op

revision = "0042"
down_revision = "0034"

STATEMENTS = (
    "ALTER TABLE silences ADD COLUMN paused_until timestamptz",
    "COMMENT ON COLUMN silences.paused_until IS 'until when a rule lets it wait, also where this is over before'",
)


def upgrade() -> None:
    """Keep it from now on; what rests already has no pause beside its silence."""
    for statement in STATEMENTS:
        op.execute(statement)
