"""What is to be broken is there still, and so is the test that must notice: mutants are tried seldom."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_a_mutant_finds_its_words_once_and_its_test(mutant: Mutant):
    found = [(ROOT / path).read_text("utf-8").count(says) for path, says, _ in mutant.words]
    file, _, name = mutant.test.partition("::")
    tests = (ROOT / file).read_text("utf-8")

    assert found == [1] * len(found)
    assert f"def {name.partition('[')[0]}(" in tests
