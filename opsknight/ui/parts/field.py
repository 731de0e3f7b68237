"""Fields with their label, help and error; and two ways to choose without a list."""

from __future__ import annotations

from collections.abc import Mapping

from nicegui import ui

from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag


def field(
    name: str, label: str, *, says: str = "", error: str = "", long: bool = False, text: str = "", **attributes: object
) -> ui.element:
    """Show a text field and return its input. `name` is its id; `attributes` go to the input.

    One that is `long` begins with `text`, another with the attribute `value`.
    """
    with tag("div", classes="ok-field"):
        tag("label", label, for_=name)
        described = " ".join(part for part, there in ((f"{name}-says", says), (f"{name}-error", error)) if there)
        kind = {} if long else {"type": "text"}
        control = tag(
            "textarea" if long else "input",
            text,
            classes="ok-input",
            id=name,
            name=name,
            aria_describedby=described or None,
            aria_invalid="true" if error else None,
            **{**kind, **attributes},
        )
        _words(name, says, error)
    return control


def select(name: str, label: str, options: Mapping[str, str], *, chosen: str = "", says: str = "") -> ui.element:
    """Show a field that offers `options` (value → words) and return it."""
    with tag("div", classes="ok-field"):
        tag("label", label, for_=name)
        with tag("select", classes="ok-select", id=name, name=name) as control:
            for value, words in options.items():
                tag("option", words, value=value, selected=True if value == chosen else None)
        _words(name, says, "")
    return control


def offer(control: ui.element, options: Mapping[str, str]) -> None:
    """Have a field of `select` offer `options`; what is chosen in it stays chosen for as long as it is offered."""
    there = {str(option.props["value"]): option for option in control.default_slot.children}
    for value in there.keys() - options.keys():
        there.pop(value).delete()
    for place, (value, words) in enumerate(options.items()):
        if value not in there:
            with control:
                there[value] = tag("option", words, value=value)
            there[value].move(control, target_index=place)
        elif there[value]._text != words:  # noqa: SLF001  # the text node that `tag` sets
            there[value]._text = words  # noqa: SLF001
            there[value].update()


def choice(
    name: str, options: Mapping[str, str], *, chosen: str, label: str, icons: Mapping[str, str] | None = None
) -> ui.element:
    """Show a few exclusive `options` (value → words) side by side, as radio buttons named `name`."""
    with tag("div", classes="ok-choice", role="radiogroup", aria_label=label) as group:
        for value, words in options.items():
            with tag("label"):
                tag("input", type="radio", name=name, value=value, checked=True if value == chosen else None)
                if icons:
                    icon(icons[value])
                tag("span", words)
    return group


def switch(name: str, label: str, *, on: bool) -> ui.element:
    """Show something that is on or off and return its checkbox."""
    with tag("label", classes="ok-switch"):
        control = tag("input", type="checkbox", role="switch", id=name, checked=True if on else None)
        tag("span", label)
    return control


def _words(name: str, says: str, error: str) -> None:
    if says:
        tag("small", says, id=f"{name}-says")
    if error:
        tag("small", error, classes="ok-error", id=f"{name}-error", role="alert")
