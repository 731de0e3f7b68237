"""A change of an incident that nobody holds says which transaction wrote the row that it was read from."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Let changes tell what they were made from."""
    op.execute("ALTER TYPE incident_change ADD ATTRIBUTE seen xid")
