"""/fairness: what being on call costs each person, and how evenly it is shared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from nicegui import ui

from opsknight.domain.model.ledger import span
from opsknight.domain.model.period import BadPeriod
from opsknight.domain.queries.fairness import Fairness, LoadLine, RotaLine
from opsknight.errors import NotFound
from opsknight.ui.assets import asset
from opsknight.ui.frame import frame
from opsknight.ui.pages import page
from opsknight.ui.parts.button import button
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.field import field, select
from opsknight.ui.parts.note import note
from opsknight.ui.parts.person import person
from opsknight.ui.parts.section import heading, section
from opsknight.ui.parts.tag import tag
from opsknight.ui.pay import SCRIPT, Pay, PayOf, build_dialogs
from opsknight.ui.reading import read_fairness, read_pay, read_people_names, read_schedule_names
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/fairness"
STYLES: Final = "fairness.css"
QUARTER: Final = timedelta(weeks=13)
_DAY: Final = timedelta(days=1)
_HOUR_S: Final = 3600
_TOO_LONG: Final = 19
"""Digits that no schedule's number has."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is asked for: a schedule or all of them, and the first and the last day."""

    schedule: str
    first: date
    last: date

    def address(self, **change: str) -> str:
        """Return where the page shows this, but for `change`."""
        said = {"schedule": self.schedule, "first": self.first.isoformat(), "last": self.last.isoformat(), **change}
        return f"{PATH}?{urlencode({name: value for name, value in said.items() if value})}"


@dataclass(frozen=True, slots=True)
class Pays:
    """What schedules pay, by number, who can be paid (id → name), and how the pay of one is read again."""

    now: Mapping[int, Pay]
    people: Mapping[str, str]
    read: Callable[[int], Awaitable[Pay]] | None = None


def mount(deps: Deps) -> None:
    """Serve the page at /fairness."""

    @page(PATH, title="Fairness")
    async def fairness_page() -> None:
        viewer = await signed_in(deps)
        today = deps.clock.now().date()
        asked, refusal = asked_for(ui.context.client.request.query_params, today=today)
        report: Fairness | None = None
        if not refusal:
            try:
                report = await _read(deps, asked)
            except (BadPeriod, NotFound) as wrong:
                refusal = str(wrong)

        async def read(schedule_id: int) -> Pay:
            await still_signed_in(deps)
            return await read_pay(deps, viewer.id, schedule_id)

        numbers = [rota["id"] for rota in report["schedules"]] if report else []
        pays = Pays(
            {number: await read_pay(deps, viewer.id, number) for number in numbers}, await read_people_names(deps), read
        )
        names = await read_schedule_names(deps)
        ui.add_head_html(head())
        with frame("Fairness", viewer):
            show(viewer, report, asked, schedules=names, today=today, refusal=refusal, pays=pays)


async def _read(deps: Deps, asked: Asked) -> Fairness:
    schedule_id = int(asked.schedule) if asked.schedule else None
    until = (asked.last + _DAY).isoformat()
    return await read_fairness(deps, schedule_id=schedule_id, since=asked.first.isoformat(), until=until)


def head() -> str:
    """Return what stands in the head of the page besides."""
    return f'<link rel="stylesheet" href="{asset(STYLES)}"><script defer src="{asset(SCRIPT)}"></script>'


def asked_for(said: Mapping[str, str], *, today: date) -> tuple[Asked, str]:
    """Return what an address asks for, this month where it says nothing, and why it cannot be had, if it cannot."""
    first, last = _month(today)
    schedule = said.get("schedule", "")
    if schedule and not (schedule.isascii() and schedule.isdigit() and len(schedule) < _TOO_LONG):
        return Asked("", first, last), "There is no such schedule; choose one from the list."
    try:
        since = date.fromisoformat(said["first"]) if said.get("first") else first
        until = date.fromisoformat(said["last"]) if said.get("last") else last
    except ValueError:
        return Asked(schedule, first, last), "These are no days; write them like 2026-11-24."
    return Asked(schedule, since, until), ""


