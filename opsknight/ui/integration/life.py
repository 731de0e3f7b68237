"""What ends or renames an integration, on its page: told before it is done, and undone where that can be."""

from __future__ import annotations

from typing import Final

from opsknight.domain.queries.integrations import Keyed, Refused
from opsknight.ui.parts.button import button, post_button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import field
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.note import note
from opsknight.ui.parts.tag import tag

SCRIPT: Final = "integration.js"
SAYS: Final = "Its name, and whether it takes events."
ASK: Final = "Managers of its team and admins rename it, switch it off or remove it."
RENAME: Final = "ok-integration-rename"
OFF: Final = "ok-integration-off"
REMOVE: Final = "ok-integration-remove"


def show_life(line: Keyed) -> None:
    """Build what can be done with `line` next."""
    url = _url(line)
    with tag("div", classes="ok-buttons"):
        button("Rename", data_act="integration-rename", data_dialog=RENAME, data_name=line["name"])
        if line["active"]:
            button("Switch off", data_act="integration-ask", data_dialog=OFF, data_url=url)
        else:
            post_button("Switch on", f"{url}/switch-on", kind="primary")
            button("Remove", kind="danger", data_act="integration-ask", data_dialog=REMOVE, data_url=url)


def show_off(line: Keyed, *, refused: Refused | None) -> None:
    """Say that `line` is switched off, where it is, and what was `refused` since."""
    if line["active"]:
        return
    says = "Nothing that comes with its keys is taken: whoever sends is answered as with an unknown one."
    with note(says, title="Switched off", kind="warn"):
        if refused is not None:
            times = "Once" if refused["times"] == 1 else f"{refused['times']:,} times"
            with tag("p"):
                tag("span", f"{times} something came all the same, the last one ")
                moment(refused["last_at"], "ago")
                tag("span", ".")


def build_life_dialogs(line: Keyed) -> None:
    """Build the dialogs, closed; what becomes of open alerts is written there when one is opened."""
    url = _url(line)
    with dialog(RENAME, "Rename"):
        field("integration-name", "Name", maxlength=100, autocomplete="off")
        tag("p", classes="ok-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button(
                "Save the name", kind="primary", data_act="integration-do", data_method="PUT", data_url=f"{url}/name"
            )
            button("Leave it", kind="quiet", data_act="close")
    with dialog(OFF, "Switch off"):
        tag(
            "p",
            "What comes with its keys is refused from then on, as with an unknown key, and counted here. Nobody is"
            " paged for it. It can be switched on again, with the same keys.",
        )
        _ending("Switch it off", "Leave it on", method="POST", url=f"{url}/switch-off")
    with dialog(REMOVE, "Remove"):
        tag(
            "p",
            "It is shown nowhere any more, and its keys will never be live again. What it sent stays in the incidents"
            " and in the ledger.",
        )
        _ending("Remove it for good", "Keep it", method="DELETE", url=url, to="/services")


def _ending(words: str, otherwise: str, *, method: str, url: str, to: str = "") -> None:
    """Build what both dialogs end with; `to` is the page that is shown then, this one where it is ""."""
    tag("p", classes="ok-integration-left")
    tag("p", classes="ok-error", role="alert")
    with tag("div", classes="ok-buttons"):
        button(words, kind="danger", data_act="integration-do", data_method=method, data_url=url, data_to=to or None)
        button(otherwise, kind="quiet", data_act="close")


def _url(line: Keyed) -> str:
    return f"/api/v1/integrations/{line['id']}"
