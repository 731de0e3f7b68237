"""Wazuh's integrations: the alert itself, and the bodies of its scripts for Shuffle, Slack and custom webhooks.

Sources: https://documentation.wazuh.com/current/user-manual/manager/integration-with-external-apis.html and
https://documentation.wazuh.com/current/user-manual/ruleset/rules/rules-classification.html (levels 0 to 16)
Wazuh tells of what happened, never that it is over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    first,
    inner,
    instant,
    is_list,
    is_object,
    one_line,
    scoped,
    severity_of,
    stable,
    text,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "wazuh"

_LEVELS: Final = ((15, Severity.CRITICAL), (12, Severity.ERROR), (7, Severity.WARNING), (0, Severity.INFO))
"""From this level of a rule on, an alert is so bad: Wazuh's own critical, high, medium and low."""
_SHUFFLE: Final[Mapping[str, Severity]] = {"1": Severity.INFO, "2": Severity.WARNING, "3": Severity.ERROR}
_LINES: Final[Mapping[str, str]] = {
    "Rule ID ": "rule_id",
    "Level ": "level",
    "Agent ID ": "agent_id",
    "Agent Name ": "agent_name",
}
"""How the lines of a description begin, and what stands after it."""
_AGENT: Final = re.compile(r"\(([^()]{1,20})\) - (.{1,200})")
_RULE: Final = re.compile(r"(\d{1,10}) _\(Level (\d{1,3})\)_")
"""What Wazuh's script for Slack writes of an agent and of a rule."""
_DETAILS: Final = ("full_log", "location", "decoder", "data", "syscheck", "manager", "previous_output")
_TITLE: Final = ("message", "title", "text")
_REFUSAL: Final = "The Wazuh payload has neither a rule nor a message; does the integration send alerts as JSON?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one trigger of `payload`; its rule and agent are the dedup key.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Wazuh payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    alert = next((one for one in _alerts(payload) if inner(one, "rule")), None)
    if alert is not None:
        return [_alerted(alert)]
    message = _slack(payload) or payload
    return [_told(message)] if first(message, _TITLE) else marked(SLUG, payload, refusal=_REFUSAL)


def _alerts(payload: Said) -> Iterator[Said]:
    """Yield where an alert may stand: by itself, in Shuffle's all_fields, in Elasticsearch's _source."""
    yield payload
    for name in ("all_fields", "_source", "alert"):
        yield inner(payload, name)


def _alerted(alert: Said) -> Event:
    rule, agent = inner(alert, "rule"), inner(alert, "agent")
    number, name = first(rule, ("id",)), first(agent, ("name", "ip", "id"))
    groups: Any = rule.get("groups")
    details = {one: alert[one] for one in _DETAILS if alert.get(one)} | {"rule": rule}
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, _identity(number, first(agent, ("id",)) or name, first(rule, ("description",)))),
        title=one_line(first(rule, ("description",))) or f"Wazuh rule {number}"[:100],
        severity=_by_level(rule.get("level")),
        source=name,
        component=first(inner(alert, "decoder"), ("name",)),
        occurred_at=instant(alert.get("timestamp")),
        tags={text(one): "" for one in groups if text(one)} if is_list(groups) else {},
        details=details,
    )


def _told(said: Said) -> Event:
    """Return the event of a message with lines about its rule and agent, as the custom scripts write it."""
    lines = _fields(said.get("fields")) or _lines(text(said.get("description")) or text(said.get("text")))
    title = first(said, _TITLE)
    severity = severity_of(said.get("severity")) or _SHUFFLE.get(text(said.get("severity")))
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(
            SLUG, _identity(first(said, ("rule_id",)) or lines.get("rule_id", ""), lines.get("agent_id", ""), title)
        ),
        title=one_line(title) or "Wazuh alert",
        severity=severity or (_by_level(lines["level"]) if "level" in lines else Severity.ERROR),
        source=lines.get("agent_name", ""),
        occurred_at=instant(said.get("created_at")) or instant(said.get("timestamp")) or instant(said.get("ts")),
        details={name: value for name, value in said.items() if name not in _TITLE and value},
    )


def _slack(payload: Said) -> Said | None:
    """Return the attachment of a Slack message as a message of its own, None where there is none."""
    attached: Any = payload.get("attachments")
    return next((one for one in attached if is_object(one)), None) if is_list(attached) else None


def _fields(listed: Any) -> dict[str, str]:
    """Return what the fields of a Slack message say: “(014) - shop-1” of an agent, “5710 _(Level 5)_” of a rule."""
    found: dict[str, str] = {}
    for one in listed if is_list(listed) else ():
        title, value = first(inner(one), ("title",)), first(inner(one), ("value",))
        if title == "Agent" and (agent := _AGENT.fullmatch(value)):
            found |= {"agent_id": agent[1], "agent_name": agent[2]}
        elif title == "Agentless Host":
            found |= {"agent_id": value, "agent_name": value}
        elif title == "Rule ID" and (rule := _RULE.fullmatch(value)):
            found |= {"rule_id": rule[1], "level": rule[2]}
    return found


def _lines(description: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in description.splitlines():
        for begin, name in _LINES.items():
            if line.startswith(begin):
                found.setdefault(name, line.removeprefix(begin).strip())
    return found


def _identity(rule: str, agent: str, title: str) -> str:
    """Return the rule and the agent, or the title where no rule is named."""
    return f"rule:{rule}:{agent}" if rule else stable(title, agent)


def _by_level(level: Any) -> Severity:
    said = text(level)
    if not said.isdecimal() or len(said) > 3:
        return Severity.ERROR
    return next(severity for least, severity in _LEVELS if int(said) >= least)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Wazuh",
    docs_url="https://documentation.wazuh.com/current/user-manual/manager/integration-with-external-apis.html",
    normalise=normalise,
    where="ossec.conf on the Wazuh manager; the Shuffle integration posts any alert as JSON",
    setup="""<integration>
  <name>shuffle</name>
  <hook_url>{address}</hook_url>
  <level>7</level>
  <alert_format>json</alert_format>
</integration>""",
    sample={
        "timestamp": "2026-11-24T12:00:00.000+0000",
        "rule": {"level": 3, "description": "OpsKnight test", "id": "100001", "groups": ["test"], "firedtimes": 1},
        "agent": {"id": "001", "name": "shop-1", "ip": "192.0.2.10"},
        "manager": {"name": "wazuh"},
        "id": "1795521600.1",
        "decoder": {"name": "json"},
        "full_log": "A log line",
        "location": "/var/log/syslog",
    },
)
