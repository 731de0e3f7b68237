"""A service as people arrange it: whose it is, who is asked, and how long an answer holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

MAX_NAME: Final = 100
MAX_DESCRIPTION: Final = 1000
MAX_ADDRESS: Final = 2000
MAX_TAGS: Final = 20
MAX_TAG: Final = 200
SHORTEST_ACK: Final = timedelta(minutes=1)
LONGEST_ACK: Final = timedelta(days=7)
LONGEST_REOPEN: Final = timedelta(days=7)
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,63}")


class BadService(ValueError):
    """A service cannot be kept so; the text says why and what now."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a service shall be; a timeout of None is never. How loudly it pages is set apart."""

    name: str
    team_id: int
    policy_id: int
    description: str = ""
    runbook_url: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    ack_timeout_high: timedelta | None = timedelta(minutes=30)
    ack_timeout_low: timedelta | None = None
    reopen_window: timedelta = timedelta(0)
    resolves_with_last_alert: bool = True


def checked(plan: Plan) -> Plan:
    """Return `plan` as it is stored.

    Raises:
        BadService: its name, texts, tags or times cannot be kept.
    """
    name, runbook = " ".join(plan.name.split()), plan.runbook_url.strip()
    if not name:
        raise BadService("A service needs a name: what breaks, such as “Checkout”.")
    if len(name) > MAX_NAME:
        raise BadService(f"The name has {len(name)} characters; {MAX_NAME} are allowed.")
    if len(description := plan.description.strip()) > MAX_DESCRIPTION:
        raise BadService(f"The description has {len(description)} characters; {MAX_DESCRIPTION} are allowed.")
    if runbook and not _is_web_address(runbook):
        raise BadService("The runbook is no web address; it begins with https:// or http://.")
    for words, timeout in (("high", plan.ack_timeout_high), ("low", plan.ack_timeout_low)):
        if timeout is not None and not SHORTEST_ACK <= timeout <= LONGEST_ACK:
            raise BadService(f"The time after which a {words} incident is asked about is from 1 minute to 7 days.")
    if not timedelta(0) <= plan.reopen_window <= LONGEST_REOPEN:
        raise BadService("The time within which an incident reopens is from 0 to 7 days.")
    return replace(plan, name=name, description=description, runbook_url=runbook, tags=_tags(plan.tags))


def _tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    kept = {key.strip(): value.strip() for key, value in tags.items()}
    if len(kept) > MAX_TAGS:
        raise BadService(f"There are {len(kept)} tags; {MAX_TAGS} are allowed.")
    for key, value in kept.items():
        if not _TAG.fullmatch(key):
            raise BadService(f"“{key[:80]}” is no name of a tag: write up to 64 letters, digits and _ . / - in it.")
        if not value or len(value) > MAX_TAG:
            raise BadService(f"The tag “{key}” needs a value of at most {MAX_TAG} characters.")
    return kept


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            len(text) <= MAX_ADDRESS
            and parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and text.isprintable()
            and " " not in text
        )
    except ValueError:
        return False
