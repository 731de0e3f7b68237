"""The frame of every page: who is on call, what burns, whether this is live, and the ways to everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui import Client, ui

from opsknight.domain.queries.oncall import Duty
from opsknight.ui import live
from opsknight.ui.assets import asset
from opsknight.ui.notices import Notices
from opsknight.ui.parts.avatar import avatar
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.keycap import keycap
from opsknight.ui.parts.moment import As, moment
from opsknight.ui.parts.tag import tag
from opsknight.ui.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to go: its address, its name, the letter after g, its icon.

    A place that is not `at_hand` stands in no phone's bar, which has room for five, and one that is not
    `in_strip` not in the strip on top (one's own page is behind the initials there); Find and its letter lead to both.
    """

    href: str
    name: str
    letter: str
    icon: str
    at_hand: bool = True
    in_strip: bool = True


PLACES = (
    Place("/incidents", "Incidents", "i", "list"),
    Place("/schedules", "Schedules", "c", "calendar"),
    Place("/services", "Services", "s", "services"),
    Place("/heartbeats", "Heartbeats", "h", "heartbeat", at_hand=False),
    Place("/rules", "Rules", "r", "rules", at_hand=False),
    Place("/maintenance", "Maintenance", "w", "wrench", at_hand=False),
    Place("/people", "People", "p", "team", at_hand=False),
    Place("/teams", "Teams", "t", "team", at_hand=False, in_strip=False),
    Place("/oncall", "On call", "o", "clock", at_hand=False, in_strip=False),
    Place("/policies", "Policies", "e", "escalate", at_hand=False, in_strip=False),
    Place("/channels", "Channels", "n", "send", at_hand=False, in_strip=False),
    Place("/what-if", "What if", "x", "help", at_hand=False, in_strip=False),
    Place("/readiness", "Readiness", "y", "check", at_hand=False, in_strip=False),
    Place("/drills", "Drills", "d", "bell", at_hand=False, in_strip=False),
    Place("/fairness", "Fairness", "f", "team", at_hand=False, in_strip=False),
    Place("/ledger", "Ledger", "l", "list", at_hand=False, in_strip=False),
    Place("/me", "Me", "m", "person", in_strip=False),
)
_STYLES = ("theme.css", "icons.css", "parts.css", "frame.css", "pages.css")
_SCRIPTS = ("page.js", "times.js", "live.js", "strip.js", "keys.js", "palette.js", "push.js", "register.js")


def head() -> str:
    """Return what stands in the head of every page: styles, icons, the theme before the first paint, scripts."""
    lines = [
        '<link rel="manifest" href="/manifest.webmanifest">',
        f'<link rel="icon" type="image/svg+xml" href="{asset("icons/favicon.svg")}">',
        f'<link rel="apple-touch-icon" href="{asset("icons/apple-touch-180.png")}">',
        '<meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0a0b0d">',
        '<meta name="theme-color" media="(prefers-color-scheme: light)" content="#fbfbfc">',
        '<link rel="preload" as="font" type="font/woff2" crossorigin href="/assets/fonts/inter-latin.woff2">',
        f'<script src="{asset("theme.js")}"></script>',
        *(f'<link rel="stylesheet" href="{asset(name)}">' for name in _STYLES),
        *(f'<script defer src="{asset(name)}"></script>' for name in _SCRIPTS),
    ]
    return "\n".join(lines)


@contextmanager
def frame(title: str, viewer: Viewer, *, wide: bool = False, path: str = "") -> Iterator[ui.element]:
    """Build the frame around a page and yield its main area, inside which the page is written.

    `wide` gives the whole width and height to a page that keeps its own margins (the board), and a heading
    for screen readers; other pages show their own. `path` marks the place in the navigation when the
    address alone does not (an incident belongs to Incidents).
    """
    ui.page_title(f"{title} · OpsKnight")
    live.follow(viewer.audience)
    here = path or "/" + title.lower()
    client = ui.context.client
    with client.layout:
        _above(viewer, here)
        client.page_container.move(client.layout)
        _navigation(here, classes="ok-bottom", label="Main, at hand", icons=True)
    landmark(client)
    with client.content, tag("div", classes="ok-main ok-main-wide" if wide else "ok-main") as main:
        if wide:
            client.layout.classes("ok-full")
            tag("h1", title, classes="ok-hide")
        yield main


def _above(viewer: Viewer, here: str) -> None:
    tag("a", "Skip to content", classes="ok-skip", href="#main")
    with tag("header", classes="ok-strip"):
        _brand()
        _navigation(here, classes="ok-nav", label="Main")
        _now(viewer)
        _tools(viewer)
    tag("div", classes="ok-stale", id="ok-stale", role="status", hidden=True)
    Notices(viewer.notices)


