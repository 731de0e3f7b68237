"""How a person is reached: contact methods with what can be done to each, and their notification rules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from nicegui import ui

from opsknight.domain.model.channel import ChannelKind, face
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import span
from opsknight.domain.model.liveness import SILENT_AFTER
from opsknight.domain.model.paging import ContactMethod, Rule, plan
from opsknight.domain.model.window import WINDOW
from opsknight.domain.queries.contact_methods import ContactMethodLine, OwnRuleLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import field, select
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.menu import item, menu
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.note import note
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict

ADD: Final = "ok-method-add"
CODE: Final = "ok-method-code"
NAME: Final = "ok-method-name"
RULE: Final = "ok-rule-add"
URL: Final = "/api/v1/me/contact-methods"
_DELAYS: Final[Mapping[str, str]] = {
    "0": "at once", "60": "after 1 min", "120": "after 2 min", "180": "after 3 min", "300": "after 5 min",
    "600": "after 10 min", "900": "after 15 min", "1800": "after 30 min", "3600": "after 1 h",
}  # fmt: skip
_WHEN: Final = {Urgency.HIGH: "High urgency", Urgency.LOW: "Low urgency"}
_AT: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Any instant: only spans from it are shown."""


def show_methods(methods: Sequence[ContactMethodLine], *, whose: str = "") -> None:
    """Build one row per contact method, or say that there is none; `whose` names somebody else than the reader."""
    works = any(_works(method) for method in methods)
    if not works and whose:
        note("None of these counts yet; everybody verifies their own.", title=f"Nobody can reach {whose}", kind="bad")
    elif not works:
        says = "Add a contact method, or turn push on below. It counts once it is verified."
        note(says, title="Nobody can reach you", kind="bad")
    with rows("1.25rem minmax(0, 1fr) 9rem 11.5rem 7.5rem", what="Contact methods"):
        for method in methods:
            _method(method, own=not whose)


def show_rules(methods: Sequence[ContactMethodLine], rules: Sequence[OwnRuleLine]) -> None:
    """Build the rules of each urgency, and say what they come to."""
    usable = [method for method in methods if _works(method)]
    for urgency, title in _WHEN.items():
        mine = [rule for rule in rules if rule["urgency"] == urgency]
        with tag("div", classes="ok-own-rules", data_urgency=urgency, data_rules=_plain(mine)):
            with tag("div", classes="ok-own-rules-head"):
                tag("h3", title)
                button("Add a rule", kind="quiet", small=True, icon="plus", data_act="rule-add", data_urgency=urgency,
                       data_title=title, hidden=not usable)  # fmt: skip
            _rules(mine, methods)
            tag("p", _sentence(methods, rules, urgency), classes="ok-muted")
            if urgency is Urgency.HIGH and usable and not any(face(one["channel"]).loud for one in usable):
                note(
                    "Mail and push do not wake a sleeper: add a number for calls or SMS, where they are set up, or be"
                    " alarmed by the native window.",
                    title="Nothing loud",
                    kind="warn",
                )


def build_dialogs(channels: Sequence[ChannelKind]) -> None:
    """Build what the buttons open: a new contact method, its code, and its name."""
    offered = [kind for kind in channels if kind.people and kind.by_hand]
    ready = {kind.slug: face(kind.slug).label for kind in offered if kind.ready}
    with dialog(ADD, "Add a contact method"):
        select("method-channel", "By", ready)
        field("method-address", "Address", says=" ", autocomplete="off", spellcheck="false", maxlength="2000")
        field("method-label", "Call it", says="How it is called here and in your rules; nothing: its address.",
              autocomplete="off", maxlength="80")  # fmt: skip
        words = {kind.slug: {"address": kind.address, "example": kind.example, "help": kind.help} for kind in offered}
        tag("div", id="method-words", hidden=True, data_words=json.dumps(words))
        _not_ready([kind for kind in offered if not kind.ready])
        _ending("method", "Send the code", "method-added")
    with dialog(CODE, "Type in the code"):
        tag("p", "", id="code-words", classes="ok-muted")
        field("code", "Code", autocomplete="one-time-code", inputmode="numeric", maxlength="12")
        tag("p", classes="ok-error", id="code-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Verify", kind="primary", data_act="code-typed", id="code-save")
            button("Send another", kind="quiet", data_act="code-again")
    with dialog(NAME, "Name this contact method"):
        field("method-name", "Call it", says="Nothing: it goes by its address.", autocomplete="off", maxlength="80")
        _ending("name", "Save", "method-named")


def build_rule_dialog() -> ui.element:
    """Build what adds a rule, and return the field that offers the contact methods that count: `named`."""
    with dialog(RULE, "Add a rule"):
        by = select("rule-method", "Page me by", {})
        select("rule-delay", "When", _DELAYS)
        _ending("rule", "Add", "rule-added")
    return by


def _ending(name: str, words: str, act: str) -> None:
    tag("p", classes="ok-error", id=f"{name}-error", role="alert")
    with tag("div", classes="ok-buttons"):
        button(words, kind="primary", data_act=act, id=f"{name}-save")
        button("Cancel", kind="quiet", data_act="close")


