"""/me: who I am, how I am reached and whether that works, and what this device remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from nicegui import ui

from opsknight.domain.model.channel import ChannelKind
from opsknight.domain.model.person import LANGUAGES
from opsknight.domain.queries.contact_methods import ContactMethodLine, OwnRuleLine
from opsknight.domain.queries.going_on_call import ShiftCheck
from opsknight.domain.queries.handoffs import Handoffs
from opsknight.domain.queries.left_alone import LeftAlone
from opsknight.ui import api_tokens, handoffs, left_alone, own_methods
from opsknight.ui.address_form import SCRIPT as ADDRESS_SCRIPT
from opsknight.ui.address_form import address_button, build_address
from opsknight.ui.assets import asset
from opsknight.ui.calendar_links import list_links, show_links
from opsknight.ui.frame import frame
from opsknight.ui.going_on_call import ChecksShown
from opsknight.ui.pages import page
from opsknight.ui.parts.avatar import avatar
from opsknight.ui.parts.button import button, post_button
from opsknight.ui.parts.field import choice, field, offer, select, switch
from opsknight.ui.parts.part import Part
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag
from opsknight.ui.people_forms import ROLES
from opsknight.ui.reading import Reach, read_calendar_links, read_reach, read_tokens
from opsknight.ui.schedules import mine
from opsknight.ui.schedules.reading import read_checks, read_handoffs, read_own_shifts, read_shadowing
from opsknight.ui.turns import in_turn
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

Methods: TypeAlias = Sequence[ContactMethodLine]
SCRIPTS = ("me.js", "methods.js", "window.js", left_alone.SCRIPT, "calendars.js", api_tokens.SCRIPT, ADDRESS_SCRIPT)


def mount(deps: Deps) -> None:
    """Serve the page at /me."""

    @page("/me", title="Me")
    async def me_page() -> None:
        viewer = await signed_in(deps)
        reach, links = await read_reach(deps, viewer.id), await read_calendar_links(deps, viewer.id)
        for script in SCRIPTS:
            ui.add_head_html(f'<script defer src="{asset(script)}"></script>')
        ui.add_head_html(handoffs.head())
        found, left = await read_checks(deps, viewer.id), await read_handoffs(deps, viewer.id)
        with frame("Me", viewer):
            shown = show(viewer, reach, channels=list(deps.channels.values()), found=found, left=left)
            mine.show(viewer, await read_own_shifts(deps, viewer.id), await read_shadowing(deps, viewer.id))
            place = show_links(links)
            tokens = api_tokens.build()
            tokens.update(await read_tokens(deps, viewer.id))

        @in_turn
        async def again() -> None:
            await still_signed_in(deps)
            shown.update(await read_reach(deps, viewer.id))
            shown.checks.update(await read_checks(deps, viewer.id))

        @in_turn
        async def links_again() -> None:
            await still_signed_in(deps)
            fresh = await read_calendar_links(deps, viewer.id)
            place.clear()
            with place:
                list_links(fresh)

        @in_turn
        async def tokens_again() -> None:
            await still_signed_in(deps)
            tokens.update(await read_tokens(deps, viewer.id))

        shown.push.on("changed", again, args=[])
        shown.place.on("changed", again, args=[])
        place.on("changed", links_again, args=[])
        tokens.place.on("changed", tokens_again, args=[])


@dataclass(slots=True)
class Shown:
    """The places of the page: how one is reached, which hears `changed`, its lists, and push, which tells of it."""

    place: ui.element
    methods: Part[Methods]
    rules: Part[tuple[Methods, Sequence[OwnRuleLine]]]
    quiet: Part[LeftAlone]
    undisturbed: Part[tuple[LeftAlone, left_alone.Others]]
    by_method: ui.element
    by_whom: ui.element
    push: ui.element
    checks: ChecksShown

    def update(self, reach: Reach) -> None:
        """Show what is so now; a dialog that is open stays, and offers what there is now."""
        self.methods.update(reach.methods)
        self.rules.update((reach.methods, reach.rules))
        self.quiet.update(reach.left_alone)
        self.undisturbed.update((reach.left_alone, reach.substitutes))
        offer(self.by_method, own_methods.named(reach.methods))
        offer(self.by_whom, {str(key): name for key, name in reach.substitutes.items()})


def show(
    viewer: Viewer,
    reach: Reach,
    *,
    channels: Sequence[ChannelKind],
    found: Sequence[ShiftCheck],
    left: Handoffs,
) -> Shown:
    """Build the page; `found` is what to see to before the shifts of now, `left` what their handoffs say."""
    _who(viewer)
    checks = ChecksShown(found)
    handoffs.HandoffsShown(left)
    with tag("div", id="ok-reached") as place:
        with section(
            "How you are reached", "A method counts once it is verified; it is proven when a message arrived."
        ):
            methods = Part(own_methods.show_methods)
            with tag("div", classes="ok-buttons ok-after"):
                button("Add a contact method", icon="plus", data_act="method-add")
                post_button("Page me now", "/api/v1/me/page", said="Paging you now; watch your devices.", icon="bell")
                tag("span", "A test page to every method, marked as a test.", classes="ok-faint")
        with section("Which comes when", "Your notification rules. Without any, every verified method: push first."):
            told = Part[tuple[Methods, Sequence[OwnRuleLine]]](
                lambda both: own_methods.show_rules(*both), classes="ok-own-rules-both"
            )
        quiet, undisturbed, by_whom = left_alone.build()
        own_methods.build_dialogs(channels)
        by_method = own_methods.build_rule_dialog()
    push = _push()
    _native_window()
    with section("You", "How others know you, and the clock you live by."), tag("div", classes="ok-stacked"):
        field("own-name", "Name", value=viewer.name, autocomplete="name", maxlength="100")
        zone = "A time zone, as Europe/Berlin."
        field("own-zone", "Time zone", value=viewer.zone, spellcheck="false", list="ok-zones", says=zone)
        select("own-language", "Language", LANGUAGES, chosen=reach.language, says="Of what OpsKnight says to you.")
        tag("p", classes="ok-error", id="own-error", role="alert")
        button("Save", data_act="own-save")
        address_button("/api/v1/me/address")
    build_address(viewer.email)
    with section("This browser", "Remembered on this device only."), tag("div", classes="ok-stacked"):
        choice(
            "ok-theme",
            {"system": "System", "dark": "Dark", "light": "Light"},
            chosen="system",
            label="Theme",
            icons={"system": "system", "dark": "moon", "light": "sun"},
        )
        switch("ok-keys-on", "Single-key shortcuts: a, r, j, k and the rest", on=True)
        with tag("div", classes="ok-buttons"):
            button("All keys", kind="plain", icon="keyboard", data_act="help")
            button("Parts and styles", kind="quiet", href="/style")
    shown = Shown(place, methods, told, quiet, undisturbed, by_method, by_whom, push, checks)
    shown.update(reach)
    return shown


def _who(viewer: Viewer) -> None:
    with tag("div", classes="ok-head ok-me"):
        with tag("div", classes="ok-me-who"):
            avatar(viewer.name, classes="ok-avatar-large")
            with tag("div"):
                tag("h1", viewer.name)
                tag("p", f"{viewer.email} · {ROLES.get(viewer.role, viewer.role)}")
        with tag("div", classes="ok-buttons"):
            button("Sign out", kind="quiet", icon="out", data_act="sign-out")


def _push() -> ui.element:
    with (
        section("Push on this device", "A notification with an Acknowledge button, also while no tab is open."),
        tag("div", id="ok-push", classes="ok-push") as push,
    ):
        tag("p", "Asking this browser…", classes="ok-muted")
        with tag("div", classes="ok-buttons"):
            button("Turn push on", kind="primary", icon="phone", data_act="push-on", hidden=True)
            button("Turn push off", kind="plain", data_act="push-off", hidden=True)
    return push


def _native_window() -> None:
    with (
        section("Alarm of the native window", "It wakes you by itself, also on a network that is closed."),
        tag("div", id="ok-window", classes="ok-push"),
    ):
        tag("p", "Open this page in the native window on your computer to be alarmed there.", classes="ok-muted")
        with tag("div", classes="ok-buttons"):
            button("Alarm me in this window", kind="primary", icon="bell", data_act="window-on", hidden=True)
            button("Alarm me here no more", kind="plain", data_act="window-off", hidden=True)
