"""How a job is made to ping its heartbeat: lines to be copied, complete with the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from opsknight.domain.queries.heartbeats import HeartbeatLine

CURL: Final = "curl -fsS -m 10 --retry 5 -o /dev/null"
"""Fails loudly, gives up after 10 s, tries again when the network is away, and fills no mailbox of cron's."""
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ping: what it is for, and the text."""

    name: str
    text: str


def address(base_url: str, key: str) -> str:
    """Return where the heartbeat of `key` pings."""
    return f"{base_url}/ping/{key}"


def ways(line: HeartbeatLine, base_url: str, key: str) -> tuple[Way, ...]:
    """Return the ways to ping, the plainest first."""
    at = address(base_url, key)
    return (
        Way("At the end of a script", f"{CURL} {at}"),
        Way("In a crontab: reports how the job ended", f"{_crontab(line)} /path/to/job; {CURL} {at}/$?"),
        Way("Around a long run: it must end within the grace", f"{CURL} {at}/start\n/path/to/job\n{CURL} {at}/$?"),
        Way("A failure, in your own words", f"{CURL} --data-raw 'No space left on backup-1' {at}/fail"),
    )


def badge(base_url: str, badge_key: str) -> str:
    """Return the address of a heartbeat's badge."""
    return f"{base_url}/badge/{badge_key}.svg"


def _crontab(line: HeartbeatLine) -> str:
    """Return the beginning of a crontab line that runs as often as the heartbeat expects."""
    period_s = line["period_s"]
    if period_s is None:
        return line["cron"]
    if period_s < _HOUR_S and _HOUR_S % period_s == 0 and period_s % _MINUTE_S == 0:
        return f"*/{period_s // _MINUTE_S} * * * *"
    if period_s < _DAY_S and _DAY_S % period_s == 0 and period_s % _HOUR_S == 0:
        return f"0 */{period_s // _HOUR_S} * * *"
    return "0 3 * * 0" if period_s == 7 * _DAY_S else "0 3 * * *"
