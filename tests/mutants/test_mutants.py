"""Does it notice? The product is broken on purpose in a copy, and the named test must turn red there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.measure import CHAOS, PAGE
from tests.mutants.mutants import MUTANTS, Mutant

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not CHAOS, reason="takes minutes; make mutants runs it"),
]

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- mutants: written by make mutants -->", "<!-- mutants end -->"
FAILED = 1
"""What pytest answers when tests ran and some failed."""


@pytest.fixture(scope="module")
def caught() -> Iterator[list[Mutant]]:
    """Which mutants turned their test red; written down at the end when all did."""
    found: list[Mutant] = []
    yield found
    if len(found) == len(MUTANTS):
        lines = ["| broken on purpose | red |", "|---|---|"]
        lines += [f"| {mutant.what} | `{mutant.test_name}` |" for mutant in found]
        filled = "\n".join([BEGIN, *lines, END])
        text = PAGE.read_text("utf-8")
        PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: filled, text, flags=re.DOTALL), "utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product and its tests."""
    place = tmp_path_factory.mktemp("mutants")
    for name in ("opsknight", "tests", "assets"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "main.py", "README.md"):
        shutil.copy(ROOT / name, place / name)
    return place


def test_unbroken_every_named_test_is_green(copy: Path):
    ran = run(copy, *sorted({mutant.test for mutant in MUTANTS}))

    assert ran.returncode == 0, ran.stdout[-4000:]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_what_is_broken_on_purpose_turns_its_test_red(copy: Path, mutant: Mutant, caught: list[Mutant]):
    before = {path: (copy / path).read_text("utf-8") for path, _, _ in mutant.words}
    try:
        for path, says, broken in mutant.words:
            text = (copy / path).read_text("utf-8")
            assert text.count(says) == 1, f"{path} says {text.count(says)} times: {says}"
            (copy / path).write_text(text.replace(says, broken), "utf-8")
        ran = run(copy, mutant.test)
    finally:
        for path, text in before.items():
            (copy / path).write_text(text, "utf-8")

    assert ran.returncode == FAILED, ran.stdout[-4000:]
    caught.append(mutant)


def run(copy: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """Run some tests of the copy, as `make test` would."""
    environment = {name: value for name, value in os.environ.items() if name != "OPSKNIGHT_CHAOS"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=1500)
