"""Rules ready for use: read once, indexed by what they ask for by name, and asked about one event after another.

A rule with `service == "Checkout" and integration == "Probes" and tags.env == "prod" and …` is only
looked at for events of which all three are so: five hundred rules that these tell apart cost no more than one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import product
from typing import Final, TypeGuard

from opsknight.domain.model.event import MAX_DEDUP_KEY, MAX_TITLE, Event, Urgency
from opsknight.domain.model.expression import (
    Among,
    And,
    BadExpression,
    Compare,
    Expression,
    Field,
    Literal,
    Operand,
    Operator,
)
from opsknight.domain.model.expression_check import Compile, Pattern, read, read_field
from opsknight.domain.model.expression_evaluation import Evaluation, Surroundings
from opsknight.domain.model.rule import BadRule, Rule
from opsknight.domain.model.rule_template import Template, template

_INDEXED_FIRST: Final = ("integration", "service")
_NEVER_INDEXED: Final = frozenset({"details", "hour", "weekday"})
"""What may hold other things than texts, or none that the event brings."""
_MAX_KEYS: Final = 200
MAX_STEPS_OF_ALL: Final = 20_000
"""After so many steps for one event, some milliseconds, the rules of a set that are left are skipped."""
_TOO_MANY: Final = f"the rules before it take more than {MAX_STEPS_OF_ALL} steps for this event"


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that matched, and what it did, in words; `did` is empty where it changed nothing."""

    rule_id: int
    rule: str
    did: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A rule that could not be carried out: the event goes on as if there were none."""

    rule_id: int
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Counting:
    """A threshold of a rule: events of the same `key` are counted."""

    rule_id: int
    rule: str
    key: str
    count: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class Gathering:
    """A group of a rule: alerts of the same `key` belong to one incident."""

    rule_id: int
    rule: str
    key: str
    within: timedelta | None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the rules make of an event. `event` is the very same object where they changed nothing of it.

    Of drop, suppress and pause the first that is said counts, in this order. `urgency` None leaves it to the service.
    """

    event: Event
    urgency: Urgency | None = None
    priority: str | None = None
    service_id: int | None = None
    dropped: bool = False
    suppressed: bool = False
    pause: timedelta | None = None
    gathering: Gathering | None = None
    countings: tuple[Counting, ...] = ()
    reasons: tuple[Reason, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    stopped: bool = False

    @property
    def pages(self) -> bool:
        """Whether somebody is paged at once, as far as the rules are concerned."""
        return not (self.dropped or self.suppressed or self.pause)


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """A rule with everything read that it says in texts."""

    rule: Rule
    condition: Expression
    patterns: Mapping[str, Pattern]
    title: Template | None
    dedup_key: Template | None
    tags: Mapping[str, Template]
    group_by: tuple[Field, ...]
    count_by: tuple[Field, ...]


Key = tuple[str, ...]


@dataclass(slots=True)
class RuleSet:
    """Enabled rules in their order. Those that cannot be read any more are `broken`: skipped, counted and shown."""

    ready: list[ReadyRule] = field(default_factory=list["ReadyRule"])
    broken: list[Skipped] = field(default_factory=list[Skipped])
    _anywhere: list[int] = field(default_factory=list[int])
    _index: dict[tuple[Field, ...], dict[Key, list[int]]] = field(
        default_factory=dict[tuple[Field, ...], dict[Key, list[int]]]
    )

    @classmethod
    def made(cls, rules: Sequence[ReadyRule], *, broken: Sequence[Skipped] = ()) -> RuleSet:
        """Return `rules` as a set, without those that are not enabled. `broken` are such as can be read no more."""
        made = cls(broken=list(broken))
        for ready in rules:
            if ready.rule.enabled:
                made._add(ready)
        return made

    @classmethod
    def of(cls, rules: Sequence[Rule], compile_pattern: Compile) -> RuleSet:
        """Return `rules` ready for use; one that is not enabled is left out."""
        made = cls()
        for rule in rules:
            if rule.enabled:
                try:
                    made._add(prepared(rule, compile_pattern))
                except ValueError as error:  # BadExpression, BadRule: saved by another version
                    made.broken.append(Skipped(rule.id, rule.name, f"it cannot be read: {error}"))
        return made

    def __bool__(self) -> bool:
        """Be true where there is a rule to ask."""
        return bool(self.ready or self.broken)

    @property
    def asks_who_sent(self) -> bool:
        """Whether a rule may ask for the integration or its kind; its condition has the word, be it in a text."""
        asked = (ready.rule.condition for ready in self.ready)
        return any("integration" in one or "provider" in one for one in asked)

    def sends_to(self, service_id: int) -> set[int]:
        """Return where what comes for a service may be sent by these rules: to it itself, for another key."""
        does = [ready.rule.actions for ready in self.ready]
        return {one.service_id or service_id for one in does if one.service_id is not None or one.dedup_key}

    def judge(self, ruling: Ruling, around: Surroundings) -> Ruling:
        """Return `ruling` after these rules have been asked as well, each about the event as those before left it."""
        if self.broken:
            ruling = replace(ruling, skipped=(*ruling.skipped, *self.broken))
        look = Evaluation(ruling.event, around)
        waiting, spent = self._candidates(look, after=-1), 0
        while waiting and not ruling.stopped:
            if spent > MAX_STEPS_OF_ALL:
                left = [self.ready[place].rule for place in waiting]
                return replace(
                    ruling, skipped=(*ruling.skipped, *(Skipped(one.id, one.name, _TOO_MANY) for one in left))
                )
            place = waiting.pop(0)
            before = ruling.event
            ruling = _asked(self.ready[place], ruling, look)
            spent += look.steps
            if ruling.event is not before:
                look = Evaluation(ruling.event, around)
                waiting = self._candidates(look, after=place)
        return ruling

    def _candidates(self, look: Evaluation, *, after: int) -> list[int]:
        """Return the places of the rules that may match, in order."""
        found = [place for place in self._anywhere if place > after]
        for fields, places in self._index.items():
            key = tuple([look.value(one) for one in fields])
            found += [place for place in places.get(key, ()) if place > after]
        found.sort()
        return found

    def _add(self, ready: ReadyRule) -> None:
        place = len(self.ready)
        self.ready.append(ready)
        asked = _asked_by_name(ready.condition)
        if not asked:
            self._anywhere.append(place)
            return
        places = self._index.setdefault(tuple(asked), {})
        for key in product(*asked.values()):
            places.setdefault(key, []).append(place)


def prepared(rule: Rule, compile_pattern: Compile) -> ReadyRule:
    """Return `rule` with all its texts read.

    Raises:
        BadExpression: its condition cannot be used.
        BadRule: one of its texts with braces, or a field that it groups or counts by, cannot be used.
    """
    condition, patterns = read(rule.condition, compile_pattern)
    does = rule.actions
    return ReadyRule(
        rule=rule,
        condition=condition,
        patterns=patterns,
        title=template(does.title, part="title") if does.title else None,
        dedup_key=template(does.dedup_key, part="dedup_key") if does.dedup_key else None,
        tags={name: template(text, part="tags") for name, text in does.tags.items()},
        group_by=_fields(does.group.by, "group") if does.group else (),
        count_by=_fields(does.threshold.by, "threshold") if does.threshold else (),
    )


def _fields(names: Sequence[str], part: str) -> tuple[Field, ...]:
    try:
        return tuple(map(read_field, names))
    except BadExpression as refusal:
        raise BadRule(refusal.sentence, part=part) from refusal


def _asked(ready: ReadyRule, ruling: Ruling, look: Evaluation) -> Ruling:
    """Return `ruling` after one rule; where it cannot be carried out, as if there were none."""
    rule = ready.rule
    try:
        if not look.holds(ready.condition, ready.patterns):
            return ruling
        return _done(ready, ruling, look)
    except Exception as error:  # noqa: BLE001  # a rule must never cost a page
        return replace(ruling, skipped=(*ruling.skipped, Skipped(rule.id, rule.name, str(error) or repr(error))))


def _done(ready: ReadyRule, ruling: Ruling, look: Evaluation) -> Ruling:
    """Return `ruling` after the actions of a rule that matched."""
    rule, does = ready.rule, ready.rule.actions
    countings, gathering = ruling.countings, ruling.gathering
    if does.threshold is not None:
        key = _key(ready.count_by, look)
        counting = Counting(rule.id, rule.name, key, does.threshold.count, does.threshold.within)
        countings = (*countings, counting)
    if does.group is not None:
        gathering = Gathering(rule.id, rule.name, _key(ready.group_by, look), does.group.within)
    return replace(
        ruling,
        event=_changed(ready, ruling.event, look),
        urgency=does.urgency or ruling.urgency,
        priority=does.priority or ruling.priority,
        service_id=does.service_id or ruling.service_id,
        dropped=ruling.dropped or does.drop,
        suppressed=ruling.suppressed or does.suppress,
        pause=does.pause or ruling.pause,
        gathering=gathering,
        countings=countings,
        reasons=(*ruling.reasons, Reason(rule.id, rule.name, does.did())),
        stopped=rule.stops or does.drop,
    )


def _changed(ready: ReadyRule, event: Event, look: Evaluation) -> Event:
    """Return `event` as the rule changes it, the same object where it does not."""
    severity = ready.rule.actions.severity or event.severity
    title = (ready.title.fill(look.value, at_most=MAX_TITLE) if ready.title else "") or event.title
    key = (ready.dedup_key.fill(look.value, at_most=MAX_DEDUP_KEY) if ready.dedup_key else "") or event.dedup_key
    tags = {name: text.fill(look.value, at_most=MAX_TITLE) for name, text in ready.tags.items()}
    all_tags = {**event.tags, **tags} if tags else event.tags
    if (severity, title, key, all_tags) == (event.severity, event.title, event.dedup_key, event.tags):
        return event
    return replace(event, severity=severity, title=title, dedup_key=key, tags=all_tags)


def _key(fields: Sequence[Field], look: Evaluation) -> str:
    """Return by what events are told apart: the values of `fields`, each with its length so that none runs together."""
    values = [str(look.value(one))[:MAX_DEDUP_KEY] for one in fields]
    return "".join(f"{len(value)}:{value}" for value in values)


def _asked_by_name(condition: Expression) -> dict[Field, tuple[str, ...]]:
    """Return what must be so for `condition` to hold: integration, service and one field, each with its texts."""
    parts = condition.parts if isinstance(condition, And) else (condition,)
    named: dict[Field, tuple[str, ...]] = {}
    for part in parts:
        for asked, texts in _names(part):
            named.setdefault(asked, texts)
    kept = [one for one in named if one.name in _INDEXED_FIRST]
    kept += [one for one in named if one.name not in _INDEXED_FIRST][:1]
    found = {one: named[one] for one in sorted(kept, key=lambda one: (one.name, str(one.path)))}
    size = 1
    for texts in found.values():
        size *= len(texts)
    return found if size <= _MAX_KEYS else {}


def _names(part: Expression) -> Iterator[tuple[Field, tuple[str, ...]]]:
    """Yield the field and texts that a comparison by name asks for."""
    if isinstance(part, Compare) and part.operator is Operator.EQUAL:
        for one, other in ((part.left, part.right), (part.right, part.left)):
            if _is_indexed(one) and (text := _name(other)):
                yield one, (text,)
    elif isinstance(part, Among) and _is_indexed(part.operand):
        texts = tuple(dict.fromkeys(map(_name, part.values)))
        if all(texts):
            yield part.operand, texts


def _is_indexed(operand: Operand) -> TypeGuard[Field]:
    return isinstance(operand, Field) and operand.name not in _NEVER_INDEXED


def _name(operand: Operand) -> str:
    """Return the text that stands there, "" for anything else."""
    return operand.value if isinstance(operand, Literal) and isinstance(operand.value, str) else ""
