"""Sign-in links say whether they were mailed: who signs in by one that only a mailbox knew has proved the address."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Count no link that is out already as a proof."""
    op.execute("ALTER TABLE sign_in_links ADD COLUMN mailed boolean NOT NULL DEFAULT false")
