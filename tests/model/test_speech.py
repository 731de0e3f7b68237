"""What people are told, in their language: English where there is no other, and never nothing."""

from __future__ import annotations

from gettext import NullTranslations

import pytest

from opsknight.domain.model.ledger import span
from opsknight.domain.model.speech import later, say, say_many, speaking, spoken
from tests.marked import MARKED, Marked


class Spoken(NullTranslations):
    """A language with the given sentences."""

    def __init__(self, **sentences: str) -> None:
        super().__init__()
        self._sentences = sentences

    def gettext(self, message: str) -> str:
        found = (said for said in self._sentences.values() if said.startswith(f"{message}|"))
        return next(found, message).split("|")[-1]

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


GERMAN = Spoken(a="Open for {span}.|Offen seit {span}.", b="{count} min|{count} Min.")


def test_without_a_catalogue_the_english_of_the_code_is_said():
    with speaking("tlh"):
        assert say("Open for {span}.", span="3 min") == "Open for 3 min."


def test_within_the_block_a_language_is_spoken_and_after_it_the_former_one():
    with speaking(GERMAN):
        said = say("Open for {span}.", span=span(180))

    assert said == "Offen seit 3 Min.."
    assert say("Open for {span}.", span=span(180)) == "Open for 3 min."


@pytest.mark.parametrize("broken", ["Offen seit {dauer}.", "Offen {", "Offen seit {0}.", "Offen {span.x}."])
def test_a_translation_that_cannot_be_filled_is_passed_over(broken: str):
    with speaking(Spoken(a=f"Open for {{span}}.|{broken}")):
        assert say("Open for {span}.", span="3 min") == "Open for 3 min."


@pytest.mark.parametrize(("count", "said"), [(0, "0 went out late"), (1, "One went out late"), (2, "2 went out late")])
def test_of_one_thing_and_of_several_the_english_of_the_code_is_said(count: int, said: str):
    assert say_many("One went out late", "{count} went out late", count=count) == said


@pytest.mark.parametrize(("count", "said"), [(1, "Eine von Ada"), (3, "3 von Ada"), (4, "4 of Ada")])
def test_a_language_has_its_own_forms_for_one_thing_and_for_several(count: int, said: str):
    forms = {"a": "One of {name}|Eine von {name}", "b": "{count} of {name}|{count} von {name}"}
    if count == 4:
        forms["b"] = "{count} of {name}|{count} von {wem}"  # a translation that cannot be filled

    with speaking(Spoken(**forms)):
        assert say_many("One of {name}", "{count} of {name}", count=count, name="Ada") == said


def test_a_page_knows_in_which_language_it_is():
    marked = Marked()

    with speaking(marked):
        within = spoken()

    assert (within, spoken()) == (MARKED, "en")
    with speaking("tlh"):
        assert spoken() == "en"


def test_what_is_put_in_is_never_read_as_a_template():
    assert say("Runbook: {url}", url="https://example.com/{secret}") == "Runbook: https://example.com/{secret}"


def test_what_is_said_later_is_known_by_its_english():
    assert later("Goodbye.") == "Goodbye."
