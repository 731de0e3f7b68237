"""A mutant whose words the product does not say any more breaks nothing: found here, long before the mutants run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_the_product_says_once_what_a_mutant_breaks(mutant: Mutant):
    for path, says, broken in mutant.words:
        assert (ROOT / path).read_text("utf-8").count(says) == 1, f"{path}: {says}"
        assert broken != says
