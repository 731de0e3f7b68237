"""Services as their page tells them: what is theirs to change, by whose team it is."""

from __future__ import annotations

from typing import Any

from opsknight.ui import services
from tests.ui import samples
from tests.ui.elements import a_page, found


async def test_how_a_service_pages_is_changed_by_who_manages_its_team():
    ours, theirs = {**samples.services()[2], "team_id": 1}, {**samples.services()[3], "team_id": 2}
    quiet: Any = {ours["id"]: samples.quiet()[3], theirs["id"]: samples.quiet()[3]}
    async with a_page() as page:
        services.show([ours, theirs], base_url="", quiet=quiet, teams={"1": "Payments"})

        offered = found(page, data_act="quiet-edit")

        assert offered.props["data-name"] == "Search"
