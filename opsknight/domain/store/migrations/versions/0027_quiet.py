"""When people are left alone: quiet hours, do not disturb with a substitute; their language; devices that are heard."""

from alembic import op

revision = "0027"
down_revision = "0026"

STATEMENTS = (
    "ALTER TABLE users ADD COLUMN language text NOT NULL DEFAULT 'en'",
    "ALTER TABLE users ADD COLUMN quiet_hours jsonb NOT NULL DEFAULT '[]'",
    "COMMENT ON COLUMN users.quiet_hours IS 'windows of weekdays and times, by the clock of zone'",
    "ALTER TABLE users ADD COLUMN undisturbed_until timestamptz",
    "ALTER TABLE users ADD COLUMN substitute_id bigint REFERENCES users ON DELETE SET NULL",
    "COMMENT ON COLUMN users.substitute_id IS 'who is paged instead before undisturbed_until'",
    "ALTER TABLE pages ADD COLUMN for_user_id bigint",
    "COMMENT ON COLUMN pages.for_user_id IS 'whose page it is, where a substitute gets it'",
    "ALTER TABLE notifications ADD COLUMN held_until timestamptz",
    "COMMENT ON COLUMN notifications.held_until IS 'the end of the quiet hours in which it would have been due'",
    "ALTER TABLE contact_methods ADD COLUMN heard_at timestamptz",
    "COMMENT ON COLUMN contact_methods.heard_at IS 'when a device last gave a sign of life; null where none is due'",
    "ALTER TABLE contact_methods ADD COLUMN asked_at timestamptz",
    "COMMENT ON COLUMN contact_methods.asked_at IS 'when a silent device was last asked whether it is there'",
    "ALTER TABLE contact_methods ADD COLUMN silence_told_at timestamptz",
    "COMMENT ON COLUMN contact_methods.silence_told_at IS 'when its person was told that it is silent'",
    "UPDATE contact_methods SET heard_at = clock_timestamp() WHERE channel = 'push' AND disabled_at IS NULL",
)


def upgrade() -> None:
    """Make room; nobody has quiet hours, and devices that are on are taken for heard just now."""
    for statement in STATEMENTS:
        op.execute(statement)