def landmark(client: Client) -> None:
    """Let NiceGUI's own <main> be what the skip link leads to: a page has one main area only."""
    page = client.page_container.default_slot.children[0]
    page.props.update({"id": "main", "tabindex": "-1"})


def _brand() -> None:
    with tag("a", classes="ok-brand", href="/incidents", aria_label="OpsKnight, to the incidents"):
        tag("span", classes="ok-mark", aria_hidden="true")
        tag("span", "OpsKnight", classes="ok-wordmark")


def _navigation(here: str, *, classes: str, label: str, icons: bool = False) -> None:
    with tag("nav", classes=classes, aria_label=label):
        for place in PLACES:
            if icons and not place.at_hand:
                continue
            current = "page" if here == place.href else None
            hidden = None if icons or place.in_strip else True
            far = None if place.at_hand else True
            go = {"href": place.href, "data_go": place.letter, "data_far": far}
            with tag("a", aria_current=current, hidden=hidden, **go):
                if icons:
                    icon(place.icon)
                tag("span", place.name)
        if icons:
            with tag("button", type="button", data_act="palette"):
                icon("search")
                tag("span", "Find")


def _now(viewer: Viewer) -> None:
    with tag("div", classes="ok-now"):
        _on_call(viewer)
        with tag("span", classes="ok-shift", id="ok-shift"):
            _shift(viewer)
        high = {"data_count": str(viewer.high), "data_rev": viewer.rev or None}
        with tag("a", classes="ok-high", id="ok-high", href="/incidents", **high):
            tag("span", classes="ok-shape ok-shape-critical", aria_hidden="true")
            tag("b", str(viewer.high), classes="ok-tab")
            tag("span", "high")
            tag("span", " urgency, nobody has acknowledged", classes="ok-hide")
        with tag("span", classes="ok-live", id="ok-live", role="status"):
            tag("span", "Connecting")


def _on_call(viewer: Viewer) -> None:
    first = viewer.duty
    others = len(viewer.on_call) - 1
    attributes = {"popovertarget": "ok-duties", "aria_haspopup": "true"}
    with tag("button", classes="ok-oncall", id="ok-oncall", type="button", **attributes):
        tag("span", "On call", classes="ok-label")
        _duty(first, until="soon")
        if others > 0:
            tag("span", f"+{others}", classes="ok-faint ok-tab")
    with tag("div", classes="ok-pop ok-duties", id="ok-duties", popover="auto"):
        tag("h2", "On call now")
        if not viewer.on_call:
            tag("p", "There is no schedule yet, so nobody is on call.", classes="ok-muted")
        for duty in viewer.on_call:
            with tag("div", classes="ok-duty"):
                tag("a", duty["schedule"], href=f"/schedules/{duty['schedule_id']}", classes="ok-muted ok-cut")
                with tag("span", classes="ok-duty-who"):
                    _duty(duty)
        with tag("div", classes="ok-duty"):
            tag("a", "Who is next, and whether they are reached", href="/oncall")


def _duty(duty: Duty | None, *, until: As = "clock") -> None:
    if duty is None or duty["user"] is None:
        tag("b", "nobody", classes="ok-nobody")
        return
    tag("b", duty["user"], classes="ok-cut")
    if duty["you"]:
        tag("span", "you", classes="ok-you")
    if duty["until"] is not None:
        with tag("span", classes="ok-until"):
            tag("span", "until ")
            moment(duty["until"], until)


def _shift(viewer: Viewer) -> None:
    tag("span", "Your next shift", classes="ok-label")
    if viewer.next_shift is None:
        tag("span", "none planned", classes="ok-muted")
    else:
        moment(viewer.next_shift["from"], "soon")


def _tools(viewer: Viewer) -> None:
    with tag("div", classes="ok-tools"):
        with tag(
            "button",
            classes="ok-find",
            type="button",
            data_act="palette",
            aria_label="Find",
            aria_keyshortcuts="Control+K Meta+K",
        ):
            icon("search")
            tag("span", "Find", classes="ok-find-word")
            keycap("Mod", "K")
        with tag("button", classes="ok-tool ok-theme", type="button", data_act="theme", aria_label="Theme"):
            for name in ("system", "sun", "moon"):
                icon(name, classes=f"ok-theme-{name}")
        with tag("button", classes="ok-tool ok-help", type="button", data_act="help", aria_label="Help and keys"):
            icon("help")
        with tag("a", classes="ok-self", href="/me", aria_label=f"{viewer.name}, your page", title=viewer.name):
            avatar(viewer.name)
