"""Phones: what their owners answer, whose turn it is to be told, and what texts and calls cost."""

from alembic import op

revision = "0024"
down_revision = "0023"

STATEMENTS = (
    """
    CREATE TABLE phone_answers (
        carrier text NOT NULL,
        provider_id text NOT NULL,
        number text NOT NULL,
        at timestamptz NOT NULL,
        understood boolean NOT NULL DEFAULT false,
        told text,
        PRIMARY KEY (carrier, provider_id)
    )
    """,
    "COMMENT ON TABLE phone_answers IS 'what came in from phones, each once; its words are not kept'",
    "COMMENT ON COLUMN phone_answers.told IS 'what was said to it: empty for nothing, null while it is acted on'",
    "CREATE INDEX phone_answers_of_number ON phone_answers (number, at)",
    """
    CREATE TABLE phone_turns (
        number text NOT NULL,
        service_id bigint NOT NULL,
        page_id uuid NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (number, service_id)
    )
    """,
    "COMMENT ON TABLE phone_turns IS 'when a number was last sent something about a service; 0 is about none'",
    "ALTER TABLE notifications ADD COLUMN held boolean NOT NULL DEFAULT false",
    "COMMENT ON COLUMN notifications.held IS 'waits because its number was sent something a moment ago'",
    """
    CREATE INDEX notifications_to_phones ON notifications (contact_method_id, id)
        WHERE channel IN ('sms', 'voice', 'whatsapp')
    """,
    "ALTER TABLE attempts ADD COLUMN cost numeric(14, 6)",
    "ALTER TABLE attempts ADD COLUMN currency text NOT NULL DEFAULT ''",
    "COMMENT ON COLUMN attempts.cost IS 'what it cost in its currency, null where nobody says'",
    "CREATE INDEX attempts_with_cost ON attempts (started_at) WHERE cost IS NOT NULL",
    "ALTER TABLE pages DROP CONSTRAINT pages_check",
    """
    ALTER TABLE pages ADD CONSTRAINT pages_check CHECK (incident_id IS NOT NULL
        OR kind NOT IN ('page', 'assigned', 'still_on_it', 'safety_net', 'help', 'hand_over', 'joined')) NOT VALID
    """,
)


def upgrade() -> None:
    """Make the tables; nobody has answered yet, and what earlier messages cost is not known."""
    for statement in STATEMENTS:
        op.execute(statement)
