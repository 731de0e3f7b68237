"""Conditions by which an integration reads its mails, and what counts as one and the same condition.

Configuration, plain JSON; every part may be missing:

    {"conditions": [{"field": "subject", "how": "word", "value": "closed", "then": "resolve"}, …],
     "words": true,                                      what fits no condition is read by the usual words
     "otherwise": "trigger",                             … and by this where they tell nothing, or do not count
     "key": {"of": "sender and subject"}}                or "subject", or "between" with field, after and before

Of the conditions that fit, the first that names an action decides the action, and the first that
names a severity the severity. Upper and lower case are alike everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, cast

from opsknight.domain.model.event import Action, Severity
from opsknight.domain.model.mail import Mail
from opsknight.domain.model.mail_words import told, topic

IGNORE: Final = "ignore"
"""What is said of mails that page nobody, acknowledge nothing and resolve nothing."""
MOST: Final = 50
"""Conditions of one integration."""
MAX_VALUE: Final = 200
_THEN: Final = (*Action, IGNORE, *Severity)


class Field(StrEnum):
    """The part of a mail that a condition looks at."""

    SUBJECT = "subject"
    SENDER = "sender"
    TEXT = "text"


class How(StrEnum):
    """How it looks: for whole words, for a beginning, or for anything that holds it."""

    WORD = "word"
    STARTS = "starts with"
    CONTAINS = "contains"


class KeyOf(StrEnum):
    """What makes two mails tell of the same condition."""

    SENDER_AND_SUBJECT = "sender and subject"
    SUBJECT = "subject"
    BETWEEN = "between"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, and what a mail that fits it asks for: an action, IGNORE or a severity."""

    field: Field
    how: How
    value: str
    then: str

    def fits(self, mail: Mail) -> bool:
        """Say whether `mail` fits."""
        wanted, found = _plain(self.value), _plain(_part(mail, self.field))
        if not wanted:
            return False
        if self.how is How.STARTS:
            return found.startswith(wanted)
        return wanted in found if self.how is How.CONTAINS else _as_word(wanted, found)


@dataclass(frozen=True, slots=True)
class Conditions:
    """All that an integration says about its mails."""

    listed: tuple[Condition, ...] = ()
    words: bool = True
    otherwise: str = Action.TRIGGER
    key_of: KeyOf = KeyOf.SENDER_AND_SUBJECT
    key_field: Field = Field.SUBJECT
    after: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What a mail asks for, None where it pages nobody, and how bad it is."""

    action: Action | None
    severity: Severity


def conditions_of(mapping: Mapping[str, Any]) -> Conditions:
    """Return the conditions that `mapping` says; what in it cannot be used is left out."""
    if not mapping:
        return Conditions()
    listed = (_condition(one) for one in _list(mapping.get("conditions")))
    key = _object(mapping.get("key"))
    return Conditions(
        listed=tuple(one for one in listed if one is not None)[:MOST],
        words=mapping.get("words") is not False,
        otherwise=IGNORE if mapping.get("otherwise") == IGNORE else Action.TRIGGER,
        key_of=KeyOf(key["of"]) if key.get("of") in tuple(KeyOf) else KeyOf.SENDER_AND_SUBJECT,
        key_field=Field.TEXT if key.get("field") == Field.TEXT else Field.SUBJECT,
        after=_text(key.get("after")),
        before=_text(key.get("before")),
    )


def read(mail: Mail, conditions: Conditions) -> Read:
    """Return what `mail` asks for by an integration's conditions, else by the words that everybody uses."""
    fitting = [one.then for one in conditions.listed if one.fits(mail)]
    usual = told(mail.subject)
    severity = next((Severity(then) for then in fitting if then in tuple(Severity)), None)
    severity = severity or usual.severity or Severity.ERROR
    for then in fitting:
        if then == IGNORE:
            return Read(None, severity)
        if then in tuple(Action):
            return Read(Action(then), severity)
    if conditions.words and usual.action is not Action.TRIGGER:
        return Read(usual.action, severity)
    return Read(None if conditions.otherwise == IGNORE else Action.TRIGGER, severity)


