"""/style: every part in every state, in both themes, side by side. A new page is made of what stands here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from nicegui import ui

from opsknight.ui.assets import DIRECTORY
from opsknight.ui.frame import frame
from opsknight.ui.pages import page
from opsknight.ui.parts.badge import SEVERITIES, badge, label
from opsknight.ui.parts.bars import Bar, bars
from opsknight.ui.parts.button import button
from opsknight.ui.parts.checks import check, checks
from opsknight.ui.parts.copybox import copybox
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.entry import entry, timeline
from opsknight.ui.parts.field import choice, field, select, switch
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.keycap import keycap
from opsknight.ui.parts.menu import item, menu
from opsknight.ui.parts.moment import As, moment
from opsknight.ui.parts.note import note
from opsknight.ui.parts.person import person
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.stat import stat, stats
from opsknight.ui.parts.status import STATUSES, status
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import Kind, verdict
from opsknight.ui.viewer import signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

SURFACES = ("bg", "surface", "surface-2", "surface-3", "selected", "line", "line-2", "line-strong")
INKS = ("ink", "ink-2", "ink-3", "accent", "good", "warn", "bad")
SIZES = ("xs", "sm", "md", "lg", "xl", "2xl", "3xl")
MOMENTS: tuple[As, ...] = ("clock", "day", "full", "ago", "in", "span", "seconds", "soon")
VERDICTS: tuple[tuple[Kind, str], ...] = (
    ("good", "Seen on the phone"),
    ("wait", "Queued, due in 40 s"),
    ("warn", "Perhaps sent: no answer came"),
    ("bad", "Refused: no such mailbox"),
    ("none", "Superseded by the acknowledge"),
)
TOAST_SAMPLE = """<script>
addEventListener("DOMContentLoaded", () => opsknight.act("toast-sample", () => (
  opsknight.toast("#412 acknowledged", { kind: "good", action: { label: "Undo", run() {} } }))));
