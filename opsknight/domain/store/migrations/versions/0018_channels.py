"""More channels than mail and push, several providers for one of them, and receipts by a provider's own name."""

from alembic import op

revision = "0018"
down_revision = "0017"

STATEMENTS = (
    "ALTER TABLE contact_methods DROP CONSTRAINT contact_methods_channel_check",
    """
    ALTER TABLE contact_methods ADD CONSTRAINT contact_methods_channel_check
        CHECK (channel ~ '^[a-z][a-z_]*$') NOT VALID
    """,
    "ALTER TABLE attempts ADD COLUMN carrier text NOT NULL DEFAULT ''",
    "ALTER TABLE attempts ADD COLUMN country text NOT NULL DEFAULT ''",
    "COMMENT ON COLUMN attempts.carrier IS 'which provider of the channel was called'",
    "COMMENT ON COLUMN attempts.country IS 'where the message went, as two letters, where the channel knows'",
    """
    CREATE INDEX attempts_by_provider ON attempts (carrier, provider_id)
        WHERE provider_id <> '' AND carrier NOT IN ('', 'smtp', 'push')
    """,
)


def upgrade() -> None:
    """Make room; the values of earlier attempts are not known."""
    for statement in STATEMENTS:
        op.execute(statement)