def identity(mail: Mail, conditions: Conditions) -> str:
    """Return the dedup key of a mail, as a person can read it: a problem and its end have the same.

    Where nothing stands between the texts that enclose the key, sender and subject are the key.
    """
    if conditions.key_of is KeyOf.BETWEEN:
        found = _between(_part(mail, conditions.key_field), conditions.after, conditions.before)
        if found:
            return found
    about = topic(mail.subject or mail.text[:200])
    if conditions.key_of is KeyOf.SUBJECT:
        return about
    local, at, domain = mail.sender.partition("@")
    return f"{local.partition('+')[0]}{at}{domain}: {about}"


def problems(mapping: Mapping[str, Any]) -> Iterator[str]:
    """Yield what in `mapping` cannot work, each in a sentence for a person."""
    for name in mapping.keys() - {"conditions", "words", "otherwise", "key"}:
        yield f"“{name}” is none of its parts, which are conditions, words, otherwise and key."
    listed = mapping.get("conditions", [])
    if not isinstance(listed, list):
        yield "“conditions” is not a list."
    if len(_list(listed)) > MOST:
        yield f"there are more than {MOST} conditions."
    for number, one in enumerate(_list(listed), start=1):
        if _condition(one) is None:
            yield (
                f"condition {number} is not complete: it needs field ({', '.join(Field)}), how ({', '.join(How)}),"
                f" a value of at most {MAX_VALUE} characters, and then ({', '.join(_THEN)})."
            )
    if not isinstance(mapping.get("words", True), bool):
        yield "“words” is neither true nor false."
    if mapping.get("otherwise", Action.TRIGGER) not in (Action.TRIGGER, IGNORE):
        yield "“otherwise” is neither trigger nor ignore."
    yield from _key_problems(mapping.get("key", {}))


def _key_problems(key: Any) -> Iterator[str]:
    if not isinstance(key, dict):
        yield "“key” is not an object."
        return
    said = _object(key)
    if said.get("of", KeyOf.SUBJECT) not in tuple(KeyOf):
        yield f"the key is of one of: {', '.join(KeyOf)}."
    if said.get("of") == KeyOf.BETWEEN:
        if not (_text(said.get("after")) or _text(said.get("before"))):
            yield "the key stands between two texts: say what stands before it or after it."
        if said.get("field", Field.SUBJECT) not in (Field.SUBJECT, Field.TEXT):
            yield "the key stands in the subject or in the text."


def _condition(said: Any) -> Condition | None:
    one = _object(said)
    field, how, value, then = (one.get(name) for name in ("field", "how", "value", "then"))
    if field not in tuple(Field) or how not in tuple(How) or then not in _THEN:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_VALUE:
        return None
    return Condition(Field(field), How(how), value, str(then))


def _part(mail: Mail, field: Field) -> str:
    if field is Field.SUBJECT:
        return mail.subject
    return mail.sender if field is Field.SENDER else mail.text


def _plain(said: str) -> str:
    return " ".join(said.casefold().split())


def _as_word(wanted: str, found: str) -> bool:
    """Say whether `wanted` stands in `found` as whole words: no letter, digit, “_” or “-” on either side."""
    at = found.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if not (_joins(found[at - 1 : at]) or _joins(found[end : end + 1])):
            return True
        at = found.find(wanted, at + 1)
    return False


def _joins(char: str) -> bool:
    return char.isalnum() or char in {"_", "-"}


def _between(said: str, after: str, before: str) -> str:
    begins = said.find(after) if after else 0
    if begins < 0:
        return ""
    begins += len(after)
    ends = said.find(before, begins) if before else len(said)
    return "" if ends < 0 else " ".join(said[begins:ends].casefold().split())[:500]


def _text(value: Any) -> str:
    return value[:MAX_VALUE] if isinstance(value, str) else ""


def _list(value: Any) -> Sequence[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else ()


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
