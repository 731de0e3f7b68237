"""Timers say whether they are urgent: in a storm of quiet incidents a loud one is paged first."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Count everything that waits already as urgent."""
    op.execute("ALTER TABLE timers ADD COLUMN urgent boolean NOT NULL DEFAULT true")
