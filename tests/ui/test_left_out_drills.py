"""Weeks without their drill, on the page of drills."""

from __future__ import annotations

from opsknight.domain.model.drill import EVERYONE
from opsknight.ui.drills import Drills, DrillsShown
from tests.ui import drill_samples, samples
from tests.ui.elements import a_page, words


async def test_a_week_that_was_left_out_says_why_and_leads_nowhere():
    line = drill_samples.a_line("1", EVERYONE, 0, 0, ago_s=60)
    async with a_page() as page:
        shown = DrillsShown(samples.a_viewer(), alone=False)
        shown.update(Drills([{**line, "left_out": "OpsKnight was not running at its time"}], []))

        assert "Left out: OpsKnight was not running at its time" in words(shown.place)
        assert not [one for one in page.elements.values() if one.props.get("href") == "/drills/1"]
