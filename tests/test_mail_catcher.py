"""The mail server of the README's one line."""

from __future__ import annotations

import asyncio
import socket
from email.message import EmailMessage

import aiosmtplib
import pytest

from opsknight.errors import CannotStart
from opsknight.mail_catcher import catch, readable
from tests.bounds import PATIENCE_S
from tests.test_server import a_free_port


def a_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "OpsKnight <a@example.com>", "ada@example.com", "Größe: Disk full"
    mail.set_content("Plattenplatz zu Ende\n")
    mail.add_alternative("<p>Plattenplatz</p>", subtype="html")
    return mail


async def test_a_mail_is_shown_as_a_person_reads_it():
    shown: asyncio.Queue[str] = asyncio.Queue()
    listening, port = asyncio.Event(), a_free_port()
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(PATIENCE_S):
        catching = tasks.create_task(catch(port=port, show=shown.put_nowait, ready=listening.set))
        await listening.wait()
        await aiosmtplib.send(a_mail(), hostname="127.0.0.1", port=port)
        text = await shown.get()
        catching.cancel()

    assert text == readable(a_mail().as_bytes())
    assert "To:      ada@example.com\nSubject: Größe: Disk full\n\nPlattenplatz zu Ende\n" in text


async def test_a_port_that_is_taken_is_said_so():
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(CannotStart, match="--port"),
    ):
        await catch(port=taken.getsockname()[1], show=print, ready=print)
