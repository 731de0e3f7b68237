"""Rooms of teams: places that many read, in which steps of policies post. assets/channels.js sends what is changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Final

from opsknight.domain.model.channel import ChannelKind, face
from opsknight.domain.queries.rooms import RoomLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.copybox import copybox
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.field import field, select
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.menu import item, menu
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict

ADD: Final = "ok-room-add"
SECRET: Final = "ok-room-secret"  # noqa: S105  # the name of a dialog
URL: Final = "/api/v1/rooms"
_SAYS: Final = "Steps of policies post there for all who read it. A room counts once it took a first message."


def offered(kinds: Sequence[ChannelKind]) -> Sequence[ChannelKind]:
    """Return the channels by which a room can be added on this installation."""
    return [kind for kind in kinds if kind.rooms and kind.ready]


def show_rooms(told: tuple[Sequence[RoomLine], Collection[int]]) -> None:
    """Build the rooms of each team; those of the teams given by their ids can be changed."""
    lines, managed = told
    with section("Rooms of teams", _SAYS, anchor="rooms"):
        if not lines:
            _teach(may_add=bool(managed))
        for (team_id, team), theirs in groupby(lines, key=lambda line: (line["team_id"], line["team"])):
            with tag("div", classes="ok-rooms"):
                tag("h3", team)
                with rows("1.25rem minmax(0, 1fr) minmax(0, 1fr) 2.5rem", what=f"Rooms of {team}"):
                    for line in theirs:
                        _room(line, may_change=team_id in managed)


def build_dialogs(teams: Mapping[int, str], kinds: Sequence[ChannelKind]) -> None:
    """Build what adds a room to one of `teams` by one of `kinds`, and what shows the secret of a new one, once."""
    with dialog(ADD, "Add a room"):
        select("room-team", "Team", {str(team_id): name for team_id, name in teams.items()})
        select("room-channel", "By", {kind.slug: face(kind.slug).label for kind in kinds})
        field("room-address", "Address", says=" ", autocomplete="off", spellcheck="false", maxlength="2000")
        field("room-label", "Call it", says="How policies and the ledger call it; nothing: its address, unless it is"
              " a secret.", autocomplete="off", maxlength="80")  # fmt: skip
        words = {kind.slug: {"address": kind.address, "example": kind.example, "help": kind.help} for kind in kinds}
        tag("div", id="room-words", hidden=True, data_words=json.dumps(words))
        tag("p", classes="ok-error", id="room-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Add", kind="primary", data_act="room-added", id="room-save")
            button("Cancel", kind="quiet", data_act="close")
    with dialog(SECRET, "The signing secret"):
        tag("p", id="room-secret-words")
        copybox("", what="the secret").props('id="room-secret-box"')
        tag("p", "Whoever receives the messages proves with it that they come from here. It is not shown again.",
            classes="ok-muted")  # fmt: skip
        with tag("div", classes="ok-buttons"):
            button("Done", kind="primary", data_act="close")


def _teach(*, may_add: bool) -> None:
    whose = "Add one of your team's" if may_add else "A manager of a team or an admin adds one"
    says = f"A chat, a topic or a mailing list that a team reads. {whose}; then a step of a policy can post there."
    with empty("No room yet", says, icon_name="send"):
        pass


def _room(line: RoomLine, *, may_change: bool) -> None:
    more, url, name = f"room-{line['id']}", f"{URL}/{line['id']}", line["name"]
    with row(classes="ok-room"):
        icon(face(line["channel"]).icon, classes="ok-faint")
        tag("span", name, classes="ok-room-name")
        _state(line)
        if not may_change:
            return
        with tag("button", classes="ok-tool", type="button", popovertarget=more,
                 aria_label=f"Change {name} of {line['team']}"):  # fmt: skip
            icon("more")
        with menu(more, label=f"{name} of {line['team']}"):
            item("Post a test message", icon_name="bell", data_act="room-do", data_method="POST",
                 data_url=f"{url}/test")  # fmt: skip
            item("Remove", icon_name="close", data_act="room-do", data_method="DELETE", data_url=url)


def _state(line: RoomLine) -> None:
    if line["disabled_at"] is not None:
        verdict(f"Off: {line['disabled_reason'] or 'switched off'}", "bad")
    elif line["verified_at"] is None:
        verdict("Waits for a first message to be taken", "wait")
    else:
        verdict("Counts", "good")
