"""Codes that verify contact methods, and how often each was guessed at."""

from alembic import op

revision = "0021"
down_revision = "0020"

STATEMENTS = (
    """
    CREATE TABLE verifications (
        contact_method_id bigint PRIMARY KEY REFERENCES contact_methods ON DELETE CASCADE,
        page_id uuid NOT NULL,
        expires_at timestamptz NOT NULL,
        tries smallint NOT NULL DEFAULT 0
    )
    """,
    "COMMENT ON COLUMN verifications.page_id IS 'the page that carries the code, which is derived from it'",
)


def upgrade() -> None:
    """Make the table; nobody waits for a code yet."""
    for statement in STATEMENTS:
        op.execute(statement)
