"""Faults 2 and 3: the plug is pulled right before a commit, right after it, and where only its answer is lost."""

from __future__ import annotations

import time
from threading import Thread

import httpx
import pytest

from tests.bounds import PATIENCE_S, WIDER
from tests.faults.commits import HeldCommits
from tests.faults.measure import note
from tests.faults.product import Product
from tests.faults.sender import Sent

pytestmark = pytest.mark.faults

PAGED_WITHIN_S = 5.0


def of_title(product: Product, what: str, title: str) -> int:
    """Count the incidents, or what belongs to them, by the incident's title."""
    counted = {
        "incidents": "SELECT count(*) FROM incidents WHERE title = $1",
        "pages": "SELECT count(*) FROM pages p JOIN incidents i ON i.id = p.incident_id WHERE i.title = $1",
        "accepted": "SELECT count(*) FROM attempts a JOIN notifications n ON n.id = a.notification_id"
        " JOIN incidents i ON i.id = n.incident_id WHERE i.title = $1 AND a.outcome = 'accepted'",
    }
    return int(product.rows(counted[what], title)[0][0])


def mails_about(product: Product, title: str) -> int:
    return sum(title in mail.text for mail in product.smtp.mails)


def wait_for_its_page(product: Product, title: str) -> float:
    """Return how many seconds it took until a page about `title` arrived."""
    began = time.monotonic()
    while not mails_about(product, title):
        assert time.monotonic() - began < PATIENCE_S, product.log()
        time.sleep(0.01)
    return time.monotonic() - began


class SentInVain(Thread):
    """One event on its way, whose answer nobody expects."""

    def __init__(self, product: Product, sent: Sent) -> None:
        super().__init__(daemon=True)
        self._url = f"{product.base_url}/api/v1/events/{product.key}"
        self._sent = sent
        self.answer: httpx.Response | None = None
        self.start()

    def run(self) -> None:
        headers = {"Idempotency-Key": self._sent.key} if self._sent.key else {}
        try:
            self.answer = httpx.post(self._url, content=self._sent.body, headers=headers, timeout=20)
        except httpx.HTTPError:
            return


def test_an_event_killed_before_its_commit_is_neither_stored_nor_answered(product: Product):
    with product.fault(), HeldCommits(product, "alerts") as held:
        asking = SentInVain(product, Sent("before", b'{"title": "Killed before commit", "severity": "critical"}'))
        held.wait_for_one()
        product.kill()
        product.start()
    stored = of_title(product, "incidents", "Killed before commit")
    asking.join(10)

    again = product.send("before", title="Killed before commit", severity="critical").receipts[0]

    assert (stored, asking.answer) == (0, None)
    assert again.said["duplicate"] is False
    assert of_title(product, "incidents", "Killed before commit") == 1
    product.check()


def test_an_event_killed_after_its_commit_is_a_duplicate_when_it_comes_again_and_pages_once(product: Product):
    sent = Sent("after-0", b'{"title": "Killed after commit", "severity": "critical"}')
    with product.fault(), HeldCommits(product, "alerts") as held:
        asking = SentInVain(product, sent)
        pid = held.wait_for_one()
        product.freeze()
        held.let_go(pid)
        product.kill()
        product.start()
    stored = product.rows("SELECT id FROM deliveries WHERE body = $1", sent.body)
    asking.join(10)

    again = product.send("after", title="Killed after commit", severity="critical").receipts[0]
    wait_for_its_page(product, "Killed after commit")
    product.check()

    assert asking.answer is None
    assert (again.said["delivery_id"], again.said["duplicate"]) == (str(stored[0]["id"]), True)
    assert mails_about(product, "Killed after commit") == 1


def test_a_page_decided_but_not_committed_when_killed_is_sent_once_after_the_start(product: Product):
    with product.fault(), HeldCommits(product, "pages") as held:
        product.send("decided", title="Killed while deciding", severity="critical")
        held.wait_for_one()
        product.kill()
        assert mails_about(product, "Killed while deciding") == 0
        product.start()
        took_s = wait_for_its_page(product, "Killed while deciding")

    product.check()
    note("killed while deciding to page: from ready to the page", took_s, at_most=PAGED_WITHIN_S)
    assert mails_about(product, "Killed while deciding") == 1
    assert took_s <= PAGED_WITHIN_S * WIDER


def test_a_page_committed_but_not_handed_over_when_killed_is_sent_once_after_the_start(product: Product):
    with product.fault(), HeldCommits(product, "pages") as held:
        product.send("committed", title="Killed before the call", severity="critical")
        pid = held.wait_for_one()
        product.freeze()
        held.let_go(pid)
        product.kill()
        assert mails_about(product, "Killed before the call") == 0
        product.start()
        took_s = wait_for_its_page(product, "Killed before the call")

    product.check()
    note("killed between page and call: from ready to the page", took_s, at_most=PAGED_WITHIN_S)
    assert mails_about(product, "Killed before the call") == 1
    assert took_s <= PAGED_WITHIN_S * WIDER


def test_an_event_without_a_key_is_stored_once_where_the_answer_to_its_commit_is_lost(product: Product):
    with product.fault(), HeldCommits(product, "alerts") as held:
        asking = SentInVain(product, Sent("", b'{"title": "Answer lost", "severity": "critical"}'))
        held.let_go_without_answer(held.wait_for_one())
        asking.join(10)

    wait_for_its_page(product, "Answer lost")
    product.check()
    assert asking.answer is not None
    assert asking.answer.status_code == 202
    assert len(product.rows("SELECT FROM events WHERE title = 'Answer lost'")) == 1
    assert mails_about(product, "Answer lost") == 1


def test_a_step_fires_once_where_the_answer_to_its_commit_is_lost(product: Product):
    with product.fault(), HeldCommits(product, "pages") as held:
        product.send("step", title="Step's answer lost", severity="critical")
        held.let_go_without_answer(held.wait_for_one())
        took_s = wait_for_its_page(product, "Step's answer lost")

    product.check()
    note("the answer to a step's commit is lost: until its page", took_s, at_most=PAGED_WITHIN_S)
    assert of_title(product, "pages", "Step's answer lost") == 1


def test_a_message_is_sent_once_where_the_answer_to_its_beginning_is_lost(product: Product):
    with product.fault(), HeldCommits(product, "attempts") as held:
        product.send("begin", title="Beginning's answer lost", severity="critical")
        held.let_go_without_answer(held.wait_for_one())
        took_s = wait_for_its_page(product, "Beginning's answer lost")

    product.check()
    note("the answer to a message's beginning is lost: until it arrived", took_s, at_most=PAGED_WITHIN_S)
    assert mails_about(product, "Beginning's answer lost") == 1
    assert took_s <= PAGED_WITHIN_S * WIDER
