"""Bars say how much there was, and never hide what went wrong."""

from __future__ import annotations

import pytest

from opsknight.ui.parts.bars import HEIGHT, LEAST, Bar, heights


@pytest.mark.parametrize(
    ("bar", "most", "expected"),
    [
        (Bar(0), 100, (0.0, 0.0, 0.0)),
        (Bar(0), 0, (0.0, 0.0, 0.0)),
        (Bar(100), 100, (0.0, 0.0, HEIGHT)),
        (Bar(50, 25), 100, (HEIGHT / 4, 0.0, HEIGHT / 4)),
        (Bar(1), 100_000, (0.0, 0.0, LEAST)),
        (Bar(100_000, 1), 100_000, (LEAST, 0.0, HEIGHT - LEAST)),
        (Bar(3, 3), 3, (HEIGHT, 0.0, 0.0)),
        (Bar(100, 25, held=50), 100, (HEIGHT / 4, HEIGHT / 2, HEIGHT / 4)),
        (Bar(100_000, 1, held=99_999), 100_000, (LEAST, HEIGHT - LEAST, 0.0)),
    ],
)
def test_a_bar_is_as_high_as_its_share_and_a_single_bad_one_is_seen(bar: Bar, most: int, expected: tuple[float, ...]):
    assert heights(bar, most=most) == expected
