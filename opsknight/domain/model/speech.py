"""What people are told, in their language. The English in the code is the name of a sentence, and what is said without.

Catalogues are those of GNU gettext: `locale/<language>/LC_MESSAGES/opsknight.mo` beside this package's code, from the
template `locale/opsknight.pot`, which `make texts` writes.
"""

from __future__ import annotations

import gettext
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Final

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
    except (KeyError, IndexError, ValueError, AttributeError):
        return english.format_map(parts)


@lru_cache(maxsize=50)
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, CATALOGUES, [language], fallback=True)
