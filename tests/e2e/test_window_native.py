"""A real window on a screen that nobody sees, alarmed by a stand-in for the server."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsknight.desktop.kept import Kept
from tests.bounds import PATIENCE_S
from tests.e2e.windows import Site, screen, site, toolkit, why_no_window, window
from tests.ports import free_port

pytestmark = pytest.mark.skipif(bool(why_no_window()), reason=why_no_window() or "a window can open")
TOKEN = "7.aaaaaaaaaaaaaaaaaaaaaaaa"


def a_message(**changes: Any) -> dict[str, object]:
    said = {"title": "CRITICAL Disk full", "body": "Service Checkout", "tag": "x", "url": "/incidents/12", "n": 12}
    words = {"urgency": "high", "at": 1, "ack": "signed.ack", "receipt": "signed.receipt", "kind": "page"}
    return {**said, **words, "words": ["Acknowledge", "Open"], **changes}


@pytest.fixture
def server() -> Iterator[Site]:
    with site(free_port()) as made:
        yield made


def receipts(server: Site) -> list[str]:
    return [json.loads(one.body)["receipt"] for one in server.asked if one.path == "/api/v1/push/receipts"]


def test_a_window_that_was_added_is_alarmed_and_says_so(server: Site, tmp_path: Path):
    here = toolkit()
    assert here is not None
    folder = tmp_path / "opsknight-window"
    folder.mkdir(mode=0o700)
    Kept(folder, server.origin).keep(TOKEN)
    command = here.command("desktop", "--server", server.origin)
    with screen() as display, window(command, display=display, home=tmp_path) as process:
        server.wait_for(lambda asked: asked.path == "/incidents")

        server.news.append(a_message())

        server.wait_for(lambda asked: asked.path == "/incidents/12")
        # on a busy machine the page may draw too late at first; it is asked again then
        server.wait_for(lambda asked: asked.path == "/api/v1/push/receipts", within_s=3 * PATIENCE_S)
        assert receipts(server) == ["signed.receipt"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
