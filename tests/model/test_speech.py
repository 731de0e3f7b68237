"""What people are told, in their language: English where there is no other, and never nothing."""

from __future__ import annotations

from gettext import NullTranslations

import orjson
import pytest

from opsknight.domain.model.ledger import span
from opsknight.domain.model.speech import (
    Sentence,
    later,
    remembered,
    say,
    say_many,
    speaking,
    spoken,
    to_say,
    to_say_many,
)
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


@pytest.mark.parametrize("broken", ["Offen seit {dauer}.", "Offen {", "Offen seit {0}.", "{span.x}", "{span[a]}"])
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


def in_turn() -> Sentence:
    on_call = to_say("on call: {schedule}", schedule="{Platform}")
    return to_say("{why}, in turn", why=on_call)


IN_GERMAN = Spoken(a="on call: {schedule}|Dienst: {schedule}", b="{why}, in turn|{why}, reihum")


def test_a_sentence_is_told_in_the_language_that_is_spoken_when_it_is_told():
    why = in_turn()

    with speaking(IN_GERMAN):
        assert say("Why you: {reason}.", reason=why) == "Why you: Dienst: {Platform}, reihum."
        assert why.english == "on call: {Platform}, in turn"
    assert str(why) == why.english


@pytest.mark.parametrize("broken", ["{why:>9}", "{why[0]}", "{wem}"])
def test_a_sentence_whose_translation_cannot_be_filled_is_told_in_english(broken: str):
    with speaking(Spoken(a=f"{{why}}, in turn|{broken}")):
        assert str(in_turn()) == "on call: {Platform}, in turn"


@pytest.mark.parametrize("translation", ["", "{count} weitere von {name}", "{wem}"])
@pytest.mark.parametrize(("count", "english"), [(0, "0 more of Ada"), (1, "1 more of Ada!"), (2, "2 more of Ada")])
def test_a_sentence_about_several_things_has_the_form_for_so_many(count: int, english: str, translation: str):
    several = to_say_many("1 more of {name}!", "{count} more of {name}", count=count, name="Ada")

    with speaking(Spoken(a=f"{{count}} more of {{name}}|{translation}") if translation else NullTranslations()):
        told = str(several)

    assert several.english == english
    assert told == (f"{count} weitere von Ada" if count != 1 and "weitere" in translation else english)


@pytest.mark.parametrize(
    "sentence",
    [
        in_turn(),
        to_say("acknowledged long ago"),
        to_say_many("{count} more", "{count} more of {who}", count=2, who="Bo"),
    ],
    ids=["nested", "plain", "several"],
)
def test_a_sentence_that_was_stored_is_the_same_sentence(sentence: Sentence):
    stored = orjson.loads(orjson.dumps(sentence.to_json()))

    assert remembered(stored, english=sentence.english) == sentence


@pytest.mark.parametrize(
    "stored",
    [None, [], {}, 7, "why", ["why"], ["why", 7], ["{why}", {}], ["{0}", {}], ["{why.a}", {"why": 1}], ["{", {"a": 1}],
     [7, {}], ["a", {}, "b", "c"], ["a", {}, "{b}"], ["{a}", {"a": [1]}], ["other", {}]],
)  # fmt: skip
def test_what_cannot_be_read_or_says_something_else_is_told_in_english(stored: object):
    assert remembered(stored, english="why") == "why"
