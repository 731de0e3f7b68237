"""What went wrong, told to programs as problem+json (RFC 9457) and to people as a page. Never a stack."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import orjson
import structlog
from fastapi.exceptions import RequestValidationError
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount

from opsknight import errors, logs
from opsknight.api import plain
from opsknight.crypto import BadToken
from opsknight.deps import busy, is_unfit, lost_connection, retryable
from opsknight.domain.model.incident import IllegalTransition

log = structlog.get_logger(__name__)

_STATUSES: Final[Mapping[type[Exception], int]] = {
    errors.SignInRequired: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.Invalid: 422,
    errors.Unavailable: 503,
    IllegalTransition: 409,
    BadToken: 401,
}
_TITLES: Final[Mapping[int, str]] = {
    400: "This cannot be understood",
    401: "Sign in first",
    403: "This is not yours to do",
    404: "There is nothing here",
    405: "Not in this way",
    409: "Things have changed",
    410: "This is gone",
    413: "Too large",
    422: "Something is missing or wrong",
    500: "OpsKnight made a mistake",
    503: "Not now",
}
_DATABASE_AWAY: Final = (
    "OpsKnight cannot reach its database. Nothing was changed; try again in a moment. Alerts that monitors send now"
    " are refused with the request to send them again."
)

_DATABASE_BUSY: Final = "OpsKnight's database is too busy to do this now. Nothing was changed; try again in a moment."
_SEEN_AGAIN_S: Final = 5
_CANNOT_BE_STORED: Final = "Something in this request cannot be stored, such as a NUL in a text. Leave it out."


def install(app: Starlette) -> None:
    """Answer every error of `app`, and of the applications mounted in it, in words."""
    handlers: Mapping[type[Exception], Any] = {
        errors.Refusal: _refused,
        IllegalTransition: _refused,
        BadToken: _refused,
        RequestValidationError: _invalid,
        HTTPException: _by_status,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    app.add_exception_handler(404, handlers[HTTPException])  # NiceGUI has one of its own
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, Starlette):
            install(route.app)


def problem(status: int, sentence: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> Response:
    """Return a problem+json answer; `members` are added to it."""
    body = {
        "type": "about:blank",
        "title": _title(status),
        "status": status,
        "detail": sentence,
        "request_id": logs.request_id(),
        **members,
    }
    return Response(orjson.dumps(body), status, headers, "application/problem+json")


def answer(
    connection: HTTPConnection, status: int, sentence: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """Return the problem as the asker reads it: a page for a browser's address bar, else problem+json."""
    if not wants_page(connection):
        return problem(status, sentence, headers=headers, **members)
    if status == HTTPStatus.UNAUTHORIZED:
        return to_sign_in(connection)
    ident = Markup("<p><small>Request {}</small></p>").format(logs.request_id())
    body = plain.paragraph(sentence) + plain.link("To the incidents", href="/incidents") + ident
    if status == HTTPStatus.SERVICE_UNAVAILABLE and connection.scope.get("method") == "GET":
        # Nobody stands before a wall to press the button.
        body = body + plain.paragraph("This page tries again by itself.")
        headers = {**(headers or {}), "Refresh": str(_SEEN_AGAIN_S)}
    return plain.page(_title(status), body, status=status, headers=headers)


def wants_page(connection: HTTPConnection) -> bool:
    """Say whether a person reads the answer in a browser, rather than a program."""
    return not str(connection.scope["path"]).startswith("/api/") and "text/html" in connection.headers.get("accept", "")


def to_sign_in(connection: HTTPConnection) -> Response:
    """Send a browser to the sign-in page, and after it back to where it wanted to go."""
    wanted, query = str(connection.scope["path"]), connection.scope["query_string"].decode("latin-1")
    wanted += f"?{query}" if query else ""
    asked = "" if wanted in ("/", "/incidents") or connection.scope.get("method") != "GET" else f"?next={quote(wanted)}"
    return RedirectResponse(f"/sign-in{asked}", 303, headers={"Cache-Control": "no-store"})


def of_failure(connection: HTTPConnection, failure: Exception) -> Response:
    """Return the answer to a failure that nobody foresaw; it is logged with the request's id."""
    connection.scope.setdefault("state", {})["told"] = failure
    if lost_connection(failure) or retryable(failure):
        log.warning("a request found the database away", path=connection.scope["path"], error=repr(failure))
        return answer(connection, 503, _DATABASE_AWAY, headers={"Retry-After": "2"})
    if busy(failure):
        log.warning("a request found the database busy", path=connection.scope["path"], error=repr(failure))
        return answer(connection, 503, _DATABASE_BUSY, headers={"Retry-After": "1"})
    if is_unfit(failure):
        log.warning("a request held what cannot be stored", path=connection.scope["path"], error=repr(failure))
        return answer(connection, 422, _CANNOT_BE_STORED)
    log.error("a request failed", path=connection.scope["path"], exc_info=failure)
    ident = logs.request_id()
    return answer(connection, 500, f"This is a mistake of ours, and it is logged. Quote {ident} when you report it.")


def was_told(connection: HTTPConnection, failure: Exception) -> bool:
    """Say whether `failure` has been answered already; frameworks raise it again after that."""
    return connection.scope.get("state", {}).get("told") is failure


async def _refused(request: Request, refusal: Exception) -> Response:
    status = next(_STATUSES[kind] for kind in type(refusal).__mro__ if kind in _STATUSES)
    headers: dict[str, str] = {}
    members: dict[str, Any] = {}
    if isinstance(refusal, errors.Unavailable):
        headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after_s)))
    if isinstance(refusal, errors.Stale) and refusal.current is not None:
        members["incident"] = refusal.current
    return answer(request, status, str(refusal), headers=headers, **members)


async def _invalid(request: Request, refusal: RequestValidationError) -> Response:
    return answer(request, 422, "; ".join(_complaint(error) for error in refusal.errors()) + ".")


async def _by_status(request: Request, refusal: HTTPException) -> Response:
    if refusal.status_code == HTTPStatus.NOT_FOUND:
        sentence = f"There is nothing at {request.scope['path']}."
    elif refusal.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        sentence = f"{request.scope['path']} does not take {request.method}."
    elif refusal.status_code == HTTPStatus.BAD_REQUEST:
        sentence = "The body cannot be read: it is not JSON in UTF-8. Send it so."
    else:
        sentence = str(refusal.detail)
    return answer(request, refusal.status_code, sentence, headers=refusal.headers)


async def _unexpected(request: Request, failure: Exception) -> Response:
    return of_failure(request, failure)


def _complaint(error: Mapping[str, Any]) -> str:
    """Return one error of pydantic as a clause that names the field."""
    where = [str(part) for part in error["loc"] if part not in ("body", "query", "path", "header")]
    why = str(error["msg"]).removeprefix("Value error, ")
    return f"{'.'.join(where)}: {why}" if where else why


def _title(status: int) -> str:
    return _TITLES.get(status) or HTTPStatus(status).phrase
