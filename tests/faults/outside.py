"""A PostgreSQL that OpsKnight does not look after: the test stops and starts it, freezes and thaws it."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Self

import psutil

from opsknight.domain.store.embedded import Embedded
from tests.clusters import SMALL, reachable_directory

SETTINGS = {**SMALL, "track_commit_timestamp": "on"}


class OutsideServer:
    """The server, on the same address each time it starts."""

    def __init__(self) -> None:
        """Prepare an empty directory for it."""
        self._directory = reachable_directory()
        self._server = Embedded(self._directory, settings=SETTINGS)
        # The kernel ends the server with the thread that started it.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="outside server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(psutil.NoSuchProcess):
            self.thaw()
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def owner_dsn(self) -> str:
        """Where the owner of the database connects."""
        return self._server.owner_dsn

    def start(self) -> None:
        """Start it; it answers when this returns."""
        self._server = Embedded(self._directory, settings=SETTINGS)
        self._run(self._server.__aenter__())

    def stop(self) -> None:
        """Stop it in an orderly way, as for an upgrade; it is gone when this returns."""
        self._run(self._server.__aexit__(None, None, None))

    def freeze(self) -> None:
        """Stop all of its processes where they stand (SIGSTOP), as a host does that is out of everything."""
        for process in self._processes():
            process.suspend()

    def thaw(self) -> None:
        """Let them go on as if nothing had been."""
        for process in self._processes():
            process.resume()

    def _processes(self) -> list[psutil.Process]:
        assert self._server.pid is not None
        postmaster = psutil.Process(self._server.pid)
        return [postmaster, *postmaster.children(recursive=True)]

    def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()
