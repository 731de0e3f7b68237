"""What was changed here is found among all that happened to incidents."""

from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Index the few facts that belong to no incident; what a rule drops or counts is told with the rule."""
    op.execute(
        "CREATE INDEX facts_of_no_incident ON facts (at, xid, seq)"
        " WHERE incident_id IS NULL AND kind NOT IN ('dropped', 'counted')"
    )
