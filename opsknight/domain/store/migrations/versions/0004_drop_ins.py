"""What other products' APIs need: alerts that end unless they are repeated, and changes of services."""

from alembic import op

revision = "0004"
down_revision = "0003"

EXPIRIES = """
CREATE TABLE alert_expiries (
    service_id bigint NOT NULL,
    dedup_sha bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (service_id, dedup_sha)
) WITH (fillfactor = 70);
CREATE INDEX alert_expiries_due ON alert_expiries (expires_at);
COMMENT ON TABLE alert_expiries IS 'until when a monitor that repeats its alerts vouches for one; it is written first';
COMMENT ON COLUMN alert_expiries.ended_at IS 'the monitor''s own time of its end, null while it fires';
"""
CHANGES = """
CREATE TABLE changes (
    id uuid PRIMARY KEY,
    service_id bigint NOT NULL,
    integration_id bigint NOT NULL,
    once bytea,
    summary text NOT NULL,
    source text NOT NULL DEFAULT '',
    links jsonb NOT NULL DEFAULT '[]',
    details jsonb NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX changes_once ON changes (integration_id, once) WHERE once IS NOT NULL;
CREATE INDEX changes_of_service ON changes (service_id, at DESC, id DESC);
CREATE INDEX changes_age ON changes (received_at);
COMMENT ON COLUMN changes.once IS 'by what a repeat of the same change is known, null where nothing tells';
"""
"""A service may go while its changes stay, as with incidents."""


def upgrade() -> None:
    """Make both tables."""
    for part in (EXPIRIES, CHANGES):
        for statement in part.split(";\n"):
            if statement.strip():
                op.execute(statement)
