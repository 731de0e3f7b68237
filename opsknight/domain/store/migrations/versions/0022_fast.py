"""What an event says in the words of others of its batch goes to the database once.

An alert names its links, its details and the tags of its service by their place in a list that goes beside the rows.
Earlier versions go on with opened_value, which has them in itself.
"""

from alembic import op

revision = "0022"
down_revision = "0021"

STATEMENTS = (
    """
    CREATE TYPE opening_value AS (incident_id uuid, alert_id uuid, timer_id uuid, delivery_id uuid, ordinal integer,
        integration_id bigint, service_id bigint, actor text, dedup_key text, dedup_sha bytea, title text,
        severity text, urgency text, source text, component text, runbook_url text, tags jsonb,
        service_tags_at integer, links_at integer, details_at integer, started_at timestamptz,
        occurred_at timestamptz, alert alert_state, incident incident_state)
    """,
    """
    COMMENT ON TYPE opening_value IS 'an event that opened an alert and its incident, told once for all the rows that
        it makes; a state is null where it is still as new'
    """,
)


def upgrade() -> None:
    """Make the type."""
    for statement in STATEMENTS:
        op.execute(statement)
