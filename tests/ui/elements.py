"""Elements without a browser: what a page is made of, what it says, and what of it is still the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from nicegui import Client, ui
from nicegui.events import GenericEventArguments


@asynccontextmanager
async def a_page() -> AsyncIterator[Client]:
    """Have elements be built into a page that nobody looks at."""
    client = Client(ui.page("/nowhere"), request=None)
    try:
        with client:
            yield client
    finally:
        client.delete()


def found(client: Client, **props: object) -> ui.element:
    """Return the element whose attributes are `props`."""
    wanted = {name.replace("_", "-"): value for name, value in props.items()}
    (one,) = [each for each in client.elements.values() if wanted.items() <= each.props.items()]
    return one


def words(element: ui.element) -> str:
    """Return all that is said in an element."""
    return "".join(one._text or "" for one in element.descendants(include_self=True))


async def fire(element: ui.element, event: str, *args: Any) -> None:
    """Have a browser tell that `event` happened to an element, and wait until it is dealt with."""
    told = [GenericEventArguments(sender=element, client=element.client, args=one) for one in args]
    for listener in list(element._event_listeners.values()):
        if listener.type == event and listener.handler is not None:
            dealt_with: Any = listener.handler(*told)
            if dealt_with is not None:
                await dealt_with
