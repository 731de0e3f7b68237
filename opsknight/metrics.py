"""What /metrics shows. One object per figure; whoever does the work counts it where it is done."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PROMPT: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

INGESTED: Final = Counter(
    "opsknight_ingested_events", "Events by provider and what became of them.", ("provider", "verdict")
)
INGEST_SECONDS: Final = Histogram(
    "opsknight_ingest_seconds", "From a delivery's arrival to its answer after the commit.", buckets=_FAST
)
BATCH_SIZE: Final = Histogram(
    "opsknight_ingest_batch_events", "Events in one commit.", buckets=(1, 2, 4, 8, 16, 32, 64)
)
DUPLICATE_KEYS: Final = Counter(
    "opsknight_duplicate_keys", "Deliveries in which a JSON object named a key twice; the last one counted."
)
REFUSED: Final = Counter("opsknight_refused_deliveries", "Deliveries not accepted, by answer.", ("status",))
UNPROVEN: Final = Counter(
    "opsknight_unproven_deliveries", "Deliveries refused for want of a right signature, by provider.", ("provider",)
)
ENGINE_LAG_SECONDS: Final = Gauge(
    "opsknight_engine_lag_seconds",
    "How late the oldest due timer or notification is that nobody has taken; 0 when none is.",
)
DUE_TO_HANDOFF_SECONDS: Final = Histogram(
    "opsknight_due_to_handoff_seconds",
    "From when a notification was due to the start of the provider's call.",
    buckets=_PROMPT,
)
EVENT_TO_HANDOFF_SECONDS: Final = Histogram(
    "opsknight_event_to_handoff_seconds",
    "From an accepted event to the start of the first provider's call.",
    buckets=_PROMPT,
)
NOTIFICATIONS: Final = Counter(
    "opsknight_notifications", "Attempts to notify, by channel and outcome.", ("channel", "outcome")
)
AMENDED: Final = Counter(
    "opsknight_amended_messages", "Changes of messages that were sent, by channel and outcome.", ("channel", "outcome")
)
CARRIER_SUCCESS: Final = Gauge(
    "opsknight_carrier_success",
    "Share of the newest messages of the last 30 min that got through, where a channel has several carriers.",
    ("channel", "carrier", "country"),
)
FEED_LAG_SECONDS: Final = Gauge(
    "opsknight_feed_lag_seconds", "How long facts are held back from the boards by a transaction that is still open."
)
REPAIRS: Final = Counter("opsknight_auditor_repairs", "Incidents that lacked the timer they need, by kind.", ("kind",))
DEAD_TIMERS: Final = Counter("opsknight_dead_timers", "Timers given up after too many failures, by kind.", ("kind",))
BOARDS: Final = Gauge("opsknight_boards_connected", "Pages that receive live changes.")
READY: Final = Gauge("opsknight_ready", "1 while nothing keeps this process from its duty, else 0; as /readyz says.")
FINDINGS: Final = Gauge(
    "opsknight_finding", "Each thing that readiness looks at: 0 good, 1 worth a warning, 2 bad.", ("finding",)
)
CANARY_SUCCESS: Final = Gauge(
    "opsknight_canary_success", "Share of the canaries of the last hour that were taken, by channel.", ("channel",)
)
CANARY_LAG_SECONDS: Final = Gauge(
    "opsknight_canary_lag_seconds", "The longest that a canary of the last hour took, by channel.", ("channel",)
)
VOUCHED: Final = Gauge("opsknight_vouched", "1 while it is proven that pages go out, else 0.")
DISK_FREE_BYTES: Final = Gauge(
    "opsknight_disk_free_bytes", "Room left on the disk of the embedded database, else of the working directory."
)
DISK_TOTAL_BYTES: Final = Gauge("opsknight_disk_total_bytes", "How large that disk is.")
PHONE_COSTS: Final = Gauge(
    "opsknight_phone_costs_this_month", "What texts and calls have cost this month, by currency.", ("currency",)
)
LOOP_BLOCKED_SECONDS: Final = Counter(
    "opsknight_loop_blocked_seconds", "For how long at least the event loop was blocked for a second or more at a time."
)
CLOCK_JUMP_SECONDS: Final = Gauge(
    "opsknight_clock_jump_seconds", "How far the database's clock jumped from the carried time; 0 when they agree."
)
