"""Services that are archived: nothing speaks for them any more, their history stays, and they can be brought back."""

from alembic import op

revision = "0032"
down_revision = "0031"

STATEMENTS = (
    "ALTER TABLE services ADD COLUMN archived_at timestamptz, ADD COLUMN archived_by bigint REFERENCES users",
    """
    CREATE TABLE archived_uses (
        service_id bigint NOT NULL REFERENCES services,
        source text NOT NULL,
        times bigint NOT NULL DEFAULT 0,
        last_at timestamptz NOT NULL,
        PRIMARY KEY (service_id, source)
    )
    """,
    "COMMENT ON TABLE archived_uses IS 'what was refused since its service was archived: somebody sends still'",
    "COMMENT ON COLUMN archived_uses.source IS 'whose key it came with, as in integration:7'",
)


def upgrade() -> None:
    """Say when a service was archived, and count what still comes for it."""
    for statement in STATEMENTS:
        op.execute(statement)
