"""What people are told, in their language: English where there is no other, and never nothing."""

from __future__ import annotations

from gettext import NullTranslations

import pytest

from opsknight.domain.model.ledger import span
from opsknight.domain.model.speech import later, say, speaking


class Spoken(NullTranslations):
    """A language with the given sentences."""

    def __init__(self, **sentences: str) -> None:
        super().__init__()
        self._sentences = sentences

    def gettext(self, message: str) -> str:
        found = (said for said in self._sentences.values() if said.startswith(f"{message}|"))
        return next(found, message).split("|")[-1]


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


def test_what_is_put_in_is_never_read_as_a_template():
    assert say("Runbook: {url}", url="https://example.com/{secret}") == "Runbook: https://example.com/{secret}"


def test_what_is_said_later_is_known_by_its_english():
    assert later("Goodbye.") == "Goodbye."
