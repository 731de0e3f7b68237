"""Regular expressions of rules: linear in the text, whoever wrote them."""

from __future__ import annotations

import time

import pytest

from opsknight.patterns import compile_pattern


def test_a_pattern_finds_what_it_describes_anywhere():
    assert compile_pattern("disk.*fu(ll|ß)").search("the disk is fuß")
    assert not compile_pattern("^disk").search("the disk")


def test_a_pattern_made_to_take_for_ever_does_not():
    began = time.process_time()

    assert not compile_pattern("(a+)+$").search("a" * 50_000 + "b")

    assert time.process_time() - began < 5


@pytest.mark.parametrize("pattern", ["[", "(?=x)", r"(\1)", "(" * 200, "a{1000}{1000}"])
def test_what_is_no_pattern_is_refused_with_the_reason(pattern: str):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011  # whatever RE2 says of it
        compile_pattern(pattern)

    assert str(refusal.value)
