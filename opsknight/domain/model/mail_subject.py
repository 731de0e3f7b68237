"""Where the subject of a mail tells a state, and what it is about without that.

A state stands in brackets, before a colon, bar or dash, after asterisks as Nagios writes it, or at the end;
“Monitor is UP: shop” and “UP alert: shop” tell it, too. Facts from the subjects of Pingdom, UptimeRobot,
Datadog, PRTG, Uptime Kuma, Checkmk, Monit, Azure, Google Cloud Monitoring and Grafana. Words are compared whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

MAX_LOOKED_AT: Final = 1_000
"""Characters of a subject in which the forms of single monitors are looked for."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ENDS: Final = _set("resolved recovery recovered ok okay cleared clear closed fixed up normal online restored")
DONE: Final = _set("success succeeded successful passed")
"""What jobs say when nothing is wrong."""
BEGINS: Final = _set("problem firing fired alerting triggered down unreachable failed failure critical offline")
KNOWN: Final = _set("acknowledgement acknowledgment acknowledged ack")
QUIET: Final = _set(
    "flappingstart flappingstop flappingdisabled downtimestart downtimeend downtimecancelled downtimeremoved paused"
)
"""Notifications of Nagios and Icinga that are neither a problem nor its end, and what a monitor calls paused."""
IS: Final = _set("is are now again to status state back")
NOT: Final = _set(
    "not no never cannot can't can could couldn't isn't aren't wasn't hasn't won't unable be being until unless if"
    " before when should must will would needs need waiting pending partially partly almost nearly"
)
FAILING: Final = _set("failed fails failing failure not error impossible")

_DEGREES: Final = _set(
    "critical crit emergency emerg fatal disaster panic down unreachable p1 sev1 error err major p2 sev2 warning warn"
    " minor p3 sev3 info information informational notice p4 p5 sev4 sev5"
)
_LAST: Final = ENDS | DONE | BEGINS | KNOWN | QUIET | _DEGREES | {"healthy", "unknown", "alarm"}
"""Last words that are no part of what a mail is about. An open valve is another matter than a closed one."""
_STATES: Final = _LAST | _set("alert open opened insufficient insufficient_data nodata re-triggered")
_PHRASES: Final = {"no data": "nodata", "no data recovered": "recovered", "warn recovered": "recovered"}
"""States of several words, with the word that says the same."""
_JOINING: Final = _set("is are was been has have now again back went")
"""What joins a last state to its subject: “went down” and “is back up” are said of the same."""
THINGS: Final = _set(
    "monitor host service site website check server node device sensor heartbeat endpoint pingdomalert"
)
"""“Host UP: db-1” tells a state; “Scale up: db-1” does not."""
_PLAIN: Final = _set("resolved recovered recovery cleared restored failed") | DONE
"""States that are no part of a verb, as those in “Back up” and “Follow up” are."""
_TOLD_OF: Final = THINGS | _set("incident alert alarm issue problem")
_OVER_WHEN_CLOSED: Final = _set("incident alert alarm issue problem ticket event outage")
_MEASURED: Final = _set(
    "usage use utilization utilisation load rate ratio temperature latency traffic count size memory cpu level"
)
"""What is up has risen then."""
_GREEN: Final = ("🟢", "✅", "✔")

WORD: Final = re.compile(r"\w+(?:[-_.'’/@]\w+)*")
_BRACKET: Final = re.compile(r"[\[(]\s*([^\[\]()]{1,200})[\])]")
_COUNTER: Final = re.compile(r"(?:\s*[:#]\s*|\s+x?)\d+$")
_SYMBOLS: Final = re.compile(r"^(?:[^\w\s\[\](){}<>*\"'“”‘’/#@&+.,$%:;!?|=~^\\-]+\s*)+")
_UPDATED: Final = re.compile(r"updated (?=problem\b)", re.IGNORECASE)
_PREFIX: Final = re.compile(
    r"(no data recovered|no data|warn recovered|re-triggered|[^\W\d_]+(?:_data)?)(?: in [\w ]{1,40})?"
    r"\s*(?::|\||[-–—](?=\s))",  # dashes are meant
    re.IGNORECASE,
)
_LED: Final = re.compile(r"((?:[\w'’-]+ ){1,5})([^\W\d_]+)(?: in [\w ]{1,40})?\s*[:|](?=\s|$)")
_OF_ALERT: Final = re.compile(
    r"([^\W\d_]+) (alert|alarm|notification|incident|issue|problem)\s*[:|](?=\s|$)", re.IGNORECASE
)
_AT_THE_END: Final = re.compile(
    r"(?:\s[-–—|]|:)\s+(up|ok|okay|online|resolved|recovered|cleared|closed|success|successful|succeeded|passed)\W*$",
    re.IGNORECASE,
)
_DONE_AT_THE_END: Final = re.compile(r"\s(?:completed|finished|ended) successfully\W*$", re.IGNORECASE)
_NAMED: Final = re.compile(r"([\w.@/-]{1,60})(?::|\s\|)\s+(?=([^\W\d_]+)\s*(?::|\||[-–—]\s))")
_CHANGE: Final = re.compile(
    r"(.{1,300}?)[\s:–—-]+[a-z]{2,10} (?:->|→) (ok|up|warn|crit|unkn|down|unreach)\s*$", re.IGNORECASE
)
"""How Checkmk writes that a state is another now."""
_EDGES: Final = " \t*[](){}<>:;,.!|\"'“”–—-"

