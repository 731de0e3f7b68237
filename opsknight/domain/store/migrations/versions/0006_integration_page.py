"""What an integration's page asks: its last deliveries, its two keys, and which delivery was replayed as which."""

from alembic import op

revision = "0006"
down_revision = "0005"

DELIVERIES = """
CREATE INDEX deliveries_of_integration ON deliveries (integration_id, received_at DESC)
"""
"""Without it, the last deliveries of a quiet integration are found only by reading all those of the loud ones."""
KEYS = """
ALTER TABLE integrations ADD COLUMN former_key text UNIQUE
"""
REPLAYS = """
CREATE TABLE replays (
    delivery_id uuid PRIMARY KEY,
    original_id uuid NOT NULL,
    created_at timestamptz NOT NULL
)
"""
REPLAYS_OF = """
CREATE INDEX replays_of_original ON replays (original_id)
"""


def upgrade() -> None:
    """Add them; none of it rewrites a row."""
    for statement in (DELIVERIES, KEYS, REPLAYS, REPLAYS_OF):
        op.execute(statement)
