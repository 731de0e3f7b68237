"""The long tail, by the Apprise library: places that the operator names, for information only.

Source: https://github.com/caronc/apprise (addresses of its services).

Apprise says whether a message went out, not why, when, or whether it may be tried again, and each of its services is
code that blocks. So only rooms are told by it, and nobody counts as reached. Addresses are the operator's alone:
they lead anywhere, and some of them read files.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from asyncio import timeout
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from opsknight.domain.model.channel import BadAddress, ChannelKind, one_line
from opsknight.domain.model.incident import Status
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Ambiguous,
    ChannelSettings,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Retry,
    Sent,
    Urgency,
)

MISSING: Final = "No places are set for Apprise (OPSKNIGHT_APPRISE_URLS)."
THREADS: Final = 4
_TOLD_AT_MOST: Final = 200


class AppriseSettings(ChannelSettings):
    """What an operator sets for Apprise."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_APPRISE_")

    urls: dict[str, str] = Field(
        default_factory=dict[str, str],
        repr=False,
        description="Places that Apprise writes to, as JSON from a name to an address of Apprise:"
        ' {"irc": "ircs://user:password@irc.example.com/#ops"}. Default: none.',
    )


def reader(ground: Ground) -> Callable[[str], str]:
    """Return how an address is read: it is one of the operator's names."""
    return partial(named, names=tuple(ground.read(AppriseSettings).urls))


def named(text: str, *, names: tuple[str, ...] = ()) -> str:
    """Return the name of a place.

    Raises:
        BadAddress: the operator has set none of this name.
    """
    name = one_line(text)
    if name not in names:
        there_are = f"there are: {', '.join(names)}" if names else "there are none"
        raise BadAddress(f"Apprise knows no place “{name}”; {there_are}. Places are set in OPSKNIGHT_APPRISE_URLS.")
    return name


KIND: Final = ChannelKind(
    "apprise",
    "Place",
    "irc",
    named,
    help="A place that your operator has set, for information only: nobody counts as reached by it.",
    people=False,
    rooms=True,
)


def missing(ground: Ground) -> str:
    """Return what has to be set before anything goes out, empty when it is."""
    return "" if ground.read(AppriseSettings).urls else MISSING


def make(ground: Ground) -> AppriseChannel:
    """Return the channel as the settings want it."""
    return AppriseChannel(ground.read(AppriseSettings).urls)


class AppriseChannel:
    """Writes to the places `urls` names, in threads of its own.

    A place has one call at a time and all together have `threads`; a call that does not come back keeps its thread
    and no other place's, until it does. Threads end with the process.
    """

    def __init__(self, urls: Mapping[str, str], *, budget_s: float = BUDGET_S, threads: int = THREADS) -> None:
        """Keep where to write; the library is loaded with the first message."""
        self._urls = urls
        self._budget_s = budget_s
        self._places = {name: asyncio.Lock() for name in urls}
        self._threads = asyncio.Semaphore(threads)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Have Apprise write `message`; what it does not say in time is perhaps sent."""
        place = self._places.get(address.value)
        if place is None:
            return Failed(f"Apprise knows no place “{address.value}” any more (OPSKNIGHT_APPRISE_URLS).", Fault.ADDRESS)
        began = False
        try:
            async with timeout(self._budget_s):
                await place.acquire()
                try:
                    await self._threads.acquire()
                except BaseException:
                    place.release()
                    raise
                began = True
                writing = _in_thread(partial(_written, self._urls[address.value], message))
                writing.add_done_callback(partial(self._free, place))
                return await asyncio.shield(writing)
        except TimeoutError:
            if began:
                return Ambiguous(f"Apprise has not finished with “{address.value}” in time.")
            return Retry(f"Apprise is still busy with an earlier message for “{address.value}”.", Fault.TIMEOUT)

    async def close(self) -> None:
        """Do nothing: each call has connections of its own."""

    def _free(self, place: asyncio.Lock, _writing: asyncio.Future[Outcome]) -> None:
        self._threads.release()
        place.release()


def _in_thread(work: Callable[[], Outcome]) -> asyncio.Future[Outcome]:
    """Do `work` in a thread that keeps no process alive."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Outcome] = loop.create_future()

    def run() -> None:
        try:
            outcome = work()
        except Exception as error:  # noqa: BLE001  # whatever a service of the library raises
            outcome = Ambiguous(f"{type(error).__name__} in Apprise", Fault.PROVIDER)
        if not loop.is_closed():
            loop.call_soon_threadsafe(done.set_result, outcome)

    threading.Thread(target=run, name="apprise", daemon=True).start()
    return done


class _Words(logging.Handler):
    """Keeps what the library says in one thread about why something did not work."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.said.append(" ".join(record.getMessage().split()))


def _written(url: str, message: Message) -> Outcome:
    """Write `message`; the library's log has the only reasons there are."""
    import apprise

    log, words = logging.getLogger("apprise"), _Words()
    log.addHandler(words)
    try:
        # Without a time limit of its own the library works in this thread, not in a pool that all places share.
        asset = apprise.AppriseAsset(app_id="OpsKnight", app_url=message.home, async_mode=False, service_timeout=0)
        places: Any = apprise.Apprise(asset=asset)
        if not places.add(url):
            return Failed("Apprise does not understand this address (OPSKNIGHT_APPRISE_URLS).", Fault.SETTINGS)
        body = f"{message.body}\n{message.url}".strip()
        text = apprise.NotifyFormat.TEXT
        if places.notify(body=body, title=message.subject, notify_type=_type(message), body_format=text):
            return Sent()
        return Failed(f"Apprise could not send it: {' '.join(words.said)[:_TOLD_AT_MOST] or 'no reason given'}")
    finally:
        log.removeHandler(words)


def _type(message: Message) -> str:
    if message.became is Status.RESOLVED:
        return "success"
    return "failure" if message.urgency is Urgency.HIGH else "info"
