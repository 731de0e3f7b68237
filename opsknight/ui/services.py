"""/services: what breaks and who owns it; the keys monitors send with, and how to make each one send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight.domain.model.permission import Need
from opsknight.domain.queries.archived_services import ArchivedLine
from opsknight.domain.queries.changes import ChangeLine
from opsknight.domain.queries.service_quiet import QuietLine
from opsknight.domain.queries.services import IntegrationLine, ServiceLine
from opsknight.domain.queries.teams import PolicyLine, TeamLine
from opsknight.ui.archived_services import SCRIPT as ARCHIVED_SCRIPT
from opsknight.ui.archived_services import show_archived
from opsknight.ui.assets import asset
from opsknight.ui.frame import frame
from opsknight.ui.pages import page
from opsknight.ui.parts.button import post_button
from opsknight.ui.parts.copybox import copy_button, copybox
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.links import outward, web_address
from opsknight.ui.parts.note import note
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.tag import tag
from opsknight.ui.reading import (
    read_archived_services,
    read_changes,
    read_policies,
    read_quiet,
    read_services,
    read_teams,
)
from opsknight.ui.secrets import show_secret
from opsknight.ui.senders import (
    EMAIL,
    MAIL_IS_OFF,
    NO_MONITORS,
    Sender,
    endpoint,
    mail_address,
    sender,
    takes_tests,
    test_event,
)
from opsknight.ui.service_changes import show_changes
from opsknight.ui.service_form import SCRIPT as FORM_SCRIPT
from opsknight.ui.service_form import build_service_dialogs, new_service, show_service_deeds
from opsknight.ui.service_quiet import SCRIPT, STYLES, build_quiet_dialog, show_quiet
from opsknight.ui.viewer import Viewer, signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps, Monitor

NO_SECRETS: Final[Mapping[str, str]] = MappingProxyType({})
NO_CHANGES: Final[Mapping[int, Sequence[ChangeLine]]] = MappingProxyType({})
NO_TEAMS: Final[Mapping[str, str]] = MappingProxyType({})
NOTHING_QUIET: Final[Mapping[int, QuietLine]] = MappingProxyType({})


def mount(deps: Deps) -> None:
    """Serve the page at /services."""

    @page("/services", title="Services")
    async def services_page() -> None:
        viewer = await signed_in(deps)
        may_change = viewer.may(Need.CONFIGURE)
        services = await read_services(deps, with_keys=may_change)
        quiet, changes = await read_quiet(deps), await read_changes(deps)
        teams = their_teams(viewer, await read_teams(deps)) if may_change else NO_TEAMS
        archived = await read_archived_services(deps)
        ui.add_head_html(head())
        with frame("Services", viewer):
            show(
                services,
                base_url=deps.settings.address,
                mail_host=deps.settings.mail_in_host,
                monitors=deps.monitors,
                signed_with=deps.signed_with,
                quiet=quiet,
                changes=changes,
                teams=teams,
                policies=await read_policies(deps) if teams else (),
                archived=archived,
            )


def their_teams(viewer: Viewer, teams: Sequence[TeamLine]) -> Mapping[str, str]:
    """Return the names of the teams that `viewer` may give a service to, by their ids."""
    is_admin = viewer.may(Need.ADMINISTER)
    return {
        str(team["id"]): team["name"]
        for team in teams
        if is_admin or any(member["id"] == viewer.id and member["manages"] for member in team["members"])
    }


def head() -> str:
    """Return what stands in the head of the page besides."""
    scripts = "".join(
        f'<script defer src="{asset(name)}"></script>' for name in ("services.js", SCRIPT, FORM_SCRIPT, ARCHIVED_SCRIPT)
    )
    return f'<link rel="stylesheet" href="{asset(STYLES)}">{scripts}'


def show(
    services: Sequence[ServiceLine],
    *,
    base_url: str,
    mail_host: str = "",
    monitors: Mapping[str, Monitor] = NO_MONITORS,
    signed_with: Mapping[str, str] = NO_SECRETS,
    quiet: Mapping[int, QuietLine] = NOTHING_QUIET,
    changes: Mapping[int, Sequence[ChangeLine]] = NO_CHANGES,
    teams: Mapping[str, str] = NO_TEAMS,
    policies: Sequence[PolicyLine] = (),
    archived: Sequence[ArchivedLine] = (),
) -> None:
    """Build the page; `base_url` is the address under which monitors reach OpsKnight.

    `mail_host` stands behind the @ of addresses that take mail, "" where none is taken.
    `signed_with` tells of each kind of monitor that can prove itself whence its secret comes, `quiet` of
    each service how it pages, and `changes` what was changed on it of late.
    `teams` (id → name) are those whose services the reader may make and change, by one of `policies`.
    """
    says = "What can break, who is paged when it does, and the keys that monitors send with."
    with heading("Services", says):
        if len(services) > 3:
            tag(
                "input",
                classes="ok-input ok-filter",
                type="search",
                placeholder="Filter services",
                aria_label="Filter services",
                data_ok_filter="",
                data_filters=".ok-service",
            )
        if teams:
            new_service(primary=True)
    if not services:
        _teach(may_make=bool(teams))
    for service in services:
        with _service(service, base_url, mail_host, monitors, signed_with):
            is_theirs = str(service["team_id"]) in teams
            if (how := quiet.get(service["id"])) is not None:
                show_quiet(service["id"], service["name"], how, may_change=is_theirs)
            if is_theirs:
                show_service_deeds(service)
            if of_late := changes.get(service["id"]):
                show_changes(of_late)
    if teams:
        build_quiet_dialog()
        build_service_dialogs(teams, policies, monitors)
    tag("p", "No service of that name.", classes="ok-muted ok-filter-none", hidden=True)
    show_archived(archived, teams=teams, policies=policies)


def _teach(*, may_make: bool) -> None:
    says = "A service is what monitors send events for. " + (
        "Make one, then add the monitor that watches it."
        if may_make
        else "An admin, or the manager of a team, makes one."
    )
    with empty("No services yet", says, icon_name="services"):
        if may_make:
            new_service(primary=False)


def _service(
    service: ServiceLine, base_url: str, mail_host: str, monitors: Mapping[str, Monitor], signed_with: Mapping[str, str]
) -> ui.element:
    """Show a service and return its head, to add to."""
    name = f"service-{service['id']}"
    with tag("section", classes="ok-section ok-service", id=name, aria_labelledby=f"{name}-title"):
        with tag("div", classes="ok-section-head") as told:
            tag("h2", service["name"], id=f"{name}-title")
            if service["description"]:
                tag("p", service["description"])
            _owners(service)
        with tag("div", classes="ok-section-body ok-integrations"):
            if not service["integrations"]:
                tag("p", "Nothing can send events for it yet: it has no integration.", classes="ok-muted")
            for integration in service["integrations"]:
                of_secret = signed_with.get(integration["provider"])
                _integration(integration, base_url, mail_host, monitors, of_secret)
    return told


def _owners(service: ServiceLine) -> None:
    with tag("dl", classes="ok-facts"):
        tag("dt", "Team")
        tag("dd", service["team"] or "none")
        tag("dt", "Policy")
        with tag("dd"):
            tag("a", service["policy"], href=f"/policies/{service['policy_id']}")
    with tag("div", classes="ok-links"):
        tag("a", "Rules", href=f"/rules?service={service['id']}#service-{service['id']}", classes="ok-outward")
        if web_address(service["runbook_url"]):
            outward(service["runbook_url"], "Runbook", icon_name="book")


def _integration(
    integration: IntegrationLine,
    base_url: str,
    mail_host: str,
    monitors: Mapping[str, Monitor],
    signed_with: str | None,
) -> None:
    how, key = sender(integration["provider"], monitors), integration["key"]
    counting = integration["secrets"] or 0
    with tag("article", classes="ok-integration"):
        with tag("header", classes="ok-integration-head"):
            with tag("div"):
                with tag("h3"):
                    tag("a", integration["name"] or how.name, href=f"/integrations/{integration['id']}")
                off = "" if integration["active"] else " · switched off: nothing that it sends is taken"
                tag("p", f"{how.name}{off}", classes="ok-muted")
            if key is not None and not off:
                sample = test_event(integration["provider"], key, monitors)
                post_button("Send a test event", takes_tests(integration["id"]), sample, icon="send", small=True)
        if key is None:
            tag("p", "Its key is for managers and admins to see; ask one of them.", classes="ok-muted")
        elif not off:
            is_mailed = integration["provider"] == EMAIL
            address = endpoint(base_url, key, provider=integration["provider"])
            _how_to_send(how, key, base_url, address=mail_address(key, mail_host) if is_mailed else address)
            if signed_with is not None:
                show_secret(integration["id"], counting=counting, signed_with=signed_with)


def _how_to_send(how: Sender, key: str, base_url: str, *, address: str) -> None:
    if not address:
        note(MAIL_IS_OFF, title="Mail in is off", kind="warn")
        return
    with tag("details", classes="ok-more ok-setup"):
        tag("summary", "Address, key and set-up")
        with tag("dl", classes="ok-facts ok-keys-of"):
            _copied("Address", address)
            _copied("Key", key)
        tag("p", how.where, classes="ok-where")
        copybox(how.text(base_url, key), what=f"the text for {how.name}")


def _copied(words: str, value: str) -> None:
    tag("dt", words)
    with tag("dd"):
        tag("code", value)
        copy_button(value, words="", what=f"the {words.lower()}")
