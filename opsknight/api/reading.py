"""Single values in what monitors send: words, texts, instants, web addresses, identities.

Pure, forgiving where a page depends on it, and never guessing a state from a part of a word.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Container, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeGuard

from opsknight.domain.model.event import MAX_DEDUP_KEY, MAX_TITLE, Action, Link, Severity

MAX_HREF: Final = 2048
MAX_WORD: Final = 100
"""Characters that are kept of a status word that is not known."""

_ACTION_WORDS: Final[Mapping[Action, str]] = {
    Action.TRIGGER: "trigger, triggered, firing, fired, fire, alert, alerting, alarm, problem, open, opened, down,"
    " active, critical, degraded, error, failed, failing, failure, offline, unhealthy, warn, warning",
    Action.ACKNOWLEDGE: "acknowledge, acknowledged, ack, acked",
    Action.RESOLVE: "resolve, resolved, recover, recovered, recovery, ok, okay, up, closed, close, clear, cleared,"
    " normal, healthy, fixed, success, succeeded, successful, passed, passing, online, restored",
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
_NO_LETTERS: Final = re.compile(r"[\W_]+")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_UNITS: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (0, 1))
"""From this many on, a count since 1970 is in units of which so many make a second."""
_EARLIEST: Final = 1971
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ZONES: Final[Mapping[str, str]] = {
    "UTC": "+00:00",
    "GMT": "+00:00",
    "WET": "+00:00",
    "CET": "+01:00",
    "CEST": "+02:00",
    "EET": "+02:00",
    "EEST": "+03:00",
    "EDT": "-04:00",
    "EST": "-05:00",
    "CDT": "-05:00",
    "MDT": "-06:00",
    "MST": "-07:00",
    "PDT": "-07:00",
    "PST": "-08:00",
}
"""By their letters; CST, IST and BST are several zones."""


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Say whether a JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Say whether a JSON value is a list."""
    return isinstance(value, list)


def as_object(value: Any) -> dict[str, Any]:
    """Return a JSON value where it is an object, else an empty one."""
    return value if is_object(value) else {}


def inside(value: Any, *names: str) -> Any:
    """Return what objects inside each other hold under these names, the outer first; None where one is missing."""
    for name in names:
        if not is_object(value):
            return None
        value = value.get(name)
    return value


def filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values without those that say nothing: null, an empty text, list or object."""
    return {name: value for name, value in values.items() if value is not None and value not in ("", [], {})}


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
    """Return a text, number or truth value as text without space around it; "" for anything else.

    A text of nothing but control characters says nothing either.
    """
    if isinstance(value, str):
        said = value.strip()
        return said if said.isprintable() or one_line(said) else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""


def first(values: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return the first of the named values that is a text or number and not blank, or ""."""
    for name in names:
        found = values.get(name)
        if (found or (found == 0 and found is not False)) and (said := text(found)):
            return said
    return ""


def inner(value: Any, *names: str) -> dict[str, Any]:
    """Return the object that stands at `names` inside `value`, {} where there is none."""
    for name in names:
        value = value.get(name) if is_object(value) else None
    return value if is_object(value) else {}


def kept(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return those of the named values that say something."""
    return {name: said for name in names if (said := values.get(name)) not in (None, "", [], {})}


def by_path(value: Any, *, deep: int = 3) -> dict[str, Any]:
    """Return what stands in an object and those inside it by its path, in lower case and without separators.

    {"rule": {"name": …}}, {"rule.name": …}, {"rule_name": …} and {"ruleName": …} all say "rulename".
    """
    found: dict[str, Any] = {}
    level = [("", value)]
    for _ in range(deep):
        below: list[tuple[str, Any]] = []
        for path, one in level:
            for name, said in one.items() if is_object(one) else ():
                full = path + "".join(filter(str.isalnum, name.casefold()))
                found.setdefault(full, said)
                below.append((full, said))
        level = below
    return found


def plain(name: str) -> str:
    """Return a field's name in lower case, without what separates its parts: hostName and HOST_NAME are "hostname"."""
    return _NO_LETTERS.sub("", name).casefold()


def flat(values: Mapping[str, Any], *, unrendered: re.Pattern[str] | None = None) -> dict[str, Any]:
    """Return the fields by plain name, and those of an object inside after its own name too.

    host_name, HOSTNAME and {"host": {"name": …}} are all "hostname"; of two, the first that is not
    blank counts. A text that `unrendered` matches as a whole is left out: a template's variable
    that its monitor did not know.
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        outer = plain(name)
        fields = {outer: value}
        if is_object(value):
            for inner, deeper in value.items():
                short = plain(inner)
                fields.setdefault(short if short.startswith(outer) else outer + short, deeper)
        for key, one in fields.items():
            if not _is_blank(one, unrendered):
                found.setdefault(key, one)
    return found


def rest(
    values: Mapping[str, Any], shown: Container[str], *, unrendered: re.Pattern[str] | None = None
) -> dict[str, Any]:
    """Return the fields that hold something and whose plain name is not among those shown elsewhere."""
    return {
        name: value
        for name, value in values.items()
        if not _is_blank(value, unrendered) and value not in ([], {}) and plain(name) not in shown
    }


def _is_blank(value: Any, unrendered: re.Pattern[str] | None) -> bool:
    if isinstance(value, str):
        return not value or (unrendered is not None and unrendered.fullmatch(value.strip()) is not None)
    return value is None


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


def titled(*candidates: str, otherwise: str) -> str:
    """Return the first text that shows anything on one line, else the last resort."""
    return next((line for one in candidates if (line := one_line(one).strip())), otherwise)


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


def zoned_instant(value: Any) -> datetime | None:
    """Return the instant that "Sun Mar 15 14:23:42 UTC 2026" or "2026-03-15 14:23:42 PDT" means, in UTC.

    Whatever `instant` reads is read too. A zone's letters that more than one zone uses mean none.
    """
    if (at := instant(value)) is not None or not isinstance(value, str):
        return at
    parts = value.split()
    if len(parts) == 6 and parts[1][:3].title() in _MONTHS:
        _, month, day, clock, zone, year = parts
        written = f"{year}-{_MONTHS.index(month[:3].title()) + 1:02}-{day:0>2}T{clock}"
    elif len(parts) == 3:
        written, zone = f"{parts[0].replace('/', '-')}T{parts[1]}", parts[2]
    else:
        return None
    return instant(written + _ZONES.get(zone.upper(), zone if zone[:1] in {"+", "-"} else "?"))


def scoped(provider: str, key: str) -> str:
    """Return a dedup key that no other provider's key can equal; one that is too long is hashed."""
    dedup_key = f"{provider}:{key}"
    return dedup_key if len(dedup_key) <= MAX_DEDUP_KEY else f"{provider}:{stable(key)}"


def stable(*identity: str) -> str:
    """Return a short key for the fields that make up an identity; "v1" names this way of making it."""
    joined = "".join(f"{len(field)}:{field}" for field in identity)
    return f"v1:{hashlib.sha256(joined.encode()).hexdigest()}"
