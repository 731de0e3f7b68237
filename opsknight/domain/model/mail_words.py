"""What the subject of a mail says by itself: that something is wrong, known, or over; how bad; and about what.

A word ends a condition only where it stands for the state: in brackets, before a colon or dash, after
asterisks as Nagios writes it, or as the last word. “Name could not be resolved” ends nothing, for a
page too many is better than one too few. A word anywhere makes it worse, one in those places better.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from opsknight.domain.model.event import Action, Severity


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ENDS: Final = _set("resolved recovery recovered ok okay cleared clear closed fixed up normal")
_BEGINS: Final = _set("problem firing triggered down unreachable failed failure critical")
_KNOWN: Final = _set("acknowledgement acknowledgment acknowledged ack")
_QUIET: Final = _set(
    "flappingstart flappingstop flappingdisabled downtimestart downtimeend downtimecancelled downtimeremoved"
)
"""Notifications of Nagios and Icinga that are neither a problem nor its end."""
_LAST_ENDS: Final = _set("resolved recovered ok okay cleared")
_LAST_AFTER_IS: Final = _set("up normal healthy closed fixed clear")
_IS: Final = _set("is are now again to status state back")
_DOUBT: Final = _set(
    "not no never cannot can't can could couldn't isn't aren't wasn't hasn't won't unable be being been until unless if"
    " before when should must will would needs need waiting pending fails fail error errors problem problems down"
    " critical unreachable failed failing failure firing triggered"
)
"""Words beside which a last word does not tell the state."""
_FAILING: Final = _set("failed fails failing failure not error impossible")
_SEVERITIES: Final[Mapping[str, Severity]] = {
    word: severity
    for severity, words in {
        Severity.CRITICAL: "critical crit emergency emerg fatal disaster panic down unreachable p1 sev1",
        Severity.ERROR: "error err major p2 sev2",
        Severity.WARNING: "warning warn minor p3 sev3",
        Severity.INFO: "info information informational notice p4 p5 sev4 sev5",
    }.items()
    for word in words.split()
}
_RAISING: Final = frozenset((Severity.CRITICAL, Severity.ERROR))
_STATES: Final = _ENDS | _BEGINS | _KNOWN | _QUIET | _SEVERITIES.keys() | {"okay", "healthy", "unknown", "alarm"}
"""Words that are no part of what a mail is about."""
_WORST_FIRST: Final = tuple(Severity)

_REPLY: Final = re.compile(r"(?:\s*(?:re|fwd?|aw|wg|sv|antw|tr|rv)\s*(?:\[\d+\])?\s*:)+", re.IGNORECASE)
_BRACKET: Final = re.compile(r"[\[(]\s*([^\[\]()]{1,60})[\])]")
_COUNTER: Final = re.compile(r"(?:\s*[:#]\s*|\s+x?)\d+$")
_PREFIX: Final = re.compile(r"([^\W\d_]+)(?: in [\w ]{1,40})?\s*(?::|\||[-–—](?=\s))")  # dashes are meant
_UPDATED: Final = re.compile(r"^(?:updated )?(?:problem|resolved)(?: in [\w ]{1,40})?\s*:", re.IGNORECASE)
_WORD: Final = re.compile(r"\w+(?:[-_.'’/@]\w+)*")
_EDGES: Final = " \t*[](){}<>:;,.!|\"'“”–—-"


@dataclass(frozen=True, slots=True)
class Told:
    """What a subject asks for, None where it pages nobody, and how bad it says it is, None where it does not."""

    action: Action | None
    severity: Severity | None = None


def told(subject: str) -> Told:
    """Return what `subject` says by the words that everybody uses."""
    subject = _without_reply(subject)
    marks = list(_marks(subject))
    words = [word.casefold() for word in _WORD.findall(subject)]
    severity = _severity(marks, words)
    if any(mark in _QUIET for mark in marks):
        return Told(None, severity)
    if any(mark in _BEGINS for mark in marks):
        return Told(Action.TRIGGER, severity)
    if any(mark in _KNOWN for mark in marks):
        return Told(Action.ACKNOWLEDGE, severity)
    ended = any(mark in _ENDS for mark in marks) or _ends_with_its_end(subject, words)
    return Told(Action.RESOLVE if ended else Action.TRIGGER, severity)


def topic(subject: str) -> str:
    """Return what `subject` is about: itself without case, reply marks and the words where it tells a state.

    So a problem and its end have one topic. Numbers stay: db-1 and db-2 are two things.
    """
    rest = _without_reply(subject).strip()
    rest = _UPDATED.sub("", rest, count=1)
    rest = _BRACKET.sub(lambda found: " " if _is_state(found[1]) else found[0], rest).strip()
    if rest.startswith("*") and (first := _WORD.search(rest)) is not None and _is_state(first[0]):
        rest = rest[first.end() :]
    while (prefix := _PREFIX.match(rest.lstrip("* "))) is not None and _is_state(prefix[1]):
        rest = rest.lstrip("* ")[prefix.end() :]
    kept = [piece for piece in (word.strip(_EDGES).casefold() for word in rest.split()) if piece]
    if len(kept) > 1 and _is_state(kept[-1]):
        kept.pop()
    return " ".join(kept) or " ".join(subject.casefold().split())


def _without_reply(subject: str) -> str:
    return _REPLY.sub("", subject, count=1) if _REPLY.match(subject) else subject


def _is_state(said: str) -> bool:
    return _COUNTER.sub("", said).strip(_EDGES).casefold() in _STATES


def _marks(subject: str) -> Iterator[str]:
    """Yield the words that stand where a state is told: in brackets, after asterisks, before a colon or dash."""
    for bracket in _BRACKET.finditer(subject):
        yield _COUNTER.sub("", bracket[1]).strip().casefold()
    rest = subject.lstrip()
    while (bracket := _BRACKET.match(rest)) is not None:
        rest = rest[bracket.end() :].lstrip(" :-")
    starred = rest.startswith("*")
    rest = rest.lstrip("* ")
    if starred and (first := _WORD.match(rest)) is not None:
        yield first[0].casefold()
    if (prefix := _PREFIX.match(rest)) is not None:
        after = _WORD.search(rest, prefix.end())
        if after is None or after[0].casefold() not in _FAILING:
            yield prefix[1].casefold()


def _ends_with_its_end(subject: str, words: list[str]) -> bool:
    """Say whether the last word tells that it is over, and nothing before it speaks against that."""
    if not words or subject.rstrip(" *").endswith("?"):
        return False
    *before, last = words
    known = last in _LAST_ENDS or (last in _LAST_AFTER_IS and bool(before) and before[-1] in _IS)
    return known and _DOUBT.isdisjoint(before)


def _severity(marks: list[str], words: list[str]) -> Severity | None:
    """Return the worst that is told: anywhere if it makes things worse, else only where states are told."""
    last = words[-1:] if len(words) > 1 and words[-2] in _IS else []
    found = {_SEVERITIES[word] for word in (*marks, *last) if word in _SEVERITIES}
    found |= {_SEVERITIES[word] for word in words if _SEVERITIES.get(word) in _RAISING}
    return next((severity for severity in _WORST_FIRST if severity in found), None)
