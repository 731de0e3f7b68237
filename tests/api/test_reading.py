from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.api.reading import (
    ACTIONS,
    QUIET,
    first,
    instant,
    link,
    one_line,
    scoped,
    severity_of,
    stable,
    texts,
    word,
)
from opsknight.domain.model.event import MAX_DEDUP_KEY, Severity


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-11-24T02:31:07Z", datetime(2026, 11, 24, 2, 31, 7, tzinfo=UTC)),
        ("2026-11-24T02:31:07.123456789Z", datetime(2026, 11, 24, 2, 31, 7, 123456, tzinfo=UTC)),
        ("2026-11-24T02:31:07+0530", datetime(2026, 11, 23, 21, 1, 7, tzinfo=UTC)),
        ("2026-11-24 02:31:07-08:00", datetime(2026, 11, 24, 10, 31, 7, tzinfo=UTC)),
        ("2026-11-24T02:31:07", datetime(2026, 11, 24, 2, 31, 7, tzinfo=UTC)),
        (" 1795487467 ", datetime(2026, 11, 24, 2, 31, 7, tzinfo=UTC)),
        (1795487467.5, datetime(2026, 11, 24, 2, 31, 7, 500000, tzinfo=UTC)),
        ("1795487467000", datetime(2026, 11, 24, 2, 31, 7, tzinfo=UTC)),
        (1795487467000000000, datetime(2026, 11, 24, 2, 31, 7, tzinfo=UTC)),
    ],
)
def test_an_instant_is_understood_however_it_is_written(said: object, meant: datetime):
    assert instant(said) == meant


@pytest.mark.parametrize(
    "said",
    [
        "", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "yesterday", "2026-13-01T00:00:00Z", 0, -5, 1e300, True,
        None, [], {}, "9" * 21, "２０２６", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
        "2026-11-24T02:31:07+01.00", float("inf"), float("nan"), 10**30,
    ],
)  # fmt: skip
def test_what_is_no_instant_is_none(said: object):
    assert instant(said) is None


@pytest.mark.parametrize(
    ("href", "kept"),
    [
        ("https://runbooks.example/disk?x=1#y", True),
        ("HTTP://127.0.0.1:9090/graph?g0.expr=up%20%3D%3D%200", True),
        ("http://user:secret@host.example/", True),
        ("http://bücher.example/ä", True),
        ("javascript:alert(1)", False),
        (" https://runbooks.example/", False),
        ("https://a.example/\n", False),
        ('https://a.example/"onclick="x', False),
        ("//a.example/", False),
        ("https:///path", False),
        ("ftp://a.example/", False),
        ("https://a.example/" + "x" * 2048, False),
        (None, False),
        (["https://a.example/"], False),
    ],
)
def test_only_web_addresses_become_links(href: object, kept: bool):  # noqa: FBT001
    assert (link(href) is not None) is kept


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("CRITICAL", Severity.CRITICAL),
        ("page", Severity.CRITICAL),
        ("Sev-2", Severity.ERROR),
        (" warn ", Severity.WARNING),
        ("none", Severity.INFO),
        ("noncritical", None),
        ("critical-ish", None),
        (5, None),
        (None, None),
    ],
)
def test_a_severity_is_a_whole_word(said: object, meant: Severity | None):
    assert severity_of(said) is meant


def test_no_word_is_both_a_request_and_a_state_that_pages_nobody():
    assert not ACTIONS.keys() & QUIET
    assert {said for said in (*ACTIONS, *QUIET) if said != word(said)} == set()


def test_a_title_is_one_line_without_control_characters():
    assert one_line("a\r\nb\tc\x1b[31m d\x85e") == "a b c [31m d e"
    assert one_line("x" * 2000) == "x" * 1023 + "…"
    assert one_line("Über 90 % – “gut”") == "Über 90 % – “gut”"


def test_tags_come_as_an_object_a_list_or_a_line():
    assert texts({"a": "b", "n": 3, "yes": True, "none": None}) == {"a": "b", "n": "3", "yes": "true", "none": ""}
    assert texts(["env:prod", "url:http://x", "bare", 5]) == {"env": "prod", "url": "http://x", "bare": ""}
    assert texts("env:prod, team : web,,") == {"env": "prod", "team": "web"}
    assert texts(5) == {}


@given(st.text(min_size=1, max_size=3000))
def test_a_key_keeps_its_length_and_the_name_of_its_provider(key: str):
    dedup_key = scoped("generic", key)

    assert dedup_key.startswith("generic:")
    assert len(dedup_key) <= MAX_DEDUP_KEY
    assert dedup_key == scoped("generic", key)


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_two_identities_share_a_key_only_when_they_are_the_same(one: list[str], other: list[str]):
    assert (stable(*one) == stable(*other)) is (one == other)


def test_the_key_of_an_identity_never_changes_between_versions():
    """Open alerts are found by it; a change needs a new version prefix."""
    assert stable("Disk full", "db-1", "") == "v1:4aa304659fdd8a0ea656e575a42a60c0ce41c422b01f0c06d380e3c9ed264b4d"


def test_a_text_of_nothing_but_control_characters_gives_way_to_the_next():
    assert first({"text": "\x1b \x07", "message": " disk\x1b full "}, ("text", "message")) == "disk\x1b full"
