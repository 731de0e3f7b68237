"""Texts by an SMS gateway of the operator's own: a modem with an HTTP door, a provider that nobody else uses.

The operator says how it is called; places in the address and the body are filled in, each as its kind wants it
quoted, so that no title can break out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote

import orjson

from opsknight.carriers import GatewaySettings
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Ambiguous,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Retry,
    Sent,
)
from opsknight.jobs.channels.http import Answer, Caller
from opsknight.jobs.channels.texts import taken, texted
from opsknight.patterns import compile_pattern


def missing(ground: Ground) -> str:
    """Return what an operator has to set first, "" where nothing is missing."""
    return "" if ground.read(GatewaySettings).url else "No SMS gateway is set up: set OPSKNIGHT_SMS_GATEWAY_URL."


def make(ground: Ground) -> Texts:
    """Return the carrier as the settings want it."""
    return Texts(ground.read(GatewaySettings), now=ground.now)


class Texts:
    """Sends texts as the operator says."""

    def __init__(self, its: GatewaySettings, *, now: Callable[[], datetime], budget_s: float = BUDGET_S) -> None:
        """Keep how to call; nothing is opened yet."""
        self._its = its
        self._headers: Mapping[str, str] = orjson.loads(its.headers)
        self._caller = Caller("The SMS gateway", now=now, budget_s=budget_s, allow_private=True)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Call the gateway; its status decides, and what it answers where the operator says how success looks."""
        text = texted(message, replies=bool(self._its.secret))
        places = {"to": address.value, "text": text, "id": str(message.notification_id)}
        answer = await self._caller.call(
            self._its.method,
            _filled(self._its.url, {name: quote(value, safe="") for name, value in places.items()}),
            **self._body(places),
        )
        if not isinstance(answer, Answer):
            return answer
        outcome = self._caller.judged(answer)
        if isinstance(outcome, Failed) and answer.status in (400, 404, 410, 422):
            return Failed(outcome.reason, Fault.ADDRESS)
        if not isinstance(outcome, Sent):
            return outcome
        if self._its.success and not compile_pattern(self._its.success).search(answer.body.decode("utf-8", "replace")):
            unsaid = f"The SMS gateway did not say that it took the text: {answer.words()}"
            return Retry(unsaid) if answer.whole else Ambiguous(unsaid, Fault.PROVIDER)
        return taken("", text, self._its, detail=outcome.detail)

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    def _body(self, places: Mapping[str, str]) -> dict[str, Any]:
        """Return the body, with the headers that go with it."""
        if self._its.content == "json":
            return {"headers": self._headers, "json": _filled_in(orjson.loads(self._its.body), places)}
        if self._its.content == "form":
            quoted = {name: quote(value, safe="") for name, value in places.items()}
            headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
            return {"headers": headers, "body": _filled(self._its.body, quoted).encode()}
        return {"headers": self._headers}


def _filled(template: str, places: Mapping[str, str]) -> str:
    """Return `template` with its places filled, each once: what is filled in is not looked at again."""
    parts = compile_pattern(r"\{(to|text|id)\}").split(template)
    return "".join(places[part] if nth % 2 else part for nth, part in enumerate(parts))


def _filled_in(template: Any, places: Mapping[str, str]) -> Any:
    """Return JSON with the places in its texts filled."""
    if isinstance(template, str):
        return _filled(template, places)
    if isinstance(template, list):
        return [_filled_in(each, places) for each in cast("list[Any]", template)]
    if isinstance(template, dict):
        return {name: _filled_in(value, places) for name, value in cast("dict[str, Any]", template).items()}
    return template
