"""Close the pages of a session that has ended: their sockets would otherwise go on telling what happens.

Pages of a person whose role has changed are read again: they offer what it allowed before.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from nicegui import background_tasks
from nicegui.client import Client

from opsknight.domain.commands.sessions import session_subject
from opsknight.domain.model.ledger import Fact
from opsknight.domain.queries.feed import Entry

GOODBYE: Final = "location.assign('/sign-in')"
ANEW: Final = "location.reload()"
HEARD_WITHIN_S: Final = 0.3
"""How long a page has to hear it before it is closed all the same."""

_LAST_WORDS: Final[Mapping[str, str]] = {Fact.SIGNED_OUT: GOODBYE, Fact.ROLE_CHANGED: ANEW}
_pages: defaultdict[str, dict[str, Client]] = defaultdict(dict)


def remember(client: Client, session_id: bytes, user_id: int) -> None:
    """Note that `client` shows a page of the session of a person, for as long as the page lives."""
    for subject in (session_subject(session_id), f"user:{user_id}"):
        _pages[subject][client.id] = client
        client.on_delete(partial(_forget, subject, client.id))


def heed(entries: Sequence[Entry]) -> None:
    """Take note of new facts: the pages of whoever was signed out are closed, in whichever process they were opened."""
    for entry in entries:
        if (last_words := _LAST_WORDS.get(entry.kind)) is not None:
            for client in list(_pages.get(entry.subject, {}).values()):
                background_tasks.create(_close(client, last_words), name="close a page of an ended session")


async def _close(client: Client, last_words: str) -> None:
    client.run_javascript(last_words)
    await asyncio.sleep(HEARD_WITHIN_S)
    if not client.is_deleted:
        client.delete()


def _forget(subject: str, client_id: str) -> None:
    _pages[subject].pop(client_id, None)
    if not _pages[subject]:
        del _pages[subject]
