"""Fault 7: told to stop while a page is tried again and a native window waits for news."""

from __future__ import annotations

import queue
import signal
import threading
import time
from contextlib import closing, suppress

import httpx
import pytest

from opsknight.windows import AT_ONCE
from tests.bounds import PATIENCE_S, WIDER
from tests.faults.product import Product
from tests.peers.smtp import Mood, smtp_peer_in_thread
from tests.server import until

pytestmark = pytest.mark.faults

STOPS_WITHIN_S = 12.0
# Later than the word to stop, and sooner than requests that are under way must have ended.
TRIED_AGAIN_SOON = """
    SELECT FROM notifications WHERE status = 'queued' AND attempts > 0
        AND due_at BETWEEN clock_timestamp() + interval '0.6 s' AND clock_timestamp() + interval '1.5 s'
"""


def a_window_waits(product: Product, client: httpx.Client) -> None:
    """Add a native window for who is signed in at `client`, and return once it waits for news, for ten seconds.

    One question more than may wait has the oldest answered at once; the others wait then.
    """
    added = client.post("/api/v1/windows", json={"device": "abcdefghijklmnopqrstuv", "label": "Laptop"}).json()
    token = {"Authorization": f"Bearer {added['token']}"}
    answered = queue.Queue[str]()

    def ask(known: str) -> None:
        with suppress(httpx.HTTPError):
            address = f"{product.base_url}/api/v1/windows/news"
            answer = httpx.get(address, params={"known": known}, headers=token, timeout=PATIENCE_S)
            answered.put(answer.raise_for_status().json()["known"])

    ask("")  # it is told that it was added
    known = answered.get_nowait()
    for _ in range(AT_ONCE + 1):
        threading.Thread(target=ask, args=(known,), daemon=True).start()
    answered.get(timeout=PATIENCE_S)


def test_told_to_stop_it_calls_no_provider_any_more_and_a_window_that_waits_does_not_keep_it():
    with smtp_peer_in_thread() as smtp, Product(smtp) as product:
        smtp.mood = Mood.REFUSE_FOR_NOW
        with closing(product.sign_in()) as client:
            product.fire()
            until(lambda: smtp.connections > 0, within_s=10)
            a_window_waits(product, client)
        until(lambda: product.rows(TRIED_AGAIN_SOON), within_s=30)
        smtp.mood = Mood.HANG_AT_RECIPIENT
        assert product.process is not None

        began, calls = time.monotonic(), smtp.connections
        product.process.send_signal(signal.SIGTERM)
        code = product.process.wait(PATIENCE_S)
        took_s = time.monotonic() - began

    assert (code, smtp.connections - calls) == (0, 0)
    assert took_s < STOPS_WITHIN_S * WIDER
