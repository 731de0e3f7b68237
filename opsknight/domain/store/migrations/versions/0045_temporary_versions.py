"""Of a temporary schedule one sees whether somebody else changed it meanwhile."""

from alembic import op

revision = "0045"
down_revision = "0044"

STATEMENTS = ("ALTER TABLE temporary_schedules ADD COLUMN version integer NOT NULL DEFAULT 1",)


def upgrade() -> None:
    """Count the changes of each from now on; a process of the version before counts none, and can write."""
    for statement in STATEMENTS:
        op.execute(statement)
