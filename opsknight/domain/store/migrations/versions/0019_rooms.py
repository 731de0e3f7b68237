"""Rooms: addresses of a team that many read, and steps that ask one."""

from alembic import op

revision = "0019"
down_revision = "0018"

STATEMENTS = (
    """
    ALTER TABLE contact_methods
        ALTER COLUMN user_id DROP NOT NULL,
        ADD COLUMN team_id bigint REFERENCES teams ON DELETE CASCADE,
        ADD CONSTRAINT contact_methods_owner_check CHECK (num_nonnulls(user_id, team_id) <= 1) NOT VALID
    """,
    "COMMENT ON COLUMN contact_methods.team_id IS 'whose room it is; NULL where it is a person''s'",
    """
    CREATE UNIQUE INDEX contact_methods_of_rooms ON contact_methods (coalesce(team_id, 0), channel, address)
        WHERE user_id IS NULL
    """,
    "ALTER TABLE pages ALTER COLUMN user_id DROP NOT NULL",
    "ALTER TABLE notifications ALTER COLUMN user_id DROP NOT NULL",
    """
    ALTER TABLE escalation_targets
        ADD COLUMN room_id bigint REFERENCES contact_methods,
        DROP CONSTRAINT escalation_targets_check,
        ADD CONSTRAINT escalation_targets_check
            CHECK (num_nonnulls(user_id, schedule_id, team_id, room_id) = 1) NOT VALID
    """,
    "CREATE INDEX escalation_targets_of_room ON escalation_targets (room_id) WHERE room_id IS NOT NULL",
)


def upgrade() -> None:
    """Make room; there is none yet."""
    for statement in STATEMENTS:
        op.execute(statement)
