"""What a rule would have made of the past."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.model.rule_preview import EXAMPLES, Past, Preview
from opsknight.domain.model.rule_set import RuleSet
from tests.builders import an_event
from tests.clock import NOON
from tests.model.expressions import AROUND
from tests.model.rules import a_rule, compiled

MINUTE = timedelta(minutes=1)


def an_alert(minute: int = 0, *, lasted: timedelta | None = None, pages: int = 1) -> Past:
    around = replace(AROUND, at=NOON + minute * MINUTE)
    return Past(an_event(), around, incident=minute, urgency="high", lasted=lasted, pages=pages)


def previewed(parts: dict[str, Any], *past: Past) -> Preview:
    return previewed_by([parts], *past)


def previewed_by(rules: list[dict[str, Any]], *past: Past) -> Preview:
    preview = Preview(RuleSet.of([a_rule(**parts) for parts in rules], compiled))
    for one in past:
        preview.take(one)
    return preview


@pytest.mark.parametrize(
    ("parts", "past", "fates", "spared"),
    [
        ({"then": "drop"}, [an_alert(pages=3)], ["dropped"], 3),
        ({"then": "suppress"}, [an_alert()], ["suppressed"], 1),
        ({"pause": "5m"}, [an_alert(lasted=4 * MINUTE), an_alert(1, lasted=6 * MINUTE), an_alert(2)],
         ["over before the pause ends", "pages later", "pages later"], 1),
        ({"threshold": {"count": 3, "within": "5m"}}, [an_alert(0), an_alert(1), an_alert(2), an_alert(3)],
         ["counted, not opened", "counted, not opened", "pages", "counted, not opened"], 3),
        ({"threshold": {"count": 2, "within": "5m"}}, [an_alert(0), an_alert(9)], ["counted, not opened"] * 2, 2),
        ({"group": {"within": "10m"}}, [an_alert(0), an_alert(9), an_alert(11)],
         ["pages", "joins an open incident", "pages"], 1),
        ({"group": {"by": ["title"]}}, [an_alert(0, lasted=5 * MINUTE), an_alert(6)], ["pages", "pages"], 0),
        ({"set": {"severity": "info"}}, [an_alert()], ["pages"], 0),
    ],
)  # fmt: skip
def test_each_alert_meets_the_fate_that_the_rule_would_have_given_it(
    parts: dict[str, Any], past: list[Past], fates: list[str], spared: int
):
    preview = previewed(parts, *past)

    assert [one.fate for one in preview.examples] == fates
    assert (preview.matched, preview.spared) == (len(past), spared)


def test_of_two_thresholds_each_holds_of_its_own_count_and_both_begin_anew_together():
    two, five = ({"threshold": {"count": count, "within": "1h"}} for count in (2, 5))

    preview = previewed_by([two, five], *(an_alert(minute) for minute in range(10)))

    assert [one.fate for one in preview.examples] == [*["counted, not opened"] * 4, "pages"] * 2


def test_the_newest_examples_are_kept_and_all_are_counted():
    preview = previewed({"then": "drop"}, *(an_alert(minute) for minute in range(100)))

    assert (preview.matched, len(preview.examples), preview.examples[-1].incident) == (100, EXAMPLES, 99)


def test_a_rule_that_costs_too_much_says_so_before_it_is_saved():
    costly = an_alert()
    costly = replace(costly, event=an_event(title="x" * 60_000))

    preview = previewed({"when": " or ".join(['title contains "y"'] * 30), "then": "drop"}, costly)

    assert (preview.matched, preview.skipped, "steps" in preview.why) == (0, 1, True)
