"""The way to another mail address: a button and its dialog, on /me for oneself and on a person's page for admins."""

from __future__ import annotations

from typing import Final

from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import field
from opsknight.ui.parts.tag import tag

ADDRESS: Final = "ok-address"
SCRIPT: Final = "address.js"


def address_button(url: str) -> None:
    """Show the button that asks for another address; `url` is where it is sent to."""
    button(
        "Change mail address", kind="quiet", icon="mail", data_act="address-change", data_dialog=ADDRESS, data_url=url
    )


def build_address(email: str, *, whose: str = "") -> None:
    """Build the dialog, closed; `email` counts until now. `whose` names the person where it is not the reader."""
    with dialog(ADDRESS, f"The mail address of {whose}" if whose else "Your mail address"):
        what = f"Signing in, and what is sent to {email}, goes to the new address once the code sent to it is typed in"
        tag("p", f"{what} here; until then all stays as it is. The old one is told.")
        field("address-email", "New address", type="email", autocomplete="off", maxlength="254")
        with tag("div", id="address-coded", hidden=True):
            says = f"{whose} reads it in the mail: have it told to you." if whose else ""
            field(
                "address-code",
                "Code from the mail",
                inputmode="numeric",
                autocomplete="one-time-code",
                maxlength="20",
                says=says,
            )
        tag("p", id="address-words", role="status")
        tag("p", classes="ok-error", id="address-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Change it", kind="primary", data_act="address-confirm", id="address-confirm", hidden=True)
            button("Send a code", kind="primary", data_act="address-ask", id="address-ask")
            button("Cancel", kind="quiet", data_act="close")
