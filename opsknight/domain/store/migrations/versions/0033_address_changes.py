"""Mail addresses that people shall have: each counts once the code that was sent to it came back."""

from alembic import op

revision = "0033"
down_revision = "0032"

STATEMENTS = (
    """
    CREATE TABLE address_changes (
        id uuid PRIMARY KEY,
        user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        email text NOT NULL,
        asked_by bigint REFERENCES users ON DELETE SET NULL,
        asked_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        tries smallint NOT NULL DEFAULT 0,
        ended_at timestamptz
    )
    """,
    "COMMENT ON COLUMN address_changes.id IS 'the code that was sent is derived from it'",
    "COMMENT ON COLUMN address_changes.ended_at IS 'when it was carried out, or another one took its place'",
    "CREATE UNIQUE INDEX address_changes_open ON address_changes (user_id) WHERE ended_at IS NULL",
)


def upgrade() -> None:
    """Keep what is asked for until it is proved."""
    for statement in STATEMENTS:
        op.execute(statement)
