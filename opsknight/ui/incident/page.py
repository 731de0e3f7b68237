"""/incidents/{number}: head with the verbs, alerts, who was paged, the story; facts at the side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from nicegui import ui

from opsknight.domain.queries.incidents import Timeline
from opsknight.domain.queries.why import WhyLine
from opsknight.errors import NotFound
from opsknight.ui.frame import frame
from opsknight.ui.incident.alerts import Alerts
from opsknight.ui.incident.asked import show_asked
from opsknight.ui.incident.changed import show_changed
from opsknight.ui.incident.head import Head
from opsknight.ui.incident.help import Help, call_of, show_call
from opsknight.ui.incident.paged import Paged
from opsknight.ui.incident.side import Side
from opsknight.ui.incident.story import Story
from opsknight.ui.incident.why import Why, show_why
from opsknight.ui.pages import page
from opsknight.ui.parts.button import button
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.tag import tag
from opsknight.ui.reading import Told, read_incident, read_names, read_story, read_why
from opsknight.ui.turns import in_turn
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH = "/incidents"
AGAIN_EVERY_S = 0.4


def mount(deps: Deps) -> None:
    """Serve the page of each incident under its number."""

    @page(PATH + "/{number}")
    async def incident_page(number: str) -> None:
        viewer = await signed_in(deps)
        try:
            told = await read_incident(deps, number)
        except NotFound as refusal:
            _absent(viewer, refusal.sentence)
            return
        line = told.detail["incident"]

        async def read() -> Told:
            await still_signed_in(deps)
            return await read_incident(deps, line["id"])

        async def read_before(cursor: str) -> Timeline:
            await still_signed_in(deps)
            return await read_story(deps, line["id"], before=cursor)

        async def explain(user_id: int) -> WhyLine:
            await still_signed_in(deps)
            return await read_why(deps, line["id"], user_id=user_id, viewer_id=viewer.id)

        why = Why(await read_names(deps), explain)
        with frame(f"#{line['n']} {line['title']}", viewer, path=PATH) as main:
            main.classes("ok-main-acting")
            show(viewer, told, read=read, read_before=read_before, why=why)


def show(
    viewer: Viewer,
    told: Told,
    *,
    read: Callable[[], Awaitable[Told]],
    read_before: Callable[[str], Awaitable[Timeline]],
    why: Why,
) -> None:
    """Build the page and keep it true: when the head says that something changed, the rest is read again."""
    line = told.detail["incident"]
    with tag("div", classes="ok-incident"):
        with tag("div", classes="ok-incident-main"):
            head = Head(line, viewer, keep_quiet=told.detail["keep_quiet"])
            with tag("div", classes="ok-incident-call") as call:
                show_call(call_of(told.asked, viewer_id=viewer.id), incident_id=line["id"])
            with _section("Alerts"):
                alerts = Alerts(told.detail["alerts"], line=line)
            if told.detail["changes"]:
                _part("Changed before", lambda: show_changed(told.detail["changes"]))
            asked = _part("Who was asked", lambda: _asked(told, viewer))
            _only_if_asked(asked, told)
            with _section("Who was paged"):
                paged = Paged(told.pages, viewer_id=viewer.id)
            mine = any(page["user_id"] == viewer.id and page["kind"] != "watch" for page in told.pages)
            show_why(why, viewer_id=viewer.id, paged=mine)
            with _section("What happened"):
                story = Story(told.facts)
                _earlier(told, story, read_before)
        side = Side(told, viewer)
    asking = Help(line, viewer)

    @in_turn
    async def again() -> None:
        now = await read()
        told.detail, told.watchers, told.pages = now.detail, now.watchers, now.pages
        asked_before, told.asked = told.asked, now.asked
        story.newer(now.facts)
        side.update(now)
        alerts.update(now.detail["alerts"], line=now.detail["incident"])
        _anew(asked, lambda: _asked(now, viewer), changed=now.asked != asked_before)
        _only_if_asked(asked, now)
        mine = call_of(now.asked, viewer_id=viewer.id)
        was_mine = call_of(asked_before, viewer_id=viewer.id)
        _anew(call, lambda: show_call(mine, incident_id=line["id"]), changed=mine != was_mine)
        paged.update(now.pages)

    asking.on("changed", again, args=[])
    head.on("changed", again, args=[], throttle=AGAIN_EVERY_S, leading_events=True, trailing_events=True)


def _anew(place: ui.element, build: Callable[[], None], *, changed: bool) -> None:
    """Build `place` again, but only if it would say something else: reading is not disturbed for nothing."""
    if changed:
        place.clear()
        with place:
            build()


def _section(title: str) -> ui.element:
    with tag("section", classes="ok-incident-part") as place:
        tag("h2", title)
    return place


def _part(title: str, build: Callable[[], None]) -> ui.element:
    with _section(title), tag("div") as place:
        build()
    return place


def _asked(told: Told, viewer: Viewer) -> None:
    show_asked(told.asked, viewer_id=viewer.id, incident_id=told.detail["incident"]["id"])


def _only_if_asked(part: ui.element, told: Told) -> None:
    """Hide the section around `part` where nobody was asked besides the owner: so it is for most incidents."""
    section = part.parent_slot.parent if part.parent_slot else part
    section.set_visibility(any(told.asked.values()))


def _earlier(told: Told, story: Story, read_before: Callable[[str], Awaitable[Timeline]]) -> None:
    """Offer what happened before the oldest fact on the page, as long as there is any."""
    if told.more is None:
        return
    more = button("Earlier", kind="quiet", small=True, icon="clock")

    async def earlier() -> None:
        if told.more is None:
            return
        before = await read_before(told.more)
        story.older(before["facts"])
        told.more = before["more"]
        more.set_visibility(told.more is not None)

    more.on("click", earlier, args=[])


def _absent(viewer: Viewer, sentence: str) -> None:
    ui.context.client.status_code = 404
    with (
        frame("No such incident", viewer, path=PATH),
        empty("No such incident", sentence, icon_name="search", whole_page=True),
    ):
        button("All incidents", kind="primary", href=PATH)