def _not_ready(kinds: Sequence[ChannelKind]) -> None:
    if not kinds:
        return
    with tag("details", classes="ok-more"):
        with tag("summary"):
            tag("span", "Not set up on this installation")
        with tag("ul", classes="ok-list"):
            for kind in kinds:
                tag("li", f"{face(kind.slug).label}: {kind.not_ready}", classes="ok-muted")


def _method(method: ContactMethodLine, *, own: bool) -> None:
    its = face(method["channel"])
    with row(classes="ok-method"):
        icon(its.icon, classes="ok-faint")
        with tag("div"):
            tag("span", method["label"], classes="ok-cut")
            tag("span", f" {its.label}", classes="ok-faint")
        _state(method)
        with tag("span", classes="ok-faint"):
            if method["open"]:
                tag("span", "open now")
            elif _works(method) and method["channel"] == WINDOW and method["heard_at"] is not None:
                tag("span", "last open ")
                moment(method["heard_at"], "ago")
            elif _works(method) and method["silent"] and method["heard_at"] is not None:
                tag("span", "not heard since ")
                moment(method["heard_at"], "day")
            elif method["last_proof_at"] is None:
                tag("span", "never proven to arrive")
            else:
                tag("span", "arrived ")
                moment(method["last_proof_at"], "ago")
        with tag("div", classes="ok-buttons"):
            if own:
                _deeds(method)


def _deeds(method: ContactMethodLine) -> None:
    name, more, url = method["label"], f"method-{method['id']}", f"{URL}/{method['id']}"
    by_hand = method["channel"] not in ("push", WINDOW)
    if not _works(method) and by_hand:
        fresh = method["verified_at"] is None and method["disabled_at"] is None
        button("Verify", small=True, data_act="method-verify", data_url=url, data_name=name, data_sent=fresh)
    with tag("button", classes="ok-tool", type="button", popovertarget=more, aria_label=f"Change {name}"):
        icon("more")
    with menu(more, label=name):
        if _works(method):
            item("Test this one", icon_name="bell", data_act="method-do", data_method="POST", data_url=f"{url}/test")
        item("Name it", icon_name="edit", data_act="method-name", data_url=url, data_name=name if by_hand else "")
        if method["channel"] != "push" or not _works(method):
            item("Remove", icon_name="close", data_act="method-do", data_method="DELETE", data_url=url)


def _rules(rules: Sequence[OwnRuleLine], methods: Sequence[ContactMethodLine]) -> None:
    if not rules:
        return
    names = {method["id"]: method for method in methods}
    with tag("ul", classes="ok-own-rule-list"):
        for place, rule in enumerate(rules):
            method = names.get(rule["contact_method_id"])
            words = (
                f"{method['label']} ({face(method['channel']).label})" if method else "a contact method that is gone"
            )
            with tag("li"):
                tag("span", _after(rule["delay_s"]), classes="ok-own-rule-when")
                tag("span", words, classes="ok-cut")
                if method is None or not _works(method):
                    verdict("Does not count now", "warn")
                with tag("button", classes="ok-tool", type="button", data_act="rule-remove", data_place=str(place),
                         aria_label=f"Remove the rule {_after(rule['delay_s'])} {words}"):  # fmt: skip
                    icon("close")


def _sentence(methods: Sequence[ContactMethodLine], rules: Sequence[OwnRuleLine], urgency: Urgency) -> str:
    """Return what a page of `urgency` comes to, by the same function that pages."""
    known = [
        ContactMethod(
            one["id"], one["channel"], verified=one["verified_at"] is not None, disabled=_is_off(one),
            heard_at=_AT - SILENT_AFTER if one["silent"] else None,
        )
        for one in methods
    ]  # fmt: skip
    wishes = [
        Rule(Urgency(one["urgency"]), one["contact_method_id"], timedelta(seconds=one["delay_s"])) for one in rules
    ]
    planned = plan(known, wishes, urgency=urgency, at=_AT)
    if not planned.reaches:
        return f"No page reaches you: {planned.reason}."
    labels = {one["id"]: one["label"] for one in methods}
    parts = [
        f"{_after((one.due_at - _AT).total_seconds())} {labels[one.contact_method_id]}" for one in planned.notifications
    ]
    why = "" if any(one["urgency"] == urgency for one in rules) else "Without rules: "
    said = f"{why}{', then '.join(parts)}."
    return said[:1].upper() + said[1:]


def _after(seconds: float) -> str:
    return f"after {span(seconds)}" if seconds else "at once"


def _plain(rules: Sequence[OwnRuleLine]) -> str:
    return json.dumps([{"contact_method_id": one["contact_method_id"], "delay_s": one["delay_s"]} for one in rules])


def named(methods: Sequence[ContactMethodLine]) -> Mapping[str, str]:
    """Return the contact methods that count, in words by their ids."""
    return {str(one["id"]): f"{one['label']} ({face(one['channel']).label})" for one in methods if _works(one)}


def _state(method: ContactMethodLine) -> None:
    if _is_off(method):
        verdict(f"Off: {method['disabled_reason'] or 'switched off'}", "bad")
    elif method["verified_at"] is None:
        verdict("Not verified", "warn")
    elif method["silent"]:
        verdict("No sign of life", "warn")
    else:
        verdict("Verified", "good")


def _is_off(method: ContactMethodLine) -> bool:
    return method["disabled_at"] is not None


def _works(method: ContactMethodLine) -> bool:
    return method["verified_at"] is not None and not _is_off(method)
