"""The Teams bot's own sign-in: one token for all messages, kept until shortly before its end, asked for one at a time.

Source: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
(“Authenticate requests from your bot to the Bot Connector service”; for one tenant, its ID takes the place of
botframework.com).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast

from opsknight.carriers import TeamsSettings
from opsknight.jobs.channels.channel import Failed, Fault, Outcome, Retry, tried_again
from opsknight.jobs.channels.http import Answer, Called, Caller

MANY_TENANTS: Final = "botframework.com"
EARLY: Final = timedelta(minutes=5)
"""How long before its end a token is asked for anew; the old one serves while that does not succeed."""
NOT_AGAIN_FOR: Final = timedelta(seconds=30)
"""How soon after a failure that is tried again, while the old token still serves."""
RENEWING_S: Final = 2.0
"""How long a message waits for a new token while the old one would do."""
FRESH: Final = timedelta(seconds=10)
"""A token so young that is not taken is refused for another reason than its age."""
LATE: Final = "Microsoft's sign-in did not answer in time."
_PASSES: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down", "timeout"})


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    made_at: datetime
    renew_at: datetime
    ends_at: datetime


class SignIn:
    """Holds the token of the bot that `its` describes; the sign-in's address is the operator's word."""

    def __init__(self, its: TeamsSettings, *, now: Callable[[], datetime], budget_s: float) -> None:
        """Keep how to sign in; nothing is asked yet."""
        self._url = f"{its.login_url.rstrip('/')}/{its.tenant or MANY_TENANTS}/oauth2/v2.0/token"
        self._form = {
            "grant_type": "client_credentials",
            "client_id": its.app_id,
            "client_secret": its.app_secret,
            "scope": f"{its.issuer.rstrip('/')}/.default",
        }
        self._caller = Caller("Microsoft's sign-in", now=now, budget_s=budget_s, allow_private=True)
        self._now = now
        self._held: _Token | None = None
        self._turn = asyncio.Lock()
        self._failure: Outcome | None = None
        self._failed_at: datetime | None = None
        self._failed_s = 0.0

    async def token(self, *, within_s: float) -> str | Outcome:
        """Return the token, or what it means for a message that there is none; nothing of that was sent."""
        held, now = self._held, self._now()
        if held is not None and now < held.renew_at:
            return held.value
        if held is None or now >= held.ends_at:
            return await self._new(held, within_s=within_s)
        if self._failed_at is not None and now - self._failed_at < NOT_AGAIN_FOR:
            return held.value
        new = await self._new(held, within_s=min(RENEWING_S, within_s))
        return new if isinstance(new, str) else held.value

    def forget(self, token: str) -> bool:
        """Use a token no more that Teams did not take; return whether another may do better: it was not just made."""
        held = self._held
        if held is None or held.value != token:
            return True
        if self._now() - held.made_at < FRESH:
            return False
        self._held = None
        return True

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    async def _new(self, old: _Token | None, *, within_s: float) -> str | Outcome:
        """Return the token that this call, or the one that was under way, has got."""
        time = asyncio.get_running_loop().time
        began_s = time()
        try:
            async with asyncio.timeout(within_s):
                await self._turn.acquire()
        except TimeoutError:
            return Retry(LATE, Fault.TIMEOUT)
        try:
            if self._held is not None and self._held is not old:
                return self._held.value
            if self._failure is not None and self._failed_s >= began_s:  # what failed while we waited failed for us
                return self._failure
            return await self._ask(within_s=max(0.0, within_s - (time() - began_s)))
        finally:
            self._turn.release()

    async def _ask(self, *, within_s: float) -> str | Outcome:
        asked_at = self._now()
        answer = await self._caller.call("POST", self._url, form=self._form, within_s=within_s)
        token, lasts = _read(answer)
        if not token:
            self._failure, self._failed_at = self._refused(answer), self._now()
            self._failed_s = asyncio.get_running_loop().time()
            return self._failure
        self._held = _Token(token, asked_at, asked_at + max(lasts - EARLY, lasts / 2), asked_at + lasts)
        self._failure = self._failed_at = None
        return token

    def _refused(self, answer: Called) -> Outcome:
        """Return what it means for the messages that the bot cannot sign in."""
        if not isinstance(answer, Answer):
            return tried_again(answer)
        told = answer.fields()
        words = str(told.get("error_description") or answer.words()).partition("\r\n")[0].partition("\n")[0][:200]
        judged = self._caller.judged(answer, words=words)
        if isinstance(judged, Retry):
            return judged
        if answer.ok or told.get("error") in _PASSES:
            return Retry(f"Microsoft's sign-in said {answer.status} without a token: {words}")
        return Failed(
            f"Microsoft does not let the bot sign in: {words} Check OPSKNIGHT_TEAMS_APP_ID, _APP_SECRET and _TENANT.",
            Fault.SETTINGS,
        )


def _read(answer: Called) -> tuple[str, timedelta]:
    """Return the token of an answer, empty where there is none, and how long it lasts."""
    if not isinstance(answer, Answer) or not answer.ok:
        return "", timedelta()
    told = answer.fields()
    token, lasts_s = cast("Any", told.get("access_token")), cast("Any", told.get("expires_in"))
    is_span = isinstance(lasts_s, int | float) and 0 < lasts_s < 1e7
    return str(token or ""), timedelta(seconds=float(lasts_s) if is_span else 600.0)