_PRTG: Final = re.compile(
    r"\[[^\[\]]{0,80}\bPRTG\b[^\[\]]{0,80}\]\s*(.{1,300}?)\s(down|warning|unusual|unknown|paused|up)"
    r"((?:\s+(?:ended|escalation|repeat|\((?:now|before): [\w ]{1,20}\)|\((?:acknowledged|partial)\)))*)"
    r"(?:\s+\(.*\))?\s*$",
    re.IGNORECASE,
)
_KUMA: Final = re.compile(r"\[(.{1,300}?)\] \[[^\w\s\[\]]+\s?(up|down)\]", re.IGNORECASE)
_MONIT: Final = re.compile(
    r"monit alert --\s+(?:(.{1,60}?) (failed|succeeded|matched|exceeded|error|down|up|recovery)|"
    r"(does not exist|exists)) (\S{1,200})\s*$",
    re.IGNORECASE,
)
_MONITS_ENDS: Final = _set("succeeded up recovery exists")
_SHORT: Final = {"crit": "critical", "unreach": "unreachable", "unkn": "unknown", "warn": "warning"}
_NOW: Final = re.compile(r"\(now: (\w+)", re.IGNORECASE)


class Parts(NamedTuple):
    """The states that a subject tells, in small letters, and what it is about."""

    marks: tuple[str, ...]
    about: str


def parts(subject: str) -> Parts:
    """Return the states that `subject` tells in their places, and its other words, or itself where there are none."""
    if (sent := _of_one_monitor(subject[:MAX_LOOKED_AT])) is not None:
        return sent
    marks: list[str] = []

    def without_state(found: re.Match[str]) -> str:
        told, left = _of_bracket(found[1])
        marks.extend(told)
        return f" {left} " if told else found[0]

    rest = _DONE_AT_THE_END.sub(": success", _BRACKET.sub(without_state, _SYMBOLS.sub("", subject))).strip()
    head: list[str] = []
    while (bracket := _BRACKET.match(rest)) is not None:
        head.append(bracket[0])
        rest = rest[bracket.end() :].lstrip(" :-")
    if rest.startswith("*") and (word := WORD.search(rest)) is not None and is_state(word[0]):
        marks.append(word[0].casefold())
        rest = rest[word.end() :]
    rest = rest.lstrip("* ")
    if (named := _NAMED.match(rest)) is not None and is_state(named[2]) and not is_state(named[1]):
        head.append(named[1])
        rest = rest[named.end() :]
    rest = _without_prefixes(rest, marks)
    if (last := _AT_THE_END.search(rest)) is not None:
        marks.append(last[1].casefold())
    about = _joined(" ".join((*head, rest)).split())
    return Parts(tuple(marks), about or " ".join(subject.casefold().split()))


def is_state(said: str) -> bool:
    """Say whether a text is nothing but a state."""
    return _plain(said) in _STATES or _plain(said) in _PHRASES


def _plain(said: str) -> str:
    return _COUNTER.sub("", _SYMBOLS.sub("", said)).strip(_EDGES).casefold()


def _mark(said: str) -> str:
    return _PHRASES.get(_plain(said), _plain(said))


def _of_bracket(inner: str) -> tuple[tuple[str, ...], str]:
    """Return the states in a bracket and what else it says: Datadog's “[Triggered on {host:web-1}]” names the host."""
    if is_state(inner):
        return (_mark(inner),), ""
    state, on, left = inner.partition(" on ")
    if on and is_state(state):
        return (_mark(state),), left
    *before, last = inner.split() or [""]
    if before and before[-1].casefold() in _TOLD_OF and _tells([one.casefold() for one in before], last.casefold()):
        return (last.casefold(),), " ".join(before)
    several = inner.split(" - ")
    if len(several) == 2 and is_state(several[0]) and (is_state(several[1]) or _plain(several[1]) == "no severity"):
        return tuple(_mark(one) for one in several if is_state(one)), ""
    return (), inner


