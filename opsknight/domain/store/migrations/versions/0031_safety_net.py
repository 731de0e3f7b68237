"""Which incidents the safety net pages for, found without a look at all timers: every page asks."""

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Index the few timers of the safety net."""
    op.execute("CREATE INDEX timers_of_the_net ON timers (subject) WHERE kind = 'safety_net'")
