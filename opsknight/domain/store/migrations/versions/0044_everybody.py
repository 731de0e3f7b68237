"""Who is on call instead of everybody can themselves be replaced."""

from alembic import op

revision = "0044"
down_revision = "0043"

STATEMENTS = (
    "ALTER TABLE overrides DROP CONSTRAINT overrides_replace_nobody_twice",
    """
    ALTER TABLE overrides ADD CONSTRAINT overrides_replace_nobody_twice EXCLUDE USING gist (
        int8range(schedule_id, schedule_id, '[]') WITH &&,
        int8range(coalesce(replaces_id, 0), coalesce(replaces_id, 0), '[]') WITH &&,
        tstzrange(start_at, end_at) WITH &&
    ) WHERE (change = 'replace' AND deleted_at IS NULL)
    """,
    """
    COMMENT ON COLUMN overrides.replaces_id IS 'null of a replacement is everybody: one such at a time, over and
        under those of single people, which are done in the order in which they were made'
    """,
)


def upgrade() -> None:
    """Forbid less than before, so whatever is there may stay."""
    for statement in STATEMENTS:
        op.execute(statement)
