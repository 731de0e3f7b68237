"""Messages for native windows, which ask for them."""

from alembic import op

revision = "0029"
down_revision = "0028"

STATEMENTS = (
    """
    CREATE TABLE window_messages (
        id uuid PRIMARY KEY,
        contact_method_id bigint NOT NULL REFERENCES contact_methods ON DELETE CASCADE,
        seq bigint GENERATED ALWAYS AS IDENTITY,
        payload jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
    )
    """,
    "COMMENT ON COLUMN window_messages.id IS 'that of its notification'",
    "COMMENT ON COLUMN window_messages.seq IS 'another one each time that it is written'",
    "CREATE INDEX window_messages_of_method ON window_messages (contact_method_id, expires_at)",
    "CREATE INDEX window_messages_expired ON window_messages (expires_at)",
)


def upgrade() -> None:
    """Make the table; no window has asked yet."""
    for statement in STATEMENTS:
        op.execute(statement)
