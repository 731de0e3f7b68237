"""Canaries and what became of each, and the times in which we were blind."""

from alembic import op

revision = "0020"
down_revision = "0019"

STATEMENTS = (
    """
    CREATE TABLE canaries (
        notification_id uuid PRIMARY KEY,
        contact_method_id bigint NOT NULL REFERENCES contact_methods ON DELETE CASCADE,
        channel text NOT NULL,
        due_at timestamptz NOT NULL,
        taken_at timestamptz,
        outcome text NOT NULL DEFAULT ''
    )
    """,
    "COMMENT ON COLUMN canaries.outcome IS 'how it ended, as its notification says; empty while it is under way'",
    "CREATE INDEX canaries_of_channel ON canaries (channel, due_at)",
    """
    CREATE TABLE blind_spells (
        from_at timestamptz PRIMARY KEY,
        to_at timestamptz NOT NULL
    )
    """,
    "ALTER TABLE pages DROP CONSTRAINT pages_check",
    """
    ALTER TABLE pages ADD CONSTRAINT pages_check CHECK (incident_id IS NOT NULL
        OR kind NOT IN ('page', 'assigned', 'still_on_it', 'safety_net', 'help', 'hand_over', 'joined')) NOT VALID
    """,
)


def upgrade() -> None:
    """Make the tables; nothing has flown yet."""
    for statement in STATEMENTS:
        op.execute(statement)
