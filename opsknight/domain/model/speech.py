"""What people are told, in their language. The English in the code is the name of a sentence, and what is said without.

Catalogues are those of GNU gettext: `locale/<language>/LC_MESSAGES/opsknight.mo` beside this package's code, from the
template `locale/opsknight.pot`, which `make texts` writes.
"""

from __future__ import annotations

import gettext
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NewType, TypeAlias, cast

DOMAIN: Final = "opsknight"
CATALOGUES: Final = Path(__file__).parents[2] / "locale"
ENGLISH: Final = "en"

_ENGLISH: Final = gettext.NullTranslations()
_SPOKEN: ContextVar[gettext.NullTranslations] = ContextVar("spoken", default=_ENGLISH)


def say(text: str, /, **parts: object) -> str:
    """Return `text` in the language that is spoken here, with its {parts} put in.

    A translation whose parts are not those of the text is passed over: no page is lost by a catalogue.
    """
    translated = _SPOKEN.get().gettext(text)
    return _filled(translated, text, parts) if parts else translated


def say_many(one: str, many: str, /, *, count: int, **parts: object) -> str:
    """Return what is said of `count` things, in the form that the language has for so many, with its {parts} put in.

    `one` and `many` are the whole sentence in English, of one thing and of several; {count} may stand in it.
    """
    english = one if count == 1 else many
    return _filled(_SPOKEN.get().ngettext(one, many, count), english, {"count": count, **parts})


def later(text: str) -> str:
    """Return `text` as it is: it belongs into the catalogues, and `say` is given it where it is told."""
    return text


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is put down now and told later, in a language that only then is known: its English, and its {parts}.

    `many` is what is said of several things, where their `count` is among the parts. A part may be a sentence itself;
    every other is a figure, or what people and monitors have called things, and the same in every language. As a
    string it is what is said in the language spoken here.
    """

    text: str
    parts: Mapping[str, Part] = field(default_factory=dict[str, "Part"])
    many: str = ""

    def __str__(self) -> str:
        """Say it in the language that is spoken here."""
        parts = cast("Mapping[str, Any]", self.parts)
        return say_many(self.text, self.many, **parts) if self.many else say(self.text, **parts)

    @property
    def english(self) -> str:
        """What it is in English, whatever is spoken here: for the ledger, the API and screens."""
        parts = {name: one.english if isinstance(one, Sentence) else one for name, one in self.parts.items()}
        text = self.many if self.many and parts["count"] != 1 else self.text
        return text.format_map(parts) if parts else text

    def to_json(self) -> list[object]:
        """Return it as plain JSON, in which a list is a sentence and a string a name."""
        parts = {name: one.to_json() if isinstance(one, Sentence) else one for name, one in self.parts.items()}
        return [self.text, parts, self.many] if self.many else [self.text, parts]

    @classmethod
    def from_json(cls, stored: object) -> Sentence:
        """Return what `to_json` gave.

        Raises:
            TypeError, ValueError: it is not of that shape.
        """
        text, parts, *many = cast("list[Any]", stored)
        given = cast("dict[str, Any]", dict(parts))
        read = {name: cls.from_json(cast("object", one)) if type(one) is list else one for name, one in given.items()}
        return cls(text, read, *many)


Part: TypeAlias = str | int | Sentence
Written = NewType("Written", str)
"""Words for one person, put down in the language that they read."""


def to_say(text: str, /, **parts: Part) -> Sentence:
    """Return a sentence to be told later; `text` and its {parts} are those of `say`."""
    return Sentence(text, parts)


def to_say_many(one: str, many: str, /, *, count: int, **parts: Part) -> Sentence:
    """Return a sentence about `count` things to be told later, as `say_many` says it."""
    return Sentence(one, {"count": count, **parts}, many)


def remembered(stored: object, *, english: str) -> Sentence | str:
    """Return the sentence that was `stored` beside its `english`, or that where there is none that says the same.

    There is none where an older version wrote; and where one has written since, the English alone is new.
    """
    if stored is None:
        return english
    try:
        sentence = Sentence.from_json(stored)
        return sentence if sentence.english == english else english
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return english


@contextmanager
def speaking(language: str | gettext.NullTranslations) -> Generator[None]:
    """Speak a language within the block and whatever it calls; English where there is no catalogue of it."""
    spoken = _SPOKEN.set(_catalogue(language) if isinstance(language, str) else language)
    try:
        yield
    finally:
        _SPOKEN.reset(spoken)


def spoken() -> str:
    """Return the language that is spoken here, for pages that say of themselves in which they are."""
    return _SPOKEN.get().info().get("language") or ENGLISH


def _filled(translated: str, english: str, parts: Mapping[str, object]) -> str:
    try:
        return translated.format_map(parts)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        return english.format_map(parts)


@lru_cache(maxsize=50)
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, CATALOGUES, [language], fallback=True)
