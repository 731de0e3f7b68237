"""Escalation as a whole: conditions, turns, everyone's acknowledge, responders, and messages that go together."""

from alembic import op

revision = "0014"
down_revision = "0013"

STATEMENTS = (
    """
    ALTER TABLE escalation_policies
        ADD COLUMN version integer NOT NULL DEFAULT 1,
        ADD COLUMN deleted_at timestamptz
    """,
    """
    ALTER TABLE escalation_steps
        ADD COLUMN round_robin boolean NOT NULL DEFAULT false,
        ADD COLUMN everyone boolean NOT NULL DEFAULT false,
        ADD COLUMN conditions jsonb NOT NULL DEFAULT '{}'
    """,
    "COMMENT ON COLUMN escalation_steps.everyone IS 'whether each of those it asks must acknowledge'",
    """
    ALTER TABLE escalation_targets
        ADD COLUMN team_id bigint REFERENCES teams,
        ADD COLUMN managers_only boolean NOT NULL DEFAULT false,
        DROP CONSTRAINT escalation_targets_check,
        ADD CONSTRAINT escalation_targets_check CHECK (num_nonnulls(user_id, schedule_id, team_id) = 1) NOT VALID
    """,
    """
    CREATE TABLE escalation_turns (
        policy_id bigint NOT NULL REFERENCES escalation_policies ON DELETE CASCADE,
        step smallint NOT NULL,
        turn bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (policy_id, step)
    ) WITH (fillfactor = 50)
    """,
    "COMMENT ON TABLE escalation_turns IS 'whose turn comes next where a step asks its targets one after the other'",
    "ALTER TABLE incidents ADD COLUMN must_acknowledge jsonb",
    """
    COMMENT ON COLUMN incidents.must_acknowledge IS
        'of one generation: who must still acknowledge (waiting), and who has (answered); outdated in every other'
    """,
    """
    CREATE TABLE responders (
        incident_id uuid NOT NULL REFERENCES incidents ON DELETE CASCADE,
        user_id bigint NOT NULL REFERENCES users,
        asked_by text NOT NULL,
        note text NOT NULL DEFAULT '',
        asked_at timestamptz NOT NULL,
        times integer NOT NULL DEFAULT 1,
        answer text NOT NULL DEFAULT 'asked' CHECK (answer IN ('asked', 'accepted', 'declined')),
        answered_at timestamptz,
        PRIMARY KEY (incident_id, user_id)
    )
    """,
    """
    CREATE TABLE on_call_seen (
        schedule_id bigint PRIMARY KEY REFERENCES schedules ON DELETE CASCADE,
        user_ids jsonb NOT NULL,
        look_at timestamptz NOT NULL
    ) WITH (fillfactor = 50)
    """,
    "COMMENT ON TABLE on_call_seen IS 'who was on call when it was looked at last; a difference is a change of shift'",
    """
    ALTER TABLE notifications
        ADD COLUMN gather boolean NOT NULL DEFAULT false,
        ADD COLUMN bundled_into uuid
    """,
    """
    COMMENT ON COLUMN notifications.gather IS
        'may go into one message with others; of a bundled one: that message is still under way'
    """,
    "CREATE INDEX notifications_carried ON notifications (bundled_into) WHERE status = 'bundled' AND gather",
    "CREATE INDEX notifications_bundle ON notifications (bundled_into) WHERE bundled_into IS NOT NULL",
    "ALTER TABLE timers ADD COLUMN gather boolean NOT NULL DEFAULT false",
    "COMMENT ON COLUMN timers.gather IS 'whether it came with many others, whose messages go together'",
    "CREATE UNIQUE INDEX timers_one_of_joined ON timers (subject) WHERE kind = 'alerts_joined'",
)


def upgrade() -> None:
    """Add it all; policies that are there go on as they were."""
    for statement in STATEMENTS:
        op.execute(statement)
