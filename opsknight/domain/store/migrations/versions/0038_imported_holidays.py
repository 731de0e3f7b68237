"""Calendars of holidays: imported like those of shifts, and read again."""

from alembic import op

revision = "0038"
down_revision = "0037"

STATEMENTS = (
    "ALTER TABLE calendar_sources ALTER COLUMN layer_id DROP NOT NULL",
    "ALTER TABLE calendar_sources ADD COLUMN days jsonb",
    "ALTER TABLE calendar_sources ADD CONSTRAINT calendar_sources_brings CHECK ((layer_id IS NULL) <> (days IS NULL))",
    "COMMENT ON COLUMN calendar_sources.days IS 'names of holidays by date; null where it brings shifts'",
    "ALTER TABLE schedules ADD COLUMN imported_holidays jsonb NOT NULL DEFAULT '[]'",
    "COMMENT ON COLUMN schedules.imported_holidays IS 'the dates of all calendars of holidays that it imports'",
)


def upgrade() -> None:
    """Let a calendar bring shifts or holidays; those that are there bring shifts."""
    for statement in STATEMENTS:
        op.execute(statement)
