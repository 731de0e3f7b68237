"""A restored copy pages nobody until somebody arms it."""

from alembic import op

revision = "0041"
down_revision = "0040"

STATEMENTS = (
    "ALTER TABLE installation ADD COLUMN restored_at timestamptz",
    "COMMENT ON COLUMN installation.restored_at IS 'found in another place then: nobody is paged until it is null'",
)


def upgrade() -> None:
    """Leave what is there armed; a start that finds itself elsewhere says so itself."""
    for statement in STATEMENTS:
        op.execute(statement)
