"""What can be due later for an incident or a heartbeat; each has at most one of its kinds at a time.

Besides, an incident may have one of kind `alerts_joined`, which tells its owner something and pages nobody else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from opsknight.domain.model.incident import Incident, Status


class TimerKind(StrEnum):
    """What a timer is for."""

    ESCALATION = "escalation"
    PAUSE = "pause"
    SAFETY_NET = "safety_net"
    SNOOZE_END = "snooze_end"
    SUPPRESS_END = "suppress_end"
    ACK_TIMEOUT = "ack_timeout"
    ACK_REMINDER = "ack_reminder"
    ALERTS_JOINED = "alerts_joined"
    HEARTBEAT_MISSED = "heartbeat_missed"
    HEARTBEAT_RESUME = "heartbeat_resume"


OF_HEARTBEATS = frozenset({TimerKind.HEARTBEAT_MISSED, TimerKind.HEARTBEAT_RESUME})
"""The subject of these is a heartbeat; that of all others an incident."""


def wanted(
    incident: Incident, *, at: datetime, ack_timeout: timedelta | None, net_lap: int | None = None
) -> tuple[TimerKind, datetime] | None:
    """Return the one timer that an incident which has just come into its status needs, and when it is due.

    Open: the next step now, or the safety net where its policy's laps are over (`net_lap`).
    Resolved, suppressed by a rule and acknowledged without a timeout: none.
    """
    match incident.status:
        case Status.OPEN:
            in_net = net_lap is not None and incident.lap >= net_lap
            return (TimerKind.SAFETY_NET if in_net else TimerKind.ESCALATION), at
        case Status.ACKNOWLEDGED:
            return None if ack_timeout is None else (TimerKind.ACK_TIMEOUT, at + ack_timeout)
        case Status.SNOOZED:
            return TimerKind.SNOOZE_END, incident.until or at
        case Status.SUPPRESSED:
            return None if incident.until is None else (TimerKind.SUPPRESS_END, incident.until)
        case Status.RESOLVED:
            return None
