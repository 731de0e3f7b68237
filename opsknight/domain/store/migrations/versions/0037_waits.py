"""What waits longer than what else keeps it quiet, and what is as loud as a rule has said, not as its service says."""

from alembic import op

revision = "0037"
down_revision = "0036"

STATEMENTS = (
    "ALTER TABLE silences ADD COLUMN paused_until timestamptz",
    "COMMENT ON COLUMN silences.paused_until IS 'until when a rule lets it wait, also where this is over before'",
    "ALTER TABLE alerts ADD COLUMN urgency_ruled boolean NOT NULL DEFAULT false",
    "COMMENT ON COLUMN alerts.urgency_ruled IS 'a rule has said how loud it is, as bad as it is now'",
)


def upgrade() -> None:
    """Keep both from now on; what is open has no pause beside its silence, and is as loud as its service says."""
    for statement in STATEMENTS:
        op.execute(statement)
