"""What a schedule pays, on the page of fairness: the rules from their days on, and what is paid once.

Everybody sees the rules, and what they are paid once themselves; who manages the team sees and changes all.
assets/pay.js fills in the dialogs and sends what they hold.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from nicegui import ui

from opsknight.domain.commands.pay import ALWAYS
from opsknight.domain.model.pay import Combine
from opsknight.domain.queries.pay import OneOffLine, RulesLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import field, select
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.tag import tag
from opsknight.ui.turns import in_turn

SCRIPT: Final = "pay.js"
RULES: Final = "ok-pay-rules"
ONCE: Final = "ok-pay-once"
COMBINES: Final[Mapping[str, str]] = {
    Combine.HIGHEST.value: "the highest counts",
    Combine.ADD.value: "all that they add does",
}
_ONE: Final = "1.00"
_NOTHING: Final = "0.00"


@dataclass(frozen=True, slots=True)
class Pay:
    """What a schedule pays as its reader may see it: the newest rules first, and what is paid once."""

    rules: Sequence[RulesLine]
    one_offs: Sequence[OneOffLine]
    may_change: bool


class PayOf:
    """What one schedule pays, folded; its place hears `changed` when the browser has changed it."""

    def __init__(
        self, schedule_id: int, name: str, pay: Pay, *, today: date, read: Callable[[int], Awaitable[Pay]] | None
    ) -> None:
        """Build it; `read` reads it again."""
        self._id, self._name, self._today = schedule_id, name, today
        with tag("details", classes="ok-more ok-pay"):
            tag("summary", "What it pays", aria_label=f"What {name} pays")
            place = tag("div", id=f"ok-pay-{schedule_id}", classes="ok-pay-body")
            self._fill(place, pay)

        @in_turn
        async def again() -> None:
            if read is not None:
                self._fill(place, await read(schedule_id))

        place.on("changed", again, args=[])

    def _fill(self, place: ui.element, pay: Pay) -> None:
        place.clear()
        with place:
            self._rules(pay)
            self._once(pay)

    def _rules(self, pay: Pay) -> None:
        counts = next((one for one in pay.rules if one["valid_from"] <= self._today.isoformat()), None)
        if not pay.rules:
            tag("p", "It pays nothing yet: nobody has said what an hour is worth.", classes="ok-muted")
        else:
            with rows("minmax(0, 12rem) minmax(0, 1fr) auto", what=f"What {self._name} pays"):
                for rules in pay.rules:
                    self._line(rules, counts=rules is counts, may_change=pay.may_change)
        if pay.may_change:
            like = counts or (pay.rules[0] if pay.rules else None)
            with tag("div", classes="ok-buttons ok-after"):
                words = "Change what it pays" if like else "Say what it pays"
                self._opens(words, {**like, "valid_from": ""} if like else None, icon="plus")

    def _line(self, rules: RulesLine, *, counts: bool, may_change: bool) -> None:
        with row(classes="ok-pay-line"):
            with tag("div"):
                tag("b" if counts else "span", since(rules["valid_from"]))
                tag("div", "counts now" if counts else _when(rules, self._today), classes="ok-faint")
            tag("div", worth(rules), classes="ok-pay-worth")
            if may_change:
                self._opens("Correct", rules, label=f"Correct what {self._name} pays {since(rules['valid_from'])}")

    def _opens(self, words: str, rules: Mapping[str, object] | None, *, icon: str = "", label: str = "") -> None:
        button(
            words,
            kind="plain" if icon else "quiet",
            small=not icon,
            icon=icon,
            data_act="pay-rules",
            data_dialog=RULES,
            data_schedule=self._id,
            data_name=self._name,
            data_rules=json.dumps(rules or {}),
            aria_label=label or None,
        )

    def _once(self, pay: Pay) -> None:
        if not pay.one_offs and not pay.may_change:
            return
        tag("h3", "Paid once")
        if not pay.one_offs:
            tag("p", "Nothing.", classes="ok-muted")
        else:
            with rows("6.5rem minmax(0, 12rem) 6rem minmax(0, 1fr) auto", what=f"Paid once by {self._name}"):
                for one in pay.one_offs:
                    self._one_off(one, may_change=pay.may_change)
        if pay.may_change:
            with tag("div", classes="ok-buttons ok-after"):
                button(
                    "Pay something once",
                    icon="plus",
                    data_act="pay-once",
                    data_dialog=ONCE,
                    data_schedule=self._id,
                    data_name=self._name,
                    data_day=self._today.isoformat(),
                )

    def _one_off(self, one: OneOffLine, *, may_change: bool) -> None:
        with row(classes="ok-pay-once"):
            tag("span", one["day"], classes="ok-tab")
            tag("span", one["user"], classes="ok-cut")
            tag("span", one["amount"], classes="ok-tab ok-pay-amount")
            tag("span", one["reason"], classes="ok-muted ok-pay-reason")
            if may_change:
                button(
                    "Take back",
                    kind="quiet",
                    small=True,
                    data_act="pay-back",
                    data_schedule=self._id,
                    data_url=f"/api/v1/schedules/{self._id}/pay/one-offs/{one['id']}",
                    data_again=json.dumps({name: one[name] for name in ("user_id", "day", "amount", "reason")}),
                    aria_label=f"Take back {one['amount']} for {one['user']}, {one['day']}",
                )


def since(day: str) -> str:
    """Return from when rules hold."""
    return "always" if day == ALWAYS.isoformat() else f"from {day} on"


def worth(rules: RulesLine) -> str:
    """Return what rules pay, in a sentence: `10.00 EUR an hour; by night 1.5 times, …`."""
    currency = rules["currency"]
    parts = [f"{rules['hour']} {currency} an hour"]
    kinds = (("by night", rules["night"]), ("on weekends", rules["weekend"]), ("on holidays", rules["holiday"]))
    weights = [f"{words} {float(weight):g} times that" for words, weight in kinds if weight != _ONE]
    if weights:
        parts.append(", ".join(weights) + (f" ({COMBINES[rules['combine']]})" if len(weights) > 1 else ""))
    if rules["interruption"] != _NOTHING:
        parts.append(f"{rules['interruption']} {currency} for each interruption")
    if rules["minimum"] != _NOTHING:
        parts.append(f"{rules['minimum']} {currency} a shift at least")
    if many := len(rules["holidays"]):
        parts.append("one holiday of its own" if many == 1 else f"{many} holidays of its own")
    return "; ".join(parts) + "."


def build_dialogs(people: Mapping[str, str]) -> None:
    """Build both dialogs, closed; `people` (id → name) are those who can be paid."""
    with dialog(RULES, "What it pays"), tag("form", classes="ok-form", id="ok-pay-form", novalidate=True):
        with tag("div", classes="ok-pay-two"):
            field("pay-hour", "An hour", inputmode="decimal", placeholder="10.00", autocomplete="off")
            field("pay-currency", "Currency", maxlength="12", autocomplete="off")
        with tag("fieldset", classes="ok-pay-weights"):
            tag("legend", "An hour counts as so many plain hours")
            for name, words in (("night", "By night"), ("weekend", "Weekend"), ("holiday", "Holiday")):
                field(f"pay-{name}", words, inputmode="decimal", autocomplete="off")
        select("pay-combine", "Where several of these apply", COMBINES)
        with tag("div", classes="ok-pay-two"):
            field("pay-interruption", "Each interruption", inputmode="decimal", autocomplete="off")
            field("pay-minimum", "A shift at least", inputmode="decimal", autocomplete="off")
        says = "The days that are paid as holidays, one a line, as 2026-12-24."
        field("pay-holidays", "Holidays", says=says, long=True, rows=2, spellcheck="false")
        says = "What was paid for the days before stays as it was. Empty: from today on, the first rules always."
        field("pay-since", "From this day on", says=says, type="date")
        _end("ok-pay-error", "Save")
    with dialog(ONCE, "Pay something once"), tag("form", classes="ok-form", id="ok-once-form", novalidate=True):
        select("once-user", "Who", people)
        with tag("div", classes="ok-pay-two"):
            field("once-amount", "How much", inputmode="decimal", placeholder="50.00", autocomplete="off")
            field("once-day", "Day", type="date")
        field("once-reason", "What for", maxlength="200", autocomplete="off", says="It stands in the report.")
        _end("ok-once-error", "Pay it")


def _end(error: str, words: str) -> None:
    tag("p", classes="ok-error", id=error, role="alert")
    with tag("div", classes="ok-buttons"):
        tag("button", words, classes="ok-button ok-button-primary", type="submit")
        button("Cancel", kind="quiet", data_act="close")


def _when(rules: RulesLine, today: date) -> str:
    return "to come" if rules["valid_from"] > today.isoformat() else "before"