def show(
    viewer: Viewer,
    report: Fairness | None,
    asked: Asked,
    *,
    schedules: Mapping[str, str],
    today: date,
    refusal: str = "",
    pays: Pays,
) -> None:
    """Build the page; without a report, `refusal` says why there is none."""
    with heading("Fairness", "What being on call costs each person: hours, nights, interruptions and broken sleep."):
        pass
    _choose(asked, schedules, today)
    if refusal:
        note(refusal, kind="warn")
    if report is None:
        return
    if not report["schedules"]:
        _teach()
        return
    if len(report["schedules"]) > 1:
        with section("Everybody", "Over all schedules; whatever paged them counts, also while they were not on call."):
            _table(report["people"], viewer)
    for rota in report["schedules"]:
        _rota(rota, asked, viewer, pays, today)
    _explain()
    if any(pay.may_change for pay in pays.now.values()):
        build_dialogs(pays.people)


def _choose(asked: Asked, schedules: Mapping[str, str], today: date) -> None:
    this = _month(today)
    before = _month(this[0] - _DAY)
    presets = {
        "This month": this,
        "Last month": before,
        "Last 13 weeks": (today - QUARTER, today - _DAY),
        "Next 13 weeks": (today, today + QUARTER - _DAY),
    }
    with tag("nav", classes="ok-fair-presets", aria_label="Period"):
        for words, (first, last) in presets.items():
            here = "page" if (first, last) == (asked.first, asked.last) else None
            href = asked.address(first=first.isoformat(), last=last.isoformat())
            tag("a", words, classes="ok-fair-preset", href=href, aria_current=here)
    with tag("form", classes="ok-fair-form", method="get", action=PATH):
        select("schedule", "Schedule", {"": "All schedules", **schedules}, chosen=asked.schedule)
        field("first", "First day", type="date", value=asked.first.isoformat())
        field("last", "Last day", type="date", value=asked.last.isoformat())
        tag("button", "Show", classes="ok-button ok-button-plain", type="submit")


def _teach() -> None:
    says = "Once people take turns, this page tells how many hours, nights and interruptions each of them carries."
    with empty("There is no schedule yet", says, icon_name="team"):
        pass


def _rota(rota: RotaLine, asked: Asked, viewer: Viewer, pays: Pays, today: date) -> None:
    score = rota["balance"]
    with section(rota["name"], anchor=f"schedule-{rota['id']}"):
        with tag("div", classes="ok-fair-head"):
            with tag("p", classes="ok-fair-score"):
                if score is None:
                    tag("span", f"{rota['words'][0].upper()}{rota['words'][1:]}.", classes="ok-muted")
                else:
                    tag("span", "Balance", classes="ok-muted")
                    tag("b", str(score), classes="ok-tab")
                    tag("span", f"of 100: {rota['words']}", classes="ok-muted")
                    tag("meter", classes="ok-fair-meter", min=0, max=100, value=score, aria_label="Balance")
            until = (asked.last + _DAY).isoformat()
            query = urlencode({"from": asked.first.isoformat(), "to": until})
            href = f"/api/v1/schedules/{rota['id']}/pay.csv?{query}"
            named = f"Download pay of {rota['name']} as CSV"
            button("Download pay (CSV)", kind="quiet", small=True, icon="out", href=href, aria_label=named, download="")
        _table(rota["people"], viewer)
        if pay := pays.now.get(rota["id"]):
            PayOf(rota["id"], rota["name"], pay, today=today, read=pays.read)


@dataclass(frozen=True, slots=True)
class _Column:
    """One figure of everybody: its name, how much it is, in words, and what goes with it, smaller."""

    name: str
    much: Callable[[LoadLine], int]
    words: Callable[[LoadLine], str]
    more: Callable[[LoadLine], str] = lambda _: ""
    kind: str = ""


