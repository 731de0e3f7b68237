"""What a monitor said along with an alert, put in order for who reads it at night."""

from __future__ import annotations

from typing import Any

import pytest

from opsknight.ui.incident.said import Said, said


def _told(title: str = "Error rate is 7.3 %", **details: Any) -> Said:
    return said(title=title, details=details, tags={"job": "checkout"})


def test_the_sentence_that_says_what_to_do_is_taken_out_of_what_holds_it():
    told = _told(receiver="opsknight", annotations={"description": "Check the last deploy.", "dashboard": "d/1"})

    assert told.sentences == ["Check the last deploy."]
    assert told.values == [("receiver", "opsknight"), ("dashboard", "d/1"), ("job", "checkout")]


def test_what_the_title_says_is_not_said_again():
    told = _told(annotations={"summary": "Error rate is 7.3 %"})

    assert (told.sentences, told.values) == ([], [("job", "checkout")])


def test_the_two_most_telling_sentences_stand_out_and_the_others_among_the_values():
    told = _told(output="5 of 8", summary="Errors", message="web-3 fails")

    assert told.sentences == ["web-3 fails", "Errors"]
    assert told.values[0] == ("output", "5 of 8")


def test_the_same_sentence_under_two_names_is_told_once():
    assert _told(body="web-3 fails", text="web-3 fails").sentences == ["web-3 fails"]


@pytest.mark.parametrize("body", ["%%%\nCPU over 90 %\n%%%", " CPU over 90 % "])
def test_marks_of_a_monitor_are_not_read_to_people(body: str):
    assert _told(body=body).sentences == ["CPU over 90 %"]


def test_nested_values_bear_their_path_and_lists_stay_what_they_are():
    told = _told(check={"value": 3, "hosts": ["a", "b"]}, description={"en": "x"})

    assert told.sentences == []
    assert told.values[:3] == [("check.value", "3"), ("check.hosts", '["a", "b"]'), ("description.en", "x")]
