"""/me: who I am, how I am reached and whether that works, and what this device remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nicegui import ui

from opsknight.domain.queries.contact_methods import ContactMethodLine
from opsknight.domain.queries.going_on_call import ShiftCheck
from opsknight.domain.queries.handoffs import Handoffs
from opsknight.ui import handoffs
from opsknight.ui.assets import asset
from opsknight.ui.calendar_links import list_links, show_links
from opsknight.ui.frame import frame
from opsknight.ui.going_on_call import ChecksShown
from opsknight.ui.parts.avatar import avatar
from opsknight.ui.parts.button import button, post_button
from opsknight.ui.parts.field import choice, field, switch
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.note import note
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict
from opsknight.ui.people_forms import ROLES
from opsknight.ui.reading import read_calendar_links, read_methods
from opsknight.ui.schedules import mine
from opsknight.ui.schedules.reading import read_checks, read_handoffs, read_own_shifts
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

CHANNELS = {"email": ("mail", "Mail"), "push": ("phone", "Push")}


def mount(deps: Deps) -> None:
    """Serve the page at /me."""

    @ui.page("/me", title="Me")
    async def me_page() -> None:
        viewer = await signed_in(deps)
        methods, links = await read_methods(deps, viewer.id), await read_calendar_links(deps, viewer.id)
        for script in ("me.js", "calendars.js"):
            ui.add_head_html(f'<script defer src="{asset(script)}"></script>')
        ui.add_head_html(handoffs.head())
        found, left = await read_checks(deps, viewer.id), await read_handoffs(deps, viewer.id)
        with frame("Me", viewer):
            shown = show(viewer, methods, found=found, left=left)
            mine.show(viewer, await read_own_shifts(deps, viewer.id))
            place = show_links(links)

        async def again() -> None:
            await still_signed_in(deps)
            fresh = await read_methods(deps, viewer.id)
            shown.reached.clear()
            with shown.reached:
                show_methods(fresh)
            shown.checks.update(await read_checks(deps, viewer.id))

        async def links_again() -> None:
            await still_signed_in(deps)
            fresh = await read_calendar_links(deps, viewer.id)
            place.clear()
            with place:
                list_links(fresh)

        shown.push.on("changed", again, args=[])
        place.on("changed", links_again, args=[])


@dataclass(frozen=True, slots=True)
class Shown:
    """What of the page changes while it is open: `push` tells that the contact methods in `reached` did."""

    reached: ui.element
    push: ui.element
    checks: ChecksShown


def show(viewer: Viewer, methods: Sequence[ContactMethodLine], *, found: Sequence[ShiftCheck], left: Handoffs) -> Shown:
    """Build the page; `found` is what to see to before the shifts of now, `left` what their handoffs say."""
    _who(viewer)
    checks = ChecksShown(found)
    handoffs.HandoffsShown(left)
    with section(
        "How you are reached", "Every page goes out here, in this order. A method counts once it is verified."
    ):
        with tag("div") as reached:
            show_methods(methods)
        with tag("div", classes="ok-buttons ok-after"):
            post_button("Page me now", "/api/v1/me/page", said="Paging you now; watch your devices.", icon="bell")
            tag("span", "A test page to every method, marked as a test.", classes="ok-faint")
    with (
        section("Push on this device", "A notification with an Acknowledge button, also while no tab is open."),
        tag("div", id="ok-push", classes="ok-push") as push,
    ):
        tag("p", "Asking this browser…", classes="ok-muted")
        with tag("div", classes="ok-buttons"):
            button("Turn push on", kind="primary", icon="phone", data_act="push-on", hidden=True)
            button("Turn push off", kind="plain", data_act="push-off", hidden=True)
    with section("You", "How others know you, and the clock you live by."), tag("div", classes="ok-stacked"):
        field("own-name", "Name", value=viewer.name, autocomplete="name", maxlength="100")
        zone = "A time zone, as Europe/Berlin."
        field("own-zone", "Time zone", value=viewer.zone, spellcheck="false", list="ok-zones", says=zone)
        tag("p", classes="ok-error", id="own-error", role="alert")
        button("Save", data_act="own-save")
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
    return Shown(reached, push, checks)


def show_methods(methods: Sequence[ContactMethodLine], *, whose: str = "") -> None:
    """Build one row per contact method, or say that there is none; `whose` names somebody else than the reader."""
    works = any(_works(method) for method in methods)
    if not works and whose:
        note("None of these counts yet; everybody verifies their own.", title=f"Nobody can reach {whose}", kind="bad")
    elif not works:
        note(
            "Turn push on below, or sign in once by a link that is mailed to you: that verifies your address.",
            title="Nobody can reach you",
            kind="bad",
        )
    with rows("1.25rem minmax(0, 1fr) 11rem 11rem", what="Contact methods"):
        for method in methods:
            _method(method)


def _who(viewer: Viewer) -> None:
    with tag("div", classes="ok-head ok-me"):
        with tag("div", classes="ok-me-who"):
            avatar(viewer.name, classes="ok-avatar-large")
            with tag("div"):
                tag("h1", viewer.name)
                tag("p", f"{viewer.email} · {ROLES.get(viewer.role, viewer.role)}")
        with tag("div", classes="ok-buttons"):
            button("Sign out", kind="quiet", icon="out", data_act="sign-out")


def _method(method: ContactMethodLine) -> None:
    mark, channel = CHANNELS.get(method["channel"], ("send", method["channel"]))
    with row(classes="ok-method"):
        icon(mark, classes="ok-faint")
        with tag("div"):
            tag("span", method["label"], classes="ok-cut")
            tag("span", f" {channel}", classes="ok-faint")
        _state(method)
        with tag("span", classes="ok-faint"):
            if method["last_proof_at"] is None:
                tag("span", "never proven to arrive")
            else:
                tag("span", "arrived ")
                moment(method["last_proof_at"], "ago")


def _state(method: ContactMethodLine) -> None:
    if method["disabled_at"] is not None:
        verdict(f"Off: {method['disabled_reason'] or 'switched off'}", "bad")
    elif method["verified_at"] is None:
        verdict("Not verified", "warn")
    else:
        verdict("Verified", "good")


def _works(method: ContactMethodLine) -> bool:
    return method["verified_at"] is not None and method["disabled_at"] is None
