"""Single values in what monitors send: words, texts, instants, web addresses, identities.

Pure, forgiving where a page depends on it, and never guessing a state from a part of a word.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeGuard

from opsknight.domain.model.event import MAX_DEDUP_KEY, MAX_TITLE, Action, Link, Severity

MAX_HREF: Final = 2048
MAX_WORD: Final = 100
"""Characters that are kept of a status word that is not known."""

_ACTION_WORDS: Final[Mapping[Action, str]] = {
    Action.TRIGGER: "trigger, triggered, firing, fire, alert, alerting, alarm, problem, open, opened, down",
    Action.ACKNOWLEDGE: "acknowledge, acknowledged, ack, acked",
    Action.RESOLVE: "resolve, resolved, recovered, recovery, ok, okay, up, closed, close, clear, cleared, normal,"
    " healthy, fixed, success, passed",
}
_SEVERITY_WORDS: Final[Mapping[Severity, str]] = {
    Severity.CRITICAL: "critical, crit, page, fatal, emergency, emerg, alert, disaster, panic, blocker, down, urgent,"
    " p0, p1, s1, sev0, sev1, sev 0, sev 1",
    Severity.ERROR: "error, err, major, high, severe, p2, s2, sev2, sev 2",
    Severity.WARNING: "warning, warn, minor, medium, moderate, average, ticket, p3, s3, sev3, sev 3",
    Severity.INFO: "info, information, informational, notice, none, low, debug, ok, normal,"
    " p4, p5, s4, s5, sev4, sev5, sev 4, sev 5",
}
_QUIET_WORDS: Final = (
    "paused, pausing, pending, suspended, disabled, inactive, muted, silenced, suppressed, snoozed, maintenance,"
    " in maintenance, under maintenance, scheduled maintenance, downtime, in downtime, scheduled, in progress,"
    " inprogress, investigating, monitoring, assigned, unassigned, reassigned, comment, commented, ignore, ignored"
)

ACTIONS: Final[Mapping[str, Action]] = {
    one: action for action, words in _ACTION_WORDS.items() for one in words.split(", ")
}
"""What a whole status word asks for, where a format leaves the words to its sender. Compare `word(…)`."""

QUIET: Final = frozenset(_QUIET_WORDS.split(", "))
"""States that page nobody, acknowledge nothing and resolve nothing."""

_SEVERITIES: Final[Mapping[str, Severity]] = {
    one: severity for severity, words in _SEVERITY_WORDS.items() for one in words.split(", ")
}
_SEPARATORS: Final = re.compile(r"[\s_-]+")
_ADDRESS: Final = re.compile(r"https?://[^\s\0-\x20/?#<>\"\\@][^\s\0-\x20<>\"\\]*", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\0-\x1f\x7f-\x9f]+")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_UNITS: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (0, 1))
"""From this many on, a count since 1970 is in units of which so many make a second."""
_EARLIEST: Final = 1971


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Say whether a JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Say whether a JSON value is a list."""
    return isinstance(value, list)


def inside(value: Any, *names: str) -> dict[str, Any]:
    """Return the object that is found going from name to name, an empty one where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def word(value: Any) -> str:
    """Return a status word without case and with single spaces between its parts; "" where it is no text."""
    return _SEPARATORS.sub(" ", value.strip().casefold()) if isinstance(value, str) else ""


def severity_of(value: Any) -> Severity | None:
    """Return how bad a whole word says it is, or None where it is none that is known."""
    return _SEVERITIES.get(value) or _SEVERITIES.get(word(value)) if isinstance(value, str) else None


class Asked(NamedTuple):
    """What status words ask for, None for what pages nobody; `unknown` is the first word that is not known."""

    action: Action | None
    unknown: str = ""

    def marked(self, details: dict[str, Any]) -> dict[str, Any]:
        """Return details of an event that name the unknown word, where there is one."""
        return details | {"unknown_status": self.unknown} if self.unknown else details


def asked(actions: Mapping[str, Action], *values: Any, quiet: Collection[str] = QUIET) -> Asked:
    """Return what one or more statuses of the same thing ask for; the first that is not blank decides.

    A word that is not known makes a trigger of them all, and a quiet one nothing: neither ends anything.
    """
    words = [said for value in values if (said := word(text(value)))]
    if any(said in quiet for said in words):
        return Asked(None)
    unknown = next((said for said in words if said not in actions), "")
    return Asked(Action.TRIGGER if unknown or not words else actions[words[0]], unknown[:MAX_WORD])


def text(value: Any) -> str:
    """Return a text, number or truth value as text without space around it; "" for anything else."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""


def first(values: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return the first of the named values that is a text or number and not blank, or ""."""
    for name in names:
        found = values.get(name)
        if found and (said := text(found)):
            return said
    return ""


def texts(value: Any) -> dict[str, str]:
    """Return names and texts out of an object, a list ["env:prod", …] or a text "env:prod, …"."""
    if is_object(value):
        return {str(name): said if said.__class__ is str else text(said) for name, said in value.items()}
    if isinstance(value, str):
        value = value.split(",")
    if not is_list(value):
        return {}
    pairs = (entry.strip().partition(":") for entry in value if isinstance(entry, str))
    return {name.strip(): said.strip() for name, _, said in pairs if name.strip()}


def one_line(value: str) -> str:
    """Return `value` on one line, without control characters, cut to the length of a title."""
    if not value.isprintable():
        value = " ".join(_CONTROL.sub(" ", value).split())
    return value if len(value) <= MAX_TITLE else f"{value[: MAX_TITLE - 1]}…"


def link(href: Any, *, words: str = "") -> Link | None:
    """Return an http or https address as a link, or None for anything else."""
    if not href or href.__class__ is not str or len(href) > MAX_HREF:
        return None
    return Link(href, words) if _ADDRESS.fullmatch(href) else None


def instant(value: Any) -> datetime | None:
    """Return the instant that an ISO 8601 text or a count since 1970 means, in UTC; None where it means none.

    Counts may be in seconds, milli-, micro- or nanoseconds; a text without offset is in UTC. Go's zero
    time and everything else before 1971 is no instant.
    """
    if value.__class__ is str:
        stripped = value.strip()
        at = _counted(float(stripped)) if stripped.isdecimal() and len(stripped) <= 20 else _written(stripped)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        at = _counted(value)
    else:
        return None
    return at if at is not None and at.year >= _EARLIEST else None


def _written(value: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is UTC:
            return at
        if at.tzinfo is None:
            return at.replace(tzinfo=UTC)
        offset = value[max(value.rfind("+"), value.rfind("-")) :]
        return None if "." in offset else at.astimezone(UTC)  # Python takes +01.00 for an offset
    except (ValueError, OverflowError):
        return None


def _counted(count: float) -> datetime | None:
    unit = next((unit for least, unit in _EPOCH_UNITS if count >= least), None)
    try:
        return None if unit is None else _EPOCH + timedelta(seconds=count / unit)
    except OverflowError:
        return None


def scoped(provider: str, key: str) -> str:
    """Return a dedup key that no other provider's key can equal; one that is too long is hashed."""
    dedup_key = f"{provider}:{key}"
    return dedup_key if len(dedup_key) <= MAX_DEDUP_KEY else f"{provider}:{stable(key)}"


def stable(*identity: str) -> str:
    """Return a short key for the fields that make up an identity; "v1" names this way of making it."""
    joined = "".join(f"{len(field)}:{field}" for field in identity)
    return f"v1:{hashlib.sha256(joined.encode()).hexdigest()}"
