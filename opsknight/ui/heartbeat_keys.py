"""Rotating what a job pings: a new address beside the former one, and the former one ended when nobody pings it."""

from __future__ import annotations

from typing import Final

from opsknight.domain.queries.heartbeats import HeartbeatLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.note import note
from opsknight.ui.parts.tag import tag

END: Final = "ok-beat-end-key"


def offer_new_key(line: HeartbeatLine) -> None:
    """Build the button that makes a new address; the present one goes on working beside it."""
    tag("p", "Another address, without a gap: the present one works until you end it", classes="ok-where")
    with tag("div", classes="ok-buttons"):
        button(
            "Make a new address",
            small=True,
            icon="key",
            data_act="heartbeat-do",
            data_url=_url(line),
            data_body="{}",
            aria_label=f"Make a new address for {line['name']}",
        )


def show_former(line: HeartbeatLine, former: str) -> None:
    """Tell of the address `former`, which works still, and how to end it."""
    says = (
        "Put the new one into the job, see it report here, then end the former one: a job that pings it is not heard."
    )
    with note(says, title="Two addresses work", kind="warn"):
        tag("code", former)
        with tag("div", classes="ok-buttons"):
            button(
                "End the former address",
                kind="danger",
                small=True,
                data_act="heartbeat-end-key",
                data_dialog=END,
                data_url=f"{_url(line)}/former",
                data_name=line["name"],
                aria_label=f"End the former address of {line['name']}",
            )


def build_end_dialog() -> None:
    """Build the dialog that asks before a former address ends."""
    with dialog(END, "End the former address"):
        tag("p", id="beat-end-words")
        with tag("div", classes="ok-buttons"):
            button("End it", kind="danger", data_act="heartbeat-delete")
            button("Let it work", kind="quiet", data_act="close")


def _url(line: HeartbeatLine) -> str:
    return f"/api/v1/heartbeats/{line['id']}/keys"
