"""What a replay and the integration's page missed: some headers, who was told to come back, since when we hear."""

from alembic import op

revision = "0009"
down_revision = "0008"

STATEMENTS = (
    "ALTER TABLE deliveries ADD COLUMN headers jsonb",
    "COMMENT ON COLUMN deliveries.headers IS 'those that a replay needs, null where the kind of monitor reads none'",
    """
    CREATE TABLE turned_away (
        integration_id bigint NOT NULL,
        starts_at timestamptz NOT NULL,
        too_many bigint NOT NULL DEFAULT 0,
        no_database bigint NOT NULL DEFAULT 0,
        last_at timestamptz NOT NULL,
        PRIMARY KEY (integration_id, starts_at)
    )
    """,
    "COMMENT ON TABLE turned_away IS 'by the hour, how often an integration was told to send again'",
    """
    CREATE TABLE hearing (
        only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
        heard_at timestamptz NOT NULL,
        since timestamptz NOT NULL,
        deaf_from timestamptz
    )
    """,
    "COMMENT ON TABLE hearing IS 'when OpsKnight could last hear its monitors, since when, and the mark before that'",
)


def upgrade() -> None:
    """Add them; none of it rewrites a row."""
    for statement in STATEMENTS:
        op.execute(statement)