def _hours(seconds: int) -> str:
    hours = seconds / _HOUR_S
    return f"{hours:.0f} h" if hours >= 10 or seconds % _HOUR_S == 0 else f"{hours:.1f} h"


def _nights(count: int) -> str:
    return "1 night" if count == 1 else f"{count} nights"


def _sleep(line: LoadLine) -> str:
    minutes = round(line["sleep_lost_s"] / 60)
    return f"{span(60 * minutes)} awake" if line["nights_broken"] else ""


def _by_night(line: LoadLine) -> str:
    parts = ((line["by_night"], "by night"), (line["off_hours"], "off hours"))
    return ", ".join(f"{count} {words}" for count, words in parts if count)


def _run(line: LoadLine) -> str:
    return f"{line['longest_run']} in a row" if line["longest_run"] > 1 else ""


COLUMNS: Final = (
    _Column("On call", lambda line: line["on_call_s"], lambda line: _hours(line["on_call_s"])),
    _Column("By night", lambda line: line["night_s"], lambda line: _hours(line["night_s"]), _run, kind="night"),
    _Column("Weekend", lambda line: line["weekend_s"], lambda line: _hours(line["weekend_s"]), kind="weekend"),
    _Column("Holiday", lambda line: line["holiday_s"], lambda line: _hours(line["holiday_s"]), kind="holiday"),
    _Column(
        "Interruptions", lambda line: line["interruptions"], lambda line: str(line["interruptions"]), _by_night,
        kind="calls",
    ),
    _Column(
        "Broken sleep", lambda line: line["nights_broken"], lambda line: _nights(line["nights_broken"]), _sleep,
        kind="sleep",
    ),
)  # fmt: skip


def _table(lines: Sequence[LoadLine], viewer: Viewer) -> None:
    most = [max((column.much(line) for line in lines), default=0) for column in COLUMNS]
    with tag("table", classes="ok-fair"):
        with tag("thead"), tag("tr"):
            tag("th", "Person", scope="col")
            for column in COLUMNS:
                tag("th", column.name, scope="col")
        with tag("tbody"):
            for line in lines:
                with tag("tr"):
                    with tag("th", scope="row"):
                        person(line["user"], you=line["user_id"] == viewer.id)
                    for column, top in zip(COLUMNS, most, strict=True):
                        _cell(column, line, top)


def _cell(column: _Column, line: LoadLine, top: int) -> None:
    much, more = column.much(line), column.more(line)
    with tag("td", data_name=column.name, data_kind=column.kind or None, data_none=None if much else "true"):
        tag("span", column.words(line) if much else "–", classes="ok-tab")
        with tag("span", classes="ok-fair-bar", aria_hidden="true") as bar:
            bar.style(f"--ok-part: {100 * much / top if top else 0:.1f}%")
        if more:
            tag("small", more)


def _explain() -> None:
    with tag("details", classes="ok-more"):
        tag("summary", "How this is counted")
        with tag("dl", classes="ok-facts"):
            for name, says in _COUNTED.items():
                tag("dt", name)
                tag("dd", says)


_COUNTED: Final = {
    "Hours": "By the clock of each person's own zone: night is 22:00 to 07:00, the weekend that of the schedule's"
    " country, else Saturday and Sunday. A night in which the clocks change has the hours it has."
    " Shadows do not count.",
    "Interruptions": "Incidents that paged somebody, once each, by the first page: by night, in off hours (weekend,"
    " holiday, before 09:00 or after 17:00) or by day.",
    "Broken sleep": "Nights (23:00 to 07:00) with at least one page; awake from the page until half an hour after the"
    " acknowledge, two hours a page at most.",
    "In a row": "Nights on call without a free one between.",
    "Balance": "100 when all carry the same, 0 when one carries everything. An hour weighs 1, on a weekend 1.5, by"
    " night or on a holiday 2. It is 100 × (1 − the sum of all differences between two people ÷ (people − 1) ÷ the sum"
    " of all hours). Look at whole rounds of a rotation: half a round is never even.",
}


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - _DAY
