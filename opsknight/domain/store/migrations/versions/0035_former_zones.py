"""The zones that people lived by before they changed them: what was carried and paid then goes by their clocks."""

from alembic import op

revision = "0035"
down_revision = "0034"

STATEMENTS = (
    """
    CREATE TABLE former_zones (
        user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        until_at timestamptz NOT NULL,
        zone text NOT NULL,
        PRIMARY KEY (user_id, until_at)
    )
    """,
    "COMMENT ON COLUMN former_zones.until_at IS 'the person lived by this zone until then, since the row before'",
)


def upgrade() -> None:
    """Keep them from now on; who has moved before is taken to have lived by the zone of now."""
    for statement in STATEMENTS:
        op.execute(statement)