</script>"""


def mount(deps: Deps) -> None:
    """Serve the page of parts at /style."""

    @page("/style", title="Parts and styles")
    async def style_page() -> None:
        viewer = await signed_in(deps)
        with frame("Parts and styles", viewer, path="/style"):
            show(now=deps.clock.now())


def show(*, now: datetime) -> None:
    """Build the whole page; times on it are relative to `now`."""
    with heading("Parts and styles", "Every part in every state. What is not here does not belong on a page."):
        button("Toast", data_act="toast-sample")
        button("Dialog", data_act="dialog", data_dialog="style-dialog")
        button("Menu", popovertarget="style-menu")
    _floating()
    with tag("div", classes="ok-style"):
        for theme in ("dark", "light"):
            with tag("div", classes=f"ok-{theme} ok-style-theme", role="group", aria_label=f"{theme} theme"):
                for name, part in PARTS.items():
                    with tag("section", classes="ok-style-part"):
                        tag("h2", name)
                        with tag("div", classes="ok-style-body"):
                            part(theme, now)


def _floating() -> None:
    with dialog("style-dialog", "Snooze until"):
        field("style-until", "Until", value="08:00", says="In your zone; it wakes by itself.")
        with tag("div", classes="ok-buttons"):
            button("Snooze", kind="primary", data_act="close")
            button("Leave it", kind="quiet", data_act="close")
    with menu("style-menu", label="Sample menu"):
        item("Snooze for 1 hour", icon_name="clock")
        item("Reassign…", icon_name="person")
        tag("hr")
        item("Suppress for a day", icon_name="bell")
    ui.add_body_html(TOAST_SAMPLE)


def _colours(_: str, __: datetime) -> None:
    with tag("div", classes="ok-swatches"):
        for name in SURFACES:
            with tag("div", classes="ok-swatch"):
                tag("span").style(f"background: var(--ok-{name})")
                tag("code", name)
    for name in INKS:
        tag("p", f"{name}: what is said in this colour reads well on every surface").style(f"color: var(--ok-{name})")


def _type(_: str, __: datetime) -> None:
    for name in SIZES:
        with tag("p", classes="ok-style-line"):
            tag("code", name, classes="ok-faint")
            tag("span", "Disk 91 % full on db-1").style(f"font-size: var(--ok-text-{name}); line-height: 1.2")
    tag("code", "INC-4771 0O 1lI {} => 14:03:59")


def _severity(_: str, __: datetime) -> None:
    for solid, words in ((True, "needs a human"), (False, "someone has it")):
        with tag("div", classes="ok-buttons"):
            for severity in SEVERITIES:
                badge(severity, solid=solid)
            tag("span", words, classes="ok-faint")
    with tag("div", classes="ok-buttons"):
        label("P1")
        label("region: eu-west-1")


def _status(_: str, __: datetime) -> None:
    with tag("div", classes="ok-buttons"):
        for name in STATUSES:
            status(name)
    with tag("div", classes="ok-style-stack"):
        for kind, words in VERDICTS:
            verdict(words, kind)
    with checks():
        check("good", "Mail and push on Pixel 9 are proven.")
        check("warn", "No method was tried for 40 days.")
        check("bad", "No address wakes you: a page would go to the next step.")


def _buttons(_: str, __: datetime) -> None:
    for kind in ("primary", "plain", "quiet", "danger"):
        with tag("div", classes="ok-buttons"):
            button("Resolve", kind=kind, key="r")
            button("Hover", kind=kind, data_look="hover")
            button("Focus", kind=kind, data_look="focus")
            button("Busy", kind=kind, aria_busy="true")
            button("Not now", kind=kind, disabled=True)
            button("Small", kind=kind, small=True, icon="send")
    with tag("div", classes="ok-buttons"):
        keycap("j", "k")
        keycap("Mod", "K")
        keycap("Esc")


def _people(_: str, now: datetime) -> None:
    with tag("div", classes="ok-buttons"):
        person("Amira Khan")
        person("Wei Zhang", you=True)
        person(None)
    with tag("dl", classes="ok-facts"):
        for as_ in MOMENTS:
            tag("dt", as_)
            with tag("dd"):
                moment(now + timedelta(minutes=7) if as_ == "in" else now - timedelta(hours=6, minutes=13), as_)


def _figures(_: str, __: datetime) -> None:
    with stats():
        stat("4", "High, unacknowledged", kind="bad")
        stat("5h 39m", "Oldest unacknowledged", kind="warn")
        stat("38", "Acknowledged")


def _chart(_: str, __: datetime) -> None:
    bars([Bar(hour * 7 % 19, hour % 5 == 0) for hour in range(24)], label="A sample chart")


def _fields(theme: str, _: datetime) -> None:
    field(f"name-{theme}", "Name", value="Checkout", says="As people say it.")
    field(f"hover-{theme}", "Focused", value="Checkout", data_look="focus")
    field(f"error-{theme}", "Runbook", value="ftp://wiki", error="Only http and https addresses can be opened.")
    field(f"off-{theme}", "Not yours to change", value="Payments", disabled=True)
    field(f"long-{theme}", "Details", long=True, placeholder="What you see, and since when")
    select(f"urgency-{theme}", "Urgency", {"high": "High: page now", "low": "Low: it can wait"}, chosen="high")
    choice(f"theme-{theme}", {"a": "System", "b": "Dark", "c": "Light"}, chosen="b", label="Theme")
    switch(f"on-{theme}", "Single-key shortcuts", on=True)
    switch(f"off2-{theme}", "Sound", on=False)


def _rows(_: str, now: datetime) -> None:
    with rows("7rem minmax(0, 1fr) auto", ("Severity", "What", "Age"), what="Sample incidents"):
        for severity, words in zip(
            SEVERITIES, ("Login returns 503", "Replication lag", "Queue depth", "Nightly job"), strict=True
        ):
            with row():
                badge(severity, solid=severity != "error")
                tag("span", f"{words}: a sentence long enough to be cut off at the end of its column", classes="ok-cut")
                moment(now - timedelta(minutes=41), "span", classes="ok-faint")


def _timeline(_: str, now: datetime) -> None:
    with timeline():
        entry(now, "Amira Khan acknowledged it", mark="check", kind="good", more="from the mail’s link")
        entry(now - timedelta(seconds=40), "Mail to amira@example.com was accepted", mark="mail")
        entry(now - timedelta(minutes=1), "Push to Pixel 9 failed: the device is gone", mark="phone", kind="bad")
        entry(now - timedelta(minutes=2), "Opened by Prometheus Alertmanager", mark="bell")


def _copying(_: str, __: datetime) -> None:
    copybox('curl -d \'{"title": "Disk full"}\' http://localhost:8080/api/v1/events/k3y', what="the curl line")
    with empty("All is well", "Nothing is open. Send an event to see how it looks when it is not.", icon_name="check"):
        button("Send a test event", kind="primary", icon="send")


def _notes(_: str, __: datetime) -> None:
    note("A later edit does not disturb running incidents.", title="Good to know")
    note("Nobody on call from Friday 18:00; the safety net would page the managers.", kind="warn", title="A gap ahead")
    note("Not saved: the policy needs at least one step. What you wrote is kept.", kind="bad", title="Refused")
    note("The last test page was seen after 4 s.", kind="good", title="You can be reached")


def _icons(_: str, __: datetime) -> None:
    with tag("div", classes="ok-style-icons"):
        for path in sorted((DIRECTORY / "icons" / "ui").glob("*.svg")):
            with tag("span", title=path.stem):
                icon(path.stem)


def _edges(_: str, __: datetime) -> None:
    with tag("div", classes="ok-swatches"):
        for name in ("xs", "sm", "md", "lg", "full"):
            with tag("div", classes="ok-swatch"):
                tag("span").style(f"border-radius: var(--ok-radius-{name}); background: var(--ok-surface-3)")
                tag("code", name)
        for name in ("sm", "md", "lg"):
            with tag("div", classes="ok-swatch"):
                tag("span").style(f"box-shadow: var(--ok-shadow-{name}); background: var(--ok-surface)")
                tag("code", f"shadow {name}")


PARTS: dict[str, Callable[[str, datetime], None]] = {
    "Colour": _colours,
    "Type": _type,
    "Edges": _edges,
    "Severity": _severity,
    "Status, outcome": _status,
    "Buttons, keys": _buttons,
    "People, times": _people,
    "Figures": _figures,
    "Chart": _chart,
    "Fields": _fields,
    "Rows": _rows,
    "Timeline": _timeline,
    "Copy, empty": _copying,
    "Notes": _notes,
    "Icons": _icons,
}
