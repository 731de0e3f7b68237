"""The line to the server, by the standard library: a question that waits for news, and deeds by signed tokens.

The server holds a question for ten seconds at most, so a cut is noticed within fifteen, also after the computer has
slept.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from opsknight.desktop.alarm import Alarm

ANSWER_WAIT_S: Final = 15.0
DEED_WAIT_S: Final = 10.0
READ_AT_MOST: Final = 1 << 20
_GONE: Final = 410
_LATER: Final = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """What there is to show, and by what that is known; or that the window was removed: `gone`."""

    known: str
    alarms: tuple[Alarm, ...] = ()
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """Whether a deed is done, the server's sentence, and whether it may be tried again."""

    done: bool
    sentence: str
    later: bool = False


class Line:
    """Calls the server of `origin`, and nobody else: it follows no redirect."""

    def __init__(self, origin: str) -> None:
        """Keep the origin; nothing is called yet."""
        self._origin = origin

    def ask(self, token: str, *, known: str | None) -> Answer | None:
        """Return what the window of `token` shows, as soon as it is not `known`; None where no answer of use came."""
        query = "" if known is None else f"?{urllib.parse.urlencode({'known': known})}"
        request = urllib.request.Request(  # noqa: S310  # the server's own address: http or https
            f"{self._origin}/api/v1/windows/news{query}", headers={"Authorization": f"Bearer {token}"}
        )
        try:
            with _OPENER.open(request, timeout=ANSWER_WAIT_S) as answer:
                said = json.loads(answer.read(READ_AT_MOST))
            return Answer(str(said["known"]), tuple(Alarm.read(one) for one in said["messages"]))
        except urllib.error.HTTPError as refusal:
            return Answer("", gone=True) if refusal.code == _GONE and _is_ours(refusal) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def post(self, path: str, body: Mapping[str, str]) -> Said:
        """Do what `body` says at `path`; a token in it is the permission."""
        request = urllib.request.Request(  # noqa: S310  # the server's own address: http or https
            f"{self._origin}{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        try:
            with _OPENER.open(request, timeout=DEED_WAIT_S) as answer:
                return Said(done=True, sentence=_sentence(answer.read(READ_AT_MOST), "Done."))
        except urllib.error.HTTPError as refusal:
            sentence = _sentence(_body(refusal), f"OpsKnight answered {refusal.code} and gave no reason.")
            return Said(done=False, sentence=sentence, later=refusal.code in _LATER)
        except OSError:
            return Said(done=False, sentence="OpsKnight could not be reached; try again.", later=True)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """What is asked with a secret is asked nowhere else."""

    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any) -> None:
        """Follow none."""


_OPENER: Final = urllib.request.build_opener(_NoRedirects())


def _is_ours(refusal: urllib.error.HTTPError) -> bool:
    """Say whether OpsKnight itself said so: what stands before it may answer in its place."""
    return refusal.headers.get_content_type() == "application/problem+json"


def _body(refusal: urllib.error.HTTPError) -> bytes:
    try:
        return refusal.read(READ_AT_MOST)
    except OSError:
        return b""


def _sentence(raw: bytes, otherwise: str) -> str:
    try:
        said: Any = json.loads(raw)
    except ValueError:
        return otherwise
    if not isinstance(said, dict):
        return otherwise
    words = cast("dict[str, Any]", said)
    return str(words.get("sentence") or words.get("detail") or otherwise)
