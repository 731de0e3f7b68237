"""The dialogs about people: to invite, to hand over a link, to change. assets/people.js sends what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsknight.domain.model.permission import Role
from opsknight.ui.parts.button import button
from opsknight.ui.parts.copybox import copybox
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import field, select
from opsknight.ui.parts.tag import tag

INVITE: Final = "ok-person-invite"
EDIT: Final = "ok-person-edit"
LINK: Final = "ok-person-link"
ASK: Final = "ok-person-ask"
ROLES: Final[Mapping[str, str]] = {
    Role.ADMIN.value: "Admin: may do everything",
    Role.MANAGER.value: "Manager: responds and changes the configuration",
    Role.RESPONDER.value: "Responder: responds to incidents",
    Role.OBSERVER.value: "Observer: sees incidents and changes nothing",
}
_ZONE_SAYS: Final = "A time zone, as Europe/Berlin."


def build_invite(teams: Mapping[str, str]) -> None:
    """Build the dialog that lets somebody in; `teams` are those they can belong to."""
    with dialog(INVITE, "Invite somebody"):
        field("invite-email", "E-mail address", type="email", autocomplete="off", maxlength="254")
        field("invite-name", "Name", autocomplete="off", maxlength="100")
        select("invite-role", "What they may do", ROLES, chosen=Role.RESPONDER.value)
        if teams:
            select("invite-team", "Team", {"": "None yet", **teams})
        field("invite-zone", "Time zone", value="UTC", spellcheck="false", list="ok-zones", says=_ZONE_SAYS)
        tag("p", classes="ok-error", id="invite-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Invite", kind="primary", data_act="person-invited", id="invite-save")
            button("Cancel", kind="quiet", data_act="close")


def build_link() -> None:
    """Build the dialog that shows a link once, to be handed over where no mail went out."""
    with dialog(LINK, "Hand over this link"):
        tag("p", id="link-words")
        copybox("", what="the link").props('id="link-box"')
        tag("p", "It signs them in once and ends after three days. It is not shown again.", classes="ok-muted")
        with tag("div", classes="ok-buttons"):
            button("Done", kind="primary", data_act="close")


def build_edit() -> None:
    """Build the dialog that gives somebody another name, zone or role."""
    with dialog(EDIT, "Change"):
        field("person-name", "Name", autocomplete="off", maxlength="100")
        select("person-role", "What they may do", ROLES)
        field("person-zone", "Time zone", spellcheck="false", list="ok-zones", says=_ZONE_SAYS)
        tag("p", classes="ok-error", id="person-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Save", kind="primary", data_act="person-save", id="person-save")
            button("Cancel", kind="quiet", data_act="close")


def build_ask() -> None:
    """Build the dialog for a second look before something is done that others notice."""
    with dialog(ASK, "Do it?"):
        tag("p", id="person-ask-words")
        tag("p", classes="ok-error", id="person-ask-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Do it", kind="danger", data_act="person-asked", id="person-asked")
            button("Leave it", kind="quiet", data_act="close")
