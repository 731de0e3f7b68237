"""Rotating an integration's key: a new one beside the former, and the former ended when nobody uses it any more."""

from __future__ import annotations

from opsknight.domain.queries.integrations import Keyed
from opsknight.ui.parts.button import button, post_button
from opsknight.ui.parts.copybox import copy_button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.note import note
from opsknight.ui.parts.tag import tag

DIALOG = "ok-end-key"
SAYS = "Change it without a gap: both keys are live until you end the former one."


def show_keys(line: Keyed) -> None:
    """Build what can be done with the keys of `line` next: make a new one, or end the former one."""
    url = f"/api/v1/integrations/{line['id']}/keys"
    former = line["former_key"]
    if former is None:
        with tag("div", classes="ok-buttons"):
            post_button("Make a new key", url, icon="key")
            tag("span", "The present one stays live beside it.", classes="ok-faint")
        return
    note(
        "Put the new key into the monitor as shown above, see its events arrive here, then end the former key.",
        title="Two keys are live",
        kind="warn",
    )
    with tag("dl", classes="ok-facts ok-keys-of ok-former-key"):
        tag("dt", "Former")
        with tag("dd"):
            tag("code", former)
            copy_button(former, words="", what="the former key")
    with tag("div", classes="ok-buttons"):
        button("End the former key", kind="danger", data_act="dialog", data_dialog=DIALOG)
    with dialog(DIALOG, "End the former key"):
        tag("p", f"What is sent with …{former[-6:]} will be refused from then on. It cannot be made live again.")
        with tag("div", classes="ok-buttons"):
            button("End it", kind="danger", data_act="post", data_method="DELETE", data_url=f"{url}/former")
            button("Leave it live", kind="quiet", data_act="close")
