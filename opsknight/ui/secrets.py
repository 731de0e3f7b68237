"""The secret by which an integration's monitor is believed: whether there is one, and a field to set another."""

from __future__ import annotations

from nicegui import ui

from opsknight.ui.parts.button import button
from opsknight.ui.parts.field import field, switch
from opsknight.ui.parts.tag import tag

NONE, ONE, TWO = "0", "1", "2"
"""How many secrets count; what is shown only then names them in data-when, for assets/services.js to change."""
_STANDS = {
    NONE: "Not checked: whoever knows the key is believed",
    ONE: "Checked: only what proves itself with the secret is taken",
    TWO: "Checked: the new secret and the former one both count",
}


def show_secret(integration_id: int, *, counting: int, signed_with: str) -> None:
    """Show whether deliveries are checked, and how to change that; `signed_with` says whence the secret comes."""
    name, now = f"secret-{integration_id}", str(counting)
    url = f"/api/v1/integrations/{integration_id}/secret"
    with tag("details", classes="ok-more ok-secret", data_url=url, data_counting=now):
        with tag("summary"):
            for when, words in _STANDS.items():
                only_when(tag("span", words), when, now=now)
        tag("p", signed_with, classes="ok-where")
        field(name, "Secret", says="It is not shown again.", type="password", autocomplete="off", maxlength=1000)
        with only_when(tag("div"), ONE, TWO, now=now):
            switch(f"{name}-keep", "Let the one before it count until I end it", on=True)
        with tag("div", classes="ok-buttons"):
            button("Save the secret", data_act="set-secret", small=True)
            only_when(button("End the former one", data_act="end-former", small=True), TWO, now=now)
            only_when(button("Check nothing", kind="quiet", data_act="end-secret", small=True), ONE, TWO, now=now)


def only_when(element: ui.element, *counting: str, now: str) -> ui.element:
    """Show `element` only while as many secrets count as `counting` says; return it."""
    element.props["data-when"] = "".join(counting)
    if now not in counting:
        element.props["hidden"] = True
    return element
