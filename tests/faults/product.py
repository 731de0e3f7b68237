"""OpsKnight as the fault tests handle it: its processes by number, its database from inside, its history whole."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import asyncpg
import httpx
import psutil

from tests.bounds import PATIENCE_S
from tests.faults.checker import Checked, Fault, History, check
from tests.faults.measure import note
from tests.faults.sender import Sender, Sent
from tests.peers.smtp import SmtpPeer
from tests.server import RunningServer

T = TypeVar("T")

_PR_SET_CHILD_SUBREAPER = 36
_OVERDUE = """
    SELECT kind || ' timer' AS what, due_at, lease_until, worker, attempts, last_error AS reason FROM timers
    WHERE dead_at IS NULL AND due_at <= clock_timestamp()
    UNION ALL
    SELECT status || ' notification', due_at, lease_until, worker, attempts, reason FROM notifications
    WHERE finished_at IS NULL AND due_at <= clock_timestamp() AND status IN ('queued', 'sending', 'ambiguous')
    ORDER BY due_at
"""


class Product(RunningServer):
    """A running OpsKnight whose pages go to a recording mail server, each in a message of its own unless told.

    `faults` says when something was broken on purpose; `sent` is what senders sent. With `database`
    it runs on that server instead of its own.
    """

    def __init__(self, smtp: SmtpPeer, *, database: str | None = None, **settings: str) -> None:
        """Prepare; `start` or `with` starts it."""
        super().__init__(
            settings={
                "SMTP_URL": smtp.url,
                "BUNDLE_AFTER": "0",  # the history is judged by the message of each page
                **({"DATABASE_URL": database} if database else {}),
                **settings,
            }
        )
        if database is None:  # its own server keeps the time of each commit, for the checker
            [settings_of_server] = self.data_dir.rglob("postgresql.auto.conf")
            with settings_of_server.open("a", encoding="utf-8") as file:
                file.write("track_commit_timestamp = 'on'\n")
        self.smtp = smtp
        self.faults: list[Fault] = []
        self.sent: list[Sent] = []
        self._database = database
        self._checked_at = 0.0

    def start(self) -> Self:
        """Start it."""
        with self.fault():  # a canary of a minute that ends meanwhile is late
            return super().start()

    # --- what is sent to it ----------------------------------------------------------------------------------------

    @contextmanager
    def under_load(self, event: Callable[[int], Mapping[str, Any]], *, name: str, **how: Any) -> Iterator[Sender]:
        """Send events all the while; what was sent becomes part of the history."""
        sender = Sender(self.port, f"/api/v1/events/{self.key}", event=event, name=name, **how)
        try:
            with sender:
                yield sender
        finally:
            self.sent += sender.sent

    def send(self, key: str, **event: Any) -> Sent:
        """Send one event until it is taken."""
        with self.under_load(lambda _: event, name=key, in_flight=1, most=1) as sender:
            pass
        return sender.sent[0]

    def key_of(self, provider: str) -> str:
        """Return the key of the sample team's integration for a kind of monitor."""
        return str(self.rows("SELECT key FROM integrations WHERE provider = $1", provider)[0]["key"])

    # --- what is done to it ----------------------------------------------------------------------------------------

    @contextmanager
    def fault(self) -> Iterator[None]:
        """Something is broken within; whoever leaves has seen it work again."""
        began_at = time.time()
        yield
        self.faults.append(Fault(began_at, time.time()))

    def kill_database(self) -> None:
        """Pull the plug of its PostgreSQL (SIGKILL), without a word to anybody."""
        os.kill(self.postmaster_pid(), signal.SIGKILL)

    def freeze(self) -> None:
        """Stop the process where it stands (SIGSTOP); it cannot even notice."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def postmaster_pid(self) -> int:
        """Return the number of the process that is its PostgreSQL."""
        return int((self.data_dir / "cluster" / "data" / "postmaster.pid").read_text().split()[0])

    # --- what can be seen of it ------------------------------------------------------------------------------------

    def owner_dsn(self) -> str:
        """Return where the owner of its database connects."""
        return self._database or super().owner_dsn()

    def admin_dsn(self) -> str:
        """Return where a superuser connects."""
        return self.owner_dsn().replace("opsknight@/opsknight", "postgres@/opsknight")

    def rows(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Return what the owner of the database reads."""
        return asyncio.run(_fetch(self.owner_dsn(), sql, values))

    def rows_as_admin(self, sql: str) -> list[asyncpg.Record]:
        """Return what a superuser of the database reads."""
        return asyncio.run(_fetch(self.admin_dsn(), sql, ()))

    def told(self, words: str) -> int:
        """Return how many lines it has logged with these words."""
        return sum(words in line for line in self.lines)

    def answers_ready(self) -> tuple[int, float]:
        """Return how /readyz answers, and after how many seconds."""
        began = time.monotonic()
        status = httpx.get(f"{self.base_url}/readyz", timeout=PATIENCE_S).status_code
        return status, time.monotonic() - began

    def settle(self, *, within_s: float = PATIENCE_S) -> None:
        """Return once nothing is due any more."""
        until_s = time.monotonic() + within_s
        while overdue := self.rows(_OVERDUE):
            if time.monotonic() > until_s:
                told = "\n".join(str(dict(row)) for row in overdue[:10])
                raise AssertionError(f"{len(overdue)} still due after {within_s} s:\n{told}")
            time.sleep(0.1)

    def check(self, case: str = "") -> Checked:
        """Assert the invariants over everything that ever happened to it; a `case` writes down their figures."""
        self.settle()
        checked = check(History(self.rows, self.sent, self.smtp.mails, self.faults, since=self._checked_at))
        self._checked_at = time.time()
        if case:
            note(f"{case}: hand-off after due", *checked.late_s)
            note(f"{case}: hand-off after due, no fault near", *checked.quick_s, at_most=1)
            note(f"{case}: hand-off after the fault's end", *checked.after_faults_s, at_most=5)
            note(f"{case}: events taken", checked.taken, unit="events")
            note(f"{case}: attempts perhaps sent", checked.ambiguous, unit="attempts")
        assert checked.broken == [], "\n".join(checked.broken)
        return checked


async def _fetch(dsn: str, sql: str, values: tuple[Any, ...]) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn, timeout=PATIENCE_S)
    try:
        return await connection.fetch(sql, *values)
    finally:
        connection.terminate()


@contextmanager
def orphans_are_never_reaped() -> Iterator[None]:
    """Be the parent to whom every orphan below comes and who never waits for it: the dead stay zombies.

    Containers run so when their first process is no init.
    """
    prctl = ctypes.CDLL(None).prctl
    assert prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        yield
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        for child in psutil.Process().children():
            with suppress(psutil.NoSuchProcess, ChildProcessError):
                if child.name() == "postgres" and child.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(child.pid, 0)


def zombies_of(data_dir: Path) -> int:
    """Return how many dead PostgreSQL processes this process has not waited for."""
    assert data_dir.exists()
    return sum(
        child.name() == "postgres" and child.status() == psutil.STATUS_ZOMBIE for child in psutil.Process().children()
    )