def _without_prefixes(rest: str, marks: list[str]) -> str:
    """Return what follows the states at the beginning. Of several the first counts: “Error: OK - …” is not over."""
    rest = _UPDATED.sub("", rest, count=1) if _UPDATED.match(rest) else rest
    if (led := _LED.match(rest)) is not None and _tells(
        led[1].casefold().split(), led[2].casefold(), marked=is_marked(rest, led[2])
    ):
        _count(led[2], rest[led.end() :], marks)
        return f"{led[1]}{rest[led.end() :]}"
    if (alert := _OF_ALERT.match(rest)) is not None and is_state(alert[1]) and _plain(alert[1]) != "normal":
        _count(alert[1], rest[alert.end() :], marks)
        return f"{alert[2]} {rest[alert.end() :]}"
    is_first = True
    while (prefix := _PREFIX.match(rest)) is not None and is_state(prefix[1]):
        rest = rest[prefix.end() :].lstrip("* ")
        if is_first:
            _count(prefix[1], rest, marks)
        is_first = False
    return rest


def is_marked(subject: str, word: str) -> bool:
    """Say whether a state is written as monitors write one: in capitals among other words, or after a green sign."""
    return subject.lstrip().startswith(_GREEN) or (word.isupper() and not subject.isupper())


def is_said_of(before: Sequence[str], state: str, *, marked: bool) -> bool:
    """Say whether a state after “is” tells that what stands `before` it is well; “up” and “closed” often do not.

    A tunnel that is closed and a usage that is up are what a mail warns of. Up is whatever monitors look after, a name
    such as web-1 and what is `marked`; closed are incidents and tickets.
    """
    if state == "closed":
        return not _OVER_WHEN_CLOSED.isdisjoint(before)
    if state != "up":
        return True
    named = [word for word in before if word not in IS]
    is_a_name = len(named) == 1 and not named[0].isalpha() and not named[0].isdecimal()
    return _MEASURED.isdisjoint(before) and (marked or is_a_name or not _TOLD_OF.isdisjoint(before))


def _tells(before: list[str], state: str, *, marked: bool = False) -> bool:
    """Say whether the last of a few words before a colon tells the state of what the others name."""
    if state not in _LAST or not NOT.isdisjoint(before):
        return False
    is_verb = state == "up" and before[-1] == "back" and before[-2:-1] not in (["is"], ["are"], ["now"])
    is_told = before[-1] in IS and not is_verb and is_said_of(before, state, marked=marked)
    return state in _PLAIN or before[-1] in _TOLD_OF or is_told


def _count(state: str, after: str, marks: list[str]) -> None:
    """Note a state, unless the next word says that it was not reached: “Recovery: failed on db-1”."""
    following = WORD.search(after)
    if following is None or following[0].casefold() not in FAILING:
        marks.append(_mark(state))


def _joined(pieces: list[str]) -> str:
    """Return the words in small letters, without a state at their end and what joins it to them."""
    kept = [piece for one in pieces if (piece := one.strip(_EDGES).casefold())]
    if len(kept) > 2 and kept[-1] == "again":
        kept.pop()
    if len(kept) > 1 and _plain(kept[-1]) in _LAST:
        kept.pop()
        if kept[-2:] == ["back", "to"]:
            kept.pop()
        is_joined = kept[-1] in _JOINING
        while len(kept) > 1 and kept[-1] in _JOINING:
            kept.pop()
        kept += ["is"] if is_joined and kept[-1] != "is" else []
    return " ".join(kept)


def _of_one_monitor(subject: str) -> Parts | None:
    """Return what a subject of Checkmk or Monit tells, or of PRTG or Uptime Kuma, whose end differs each time."""
    if (change := _CHANGE.match(subject)) is not None:
        return Parts((_SHORT.get(change[2].casefold(), change[2].casefold()),), _joined(change[1].split()))
    if (kuma := _KUMA.match(subject)) is not None:
        return Parts((kuma[2].casefold(),), " ".join(kuma[1].casefold().split()))
    if (monit := _MONIT.match(subject)) is not None:
        state = (monit[2] or monit[3]).casefold()
        about = f"monit {monit[4]} {monit[1] or 'exists'}".casefold()
        return Parts(("recovered" if state in _MONITS_ENDS else "problem",), about)
    if (prtg := _PRTG.match(subject)) is None:
        return None
    state, more = prtg[2].casefold(), prtg[3].casefold()
    if "(acknowledged)" in more:
        state = "acknowledged"
    elif (now := _NOW.search(more)) is not None:
        state = now[1]
    elif "ended" in more:
        state = "up"
    return Parts((state,), " ".join(prtg[1].casefold().split()))
