"""The raw body of a delivery, in a dialog: as it was received, only easier to read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from opsknight.domain.model.event import Malformed
from opsknight.domain.model.mail import read_mail
from opsknight.domain.queries.deliveries import StoredDelivery
from opsknight.errors import Refusal
from opsknight.ui.parts.copybox import copy_button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.note import note
from opsknight.ui.parts.tag import tag

DIALOG: Final = "ok-raw"
MAIL: Final = "message/rfc822"
"""The content type of a raw mail, which is shown as it is read."""
SHOWN: Final = 65_536
"""Bytes of a body that are shown; the whole is there to download."""
_DEEPEST: Final = 20
"""Levels that are indented; what lies deeper stands where these do."""


class Body:
    """The dialog; a button with `data_act="dialog", data_dialog=DIALOG` opens it, `show` fills it."""

    def __init__(self, read: Callable[[str], Awaitable[StoredDelivery]]) -> None:
        """Build it empty; `read` gives the delivery of an id."""
        self._read = read
        self._wanted = ""
        with dialog(DIALOG, "Raw body") as self._place:
            pass
        self._place.parent_slot.parent.classes("ok-dialog-wide")  # type: ignore[union-attr]  # it has just got one

    async def show(self, delivery_id: str) -> None:
        """Read a body and show it, or why it cannot be shown; of several that are read at once the last wanted."""
        self._wanted = delivery_id
        self._place.clear()
        with self._place:
            tag("p", "Reading…", classes="ok-muted")
        found: StoredDelivery | Refusal
        try:
            found = await self._read(delivery_id)
        except Refusal as refusal:
            found = refusal
        if delivery_id != self._wanted:
            return
        self._place.clear()
        with self._place:
            note(found.sentence, kind="bad") if isinstance(found, Refusal) else _show(found)


def _show(found: StoredDelivery) -> None:
    text = readable_mail(found.body) if found.content_type.startswith(MAIL) else readable(found.body)
    if found.reason:
        note(found.reason, title="Why it was refused", kind="bad" if found.status == "rejected" else "warn")
    with tag("p", classes="ok-alert-line ok-muted"):
        with tag("span"):
            tag("span", "received ")
            moment(found.received_at, "seconds")
        tag("span", size(len(found.body)))
        if found.content_type:
            tag("span", found.content_type, classes="ok-mono")
        address = f"/api/v1/integrations/{found.integration_id}/deliveries/{found.id}/body"
        tag("a", "Download as received", href=address, download=f"{found.id}.body")
    if not found.body:
        tag("p", "It is empty.", classes="ok-muted")
        return
    with tag("div", classes="ok-copybox ok-raw-text"):
        tag("code", text, tabindex="0")
        copy_button(text, what="the body")
    if len(found.body) > SHOWN:
        tag("p", f"Only the first {size(SHOWN)} are shown; download it to see the rest.", classes="ok-muted")


def readable(body: bytes) -> str:
    """Return the first SHOWN bytes of `body` as text, with lines and indents where it looks like JSON.

    Every character stays as it was sent: numbers, order, names that stand twice.
    """
    text = body[:SHOWN].decode("utf-8", errors="replace").removeprefix("\ufeff").replace("\x00", "\ufffd")
    return _indented(text) if text.lstrip()[:1] in ("{", "[") else text


def readable_mail(body: bytes) -> str:
    """Return a raw mail as a person reads it: its headers that matter, then its text; the bytes where it is none."""
    try:
        mail = read_mail(body)
    except Malformed:
        return readable(body)
    said = [("From", " ".join(filter(None, (mail.sender_name, f"<{mail.sender}>"))))]
    said += [(name, mail.headers.get(name.lower(), "")) for name in ("To", "Date", "Subject", "Message-ID")]
    said += [("Attached", ", ".join(mail.attachments))]
    return "\n".join(f"{name}: {value}" for name, value in said if value) + f"\n\n{mail.text}"


def size(count: int) -> str:
    """Return a number of bytes as people say it: `812 B`, `4.1 kB`, `1.2 MB`."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _indented(text: str) -> str:
    out: list[str] = []
    depth, in_text, escaped, opened = 0, False, False, False
    for char in text:
        if in_text:
            out.append(char)
            in_text = escaped or char != '"'
            escaped = char == "\\" and not escaped
            continue
        if char in " \t\r\n":
            continue
        if char in "}]":
            depth = max(0, depth - 1)
            out.append(char if opened else _line(depth) + char)
            opened = False
            continue
        if opened:
            out.append(_line(depth))
        opened = char in "{["
        depth += opened
        in_text = char == '"'
        out.append(char + _line(depth) if char == "," else f"{char} " if char == ":" else char)
    return "".join(out)


def _line(depth: int) -> str:
    return "\n" + "  " * min(depth, _DEEPEST)
