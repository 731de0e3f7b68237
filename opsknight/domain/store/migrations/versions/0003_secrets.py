"""A secret for each integration, by which its monitor proves who it is, and the one before it while both count.

A signature needs the secret as it is, so it is stored so; the empty text means that nothing is checked.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; no integration has a secret yet."""
    op.execute(
        "ALTER TABLE integrations"
        " ADD COLUMN secret text NOT NULL DEFAULT '',"
        " ADD COLUMN former_secret text NOT NULL DEFAULT '',"
        " ADD CONSTRAINT integrations_former_secret CHECK (former_secret = '' OR secret <> '')"
    )
