"""One plain HTML element: what every other part is made of."""

from __future__ import annotations

from nicegui import ui


def tag(name: str, text: str = "", /, *, classes: str = "", **attributes: object) -> ui.element:
    """Return the HTML element `name` with `text` inside, to be used as a context for what it holds.

    `attributes` are HTML attributes with underscores for hyphens (`aria_label`, `data_copy`) and a trailing
    underscore for Python's own words (`for_`); None leaves one out. Text and values are never read as HTML.
    What an input begins with is its attribute `value`: as a property it would be written again whenever anything
    on the page changes, over what a person has typed meanwhile.
    """
    element = ui.element(name)
    if text:
        element._text = text  # noqa: SLF001  the text node that ui.label sets, for any element
    if classes:
        element.classes(classes)
    for key, value in attributes.items():
        if value is not None:
            attribute = key.rstrip("_").replace("_", "-")
            element.props["^value" if (name, attribute) == ("input", "value") else attribute] = value
    return element
