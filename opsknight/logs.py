"""Log lines: structured, with the id of the request they belong to, and never with a secret."""

from __future__ import annotations

import logging.config
import re
import sys
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import Any, Final

import structlog

from opsknight.crypto import new_token

_SECRET_NAMES: Final = frozenset(
    {"token", "key", "secret", "password", "authorization", "cookie", "routing_key", "database_url", "smtp_url"}
)
_SECRET_PATHS: Final = re.compile(r"(/(?:sign-in|ack|calendars|api/v1/events)/)[^\s/?#\"'”]+")
_SECRET_LOGINS: Final = re.compile(r"(\w+://[^\s:/@]*:)[^\s@/]+@")
_HIDDEN: Final = "…"


def configure(log_format: str, level: str = "info") -> None:
    """Send structlog's and the standard library's log lines to standard error, as `console` or `json`."""
    common: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # plain: drawn tracebacks show local variables, so secrets
        without_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(_standard_library(log_format, level, common))


def request(request_id: str) -> AbstractContextManager[object]:
    """Mark every line logged within as belonging to the request `request_id`."""
    return structlog.contextvars.bound_contextvars(request_id=request_id)


def request_id() -> str:
    """Return the id of the request being answered, or nothing outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def new_request_id() -> str:
    """Return a short random id for a person to quote and an operator to search for."""
    return new_token(9)


def without_secrets(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank what must not be read in a log: named secrets, and those that are part of an address."""
    for name, value in line.items():
        if name in _SECRET_NAMES:
            line[name] = _HIDDEN
        elif isinstance(value, str):
            line[name] = hide(value)
    return line


def hide(text: str) -> str:
    """Return `text` with the tokens of links, integration keys and passwords of addresses blanked."""
    return _SECRET_LOGINS.sub(rf"\1{_HIDDEN}@", _SECRET_PATHS.sub(rf"\1{_HIDDEN}", text))


def greeting(base_url: str, link: str | None, key: str | None, *, mail: bool) -> str:
    """Return what the terminal says once the first screen can be seen.

    `link` signs its reader in, once. `key` is that of a sample integration; the curl line with it
    fires an alert as it is. `mail` says whether a mail server is set.
    """
    lines = ["", f"  OpsKnight is at   {base_url}"]
    if link:
        lines += [f"  Sign in, once:    {link}"]
    if key:
        lines += ["", "  Fire an alert:", f"    {curl_line(base_url, key)}"]
    if not mail:
        lines += ["", "  Nobody is reached by mail: OPSKNIGHT_SMTP_URL is not set."]
    return "\n".join([*lines, ""])


def curl_line(base_url: str, key: str) -> str:
    """Return a command that fires one alert of the generic format; it works as copied."""
    body = '{"title": "Disk full on db-1", "severity": "critical", "dedup_key": "disk db-1"}'
    return f"curl -X POST {base_url}/api/v1/events/{key} -H 'Content-Type: application/json' -d '{body}'"


def _standard_library(log_format: str, level: str, common: list[structlog.typing.Processor]) -> dict[str, Any]:
    """Return the set-up by which lines of uvicorn, SQLAlchemy and others look like ours.

    The access logs stay off: they would hold the tokens of links and the keys of integrations.
    """
    renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": common,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "handlers": {"terminal": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["terminal"], "level": level.upper()},
        "loggers": {
            "uvicorn.access": {"level": "CRITICAL"},
            "mail.log": {"level": "CRITICAL"},  # aiosmtpd's: addresses of integrations are their keys
            "slixmpp": {"level": "CRITICAL"},  # of XMPP: every line that goes over the wire, so passwords and pages
            **{name: {"level": "WARNING"} for name in ("uvicorn.error", "alembic", "apscheduler", "httpx")},
        },
    }
