"""Why somebody is paged, and why now, as a sentence that can be said in any language beside its English."""

from alembic import op

revision = "0034"
down_revision = "0033"

STATEMENTS = (
    "ALTER TABLE pages ADD COLUMN said jsonb",
    "COMMENT ON COLUMN pages.said IS 'the reason as a sentence and its parts; null where it is told as it is'",
    "ALTER TABLE notifications ADD COLUMN said jsonb",
    "COMMENT ON COLUMN notifications.said IS 'the same of its reason; it holds while it says the same in English'",
)


def upgrade() -> None:
    """Keep what is told later by its parts; what was put down before is told in English."""
    for statement in STATEMENTS:
        op.execute(statement)
