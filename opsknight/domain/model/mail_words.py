"""What the subject of a mail says by itself: that something is wrong, known, or over; how bad; and about what.

A word ends a condition only where it stands for the state (mail_subject), or as the last word. “Name
could not be resolved” ends nothing, for a page too many is better than one too few. A word anywhere
makes it worse, one in those places better.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from opsknight.domain.model.event import Action, Severity
from opsknight.domain.model.mail_subject import (
    BEGINS,
    DONE,
    ENDS,
    FAILING,
    IS,
    KNOWN,
    NOT,
    QUIET,
    THINGS,
    WORD,
    is_marked,
    is_said_of,
    parts,
)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LAST_ENDS: Final = _set("resolved recovered ok okay cleared")
_LAST_AFTER_IS: Final = _set("up normal healthy closed fixed clear online restored")
_PROBLEMS: Final = _set("fail error errors problem problems down critical unreachable firing triggered") | FAILING
_DOUBT: Final = NOT | _PROBLEMS | {"been"}
"""Words beside which a last word does not tell the state."""
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
_WORST_FIRST: Final = tuple(Severity)

_REPLY: Final = re.compile(r"(?:\s*(?:re|fwd?|aw|wg|sv|antw|tr|rv)\s*(?:\[\d+\])?\s*:)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Told:
    """What a subject asks for, None where it pages nobody, and how bad it says it is, None where it does not."""

    action: Action | None
    severity: Severity | None = None


def told(subject: str) -> Told:
    """Return what `subject` says by the words that everybody uses."""
    subject = _without_reply(subject)
    marks = frozenset(parts(subject).marks)
    words = WORD.findall(subject)
    severity = _severity(marks, [word.casefold() for word in words])
    if not QUIET.isdisjoint(marks):
        return Told(None, severity)
    if not BEGINS.isdisjoint(marks):
        return Told(Action.TRIGGER, severity)
    if not KNOWN.isdisjoint(marks):
        return Told(Action.ACKNOWLEDGE, severity)
    is_done = not DONE.isdisjoint(marks) and _PROBLEMS.isdisjoint(word.casefold() for word in words)
    ended = is_done or not ENDS.isdisjoint(marks) or _ends_with_its_end(subject, words)
    return Told(Action.RESOLVE if ended else Action.TRIGGER, severity)


def topic(subject: str) -> str:
    """Return what `subject` is about: itself without case, reply marks and the words where it tells a state.

    So a problem and its end have one topic. Numbers stay: db-1 and db-2 are two things.
    """
    return parts(_without_reply(subject).strip()).about


def _without_reply(subject: str) -> str:
    return _REPLY.sub("", subject, count=1) if _REPLY.match(subject) else subject


def _ends_with_its_end(subject: str, words: list[str]) -> bool:
    """Say whether the last word tells that it is over, and nothing before it speaks against that."""
    if not words or subject.rstrip(" *").endswith("?"):
        return False
    written = words[:-1] if len(words) > 1 and words[-1].casefold() == "again" else words
    *before, last = [word.casefold() for word in written]
    if last in _LAST_ENDS and before[-2:] in (["has", "been"], ["have", "been"]):
        return NOT.isdisjoint(before)
    if last == "normal" and before[-2:] == ["back", "to"]:
        return NOT.isdisjoint(before)
    after_is = last in _LAST_AFTER_IS and bool(before) and before[-1] in IS | THINGS
    told_so = after_is and is_said_of(before, last, marked=is_marked(subject, written[-1]))
    return (last in _LAST_ENDS or told_so) and _DOUBT.isdisjoint(before)


def _severity(marks: Iterable[str], words: list[str]) -> Severity | None:
    """Return the worst that is told: anywhere if it makes things worse, else only where states are told."""
    last = words[-1:] if len(words) > 1 and words[-2] in IS else []
    found = {_SEVERITIES[word] for word in (*marks, *last) if word in _SEVERITIES}
    found |= {_SEVERITIES[word] for word in words if _SEVERITIES.get(word) in _RAISING}
    return next((severity for severity in _WORST_FIRST if severity in found), None)
