"""How each monitor is told to send: what to paste where, complete with the integration's own address and key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from opsknight.deps import Monitor

EMAIL: Final = "email"
"""The provider that is sent mails."""
GENERIC: Final = "generic"
MAIL_IS_OFF: Final = (
    "OpsKnight takes no mail yet. Set OPSKNIGHT_MAIL_IN to where it shall listen, 0.0.0.0:2525 for example, and start"
    " it again; the address then stands here."
)
NO_MONITORS: Final[Mapping[str, Monitor]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Sender:
    """One provider as people set it up: its name, where the text goes, and the text for an address and key."""

    name: str
    where: str
    text: Callable[[str, str], str]


def sender(provider: str, monitors: Mapping[str, Monitor] = NO_MONITORS) -> Sender:
    """Return how `provider` is set up; one without words of its own is given the plain address."""
    monitor = monitors.get(provider)
    if provider in _SENDERS or monitor is None:
        return _SENDERS.get(
            provider, Sender(provider.replace("-", " ").capitalize(), "As its webhook address", _address)
        )

    def text(base_url: str, key: str) -> str:
        setup = monitor.setup.replace("{address}", _address(base_url, key))
        return setup.replace("{base}", base_url).replace("{key}", key)

    return Sender(monitor.label, monitor.where, text)


def kinds(monitors: Mapping[str, Monitor] = NO_MONITORS) -> Mapping[str, str]:
    """Return the name of every kind of monitor by its provider: what anything can send first, the others by name."""
    named = {provider: kind.label for provider, kind in monitors.items()}
    named |= {provider: one.name for provider, one in _SENDERS.items()}
    return dict(sorted(named.items(), key=lambda kind: (kind[0] != GENERIC, kind[1].lower())))


def endpoint(base_url: str, key: str, *, provider: str) -> str:
    """Return the address that events of an integration are posted to."""
    return f"{base_url}/v2/enqueue" if provider == "pagerduty" else f"{base_url}/api/v1/events/{key}"


def mail_address(key: str, mail_host: str) -> str:
    """Return the address that mails for an integration go to, "" where no mail is taken."""
    return f"{key}@{mail_host}" if mail_host else ""


def curl(base_url: str, key: str) -> str:
    """Return a line that opens an incident when pasted into any shell, as it is."""
    body = json.dumps({"title": "Disk 91 % full on db-1", "severity": "critical", "dedup_key": "disk-db-1"})
    return f"curl {base_url}/api/v1/events/{key} \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'"


def change_curl(base_url: str, key: str, *, has_secret: bool) -> str:
    """Return a line that tells of a deployment; where there is a secret, it must be put in the place that names it."""
    body = json.dumps({"routing_key": key, "payload": {"summary": "Deployed v2.1", "source": "ci"}})
    proof = "  -H 'Authorization: Bearer YOUR-SECRET' \\\n" if has_secret else ""
    line = f"curl {base_url}/v2/change/enqueue \\\n  -H 'Content-Type: application/json' \\\n"
    return f"{line}{proof}  -d '{body}'"


def test_event(provider: str, key: str, monitors: Mapping[str, Monitor]) -> str:
    """Return the JSON of an event as `provider` itself would send it, marked as a test."""
    if provider in monitors:
        return json.dumps(dict(monitors[provider].sample))
    title = "Test event: OpsKnight receives what this integration sends"
    bodies: dict[str, object] = {
        "alertmanager": {
            "version": "4",
            "status": "firing",
            "receiver": "opsknight",
            "groupKey": '{}:{alertname="OpsKnightTest"}',
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "",
            "alerts": [
                {
                    "status": "firing",
                    "labels": {"alertname": "OpsKnightTest", "severity": "info"},
                    "annotations": {"summary": title},
                    "startsAt": "2026-01-01T00:00:00Z",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "generatorURL": "",
                    "fingerprint": "0f0f0f0f0f0f0f0f",
                }
            ],
        },
        "datadog": {
            "alert_id": "0",
            "alert_title": title,
            "alert_transition": "Triggered",
            "alert_type": "info",
            "aggreg_key": "opsknight-test",
        },
        "pagerduty": {
            "routing_key": key,
            "event_action": "trigger",
            "dedup_key": "opsknight-test",
            "payload": {"summary": title, "source": "OpsKnight", "severity": "info"},
        },
    }
    generic = {"title": title, "severity": "info", "source": "OpsKnight", "dedup_key": "opsknight-test"}
    return json.dumps(bodies.get(provider, generic))


def takes_tests(integration_id: int) -> str:
    """Return where a test event goes: who presses is proof enough, as no page can sign like a monitor."""
    return f"/api/v1/integrations/{integration_id}/test-event"


def _address(base_url: str, key: str) -> str:
    return f"{base_url}/api/v1/events/{key}"


def _alertmanager(base_url: str, key: str) -> str:
    return (
        "receivers:\n"
        "  - name: opsknight\n"
        "    webhook_configs:\n"
        f"      - url: {base_url}/api/v1/events/{key}\n"
        "        send_resolved: true"
    )


def _pagerduty(base_url: str, key: str) -> str:
    body = {
        "routing_key": key,
        "event_action": "trigger",
        "payload": {"summary": "Disk 91 % full on db-1", "source": "db-1", "severity": "critical"},
    }
    return f"curl {base_url}/v2/enqueue \\\n  -H 'Content-Type: application/json' \\\n  -d '{json.dumps(body)}'"


def _datadog(base_url: str, key: str) -> str:
    payload = {
        "alert_id": "$ALERT_ID",
        "alert_title": "$ALERT_TITLE",
        "alert_transition": "$ALERT_TRANSITION",
        "alert_priority": "$ALERT_PRIORITY",
        "alert_scope": "$ALERT_SCOPE",
        "aggreg_key": "$AGGREG_KEY",
        "body": "$TEXT_ONLY_MSG",
        "date": "$DATE_POSIX",
        "hostname": "$HOSTNAME",
        "link": "$LINK",
        "tags": "$TAGS",
    }
    return f"URL\n{base_url}/api/v1/events/{key}\n\nPayload\n{json.dumps(payload, indent=2)}"


_SENDERS = {
    "generic": Sender("Generic events", "In any shell, script or tool that can send JSON", curl),
    "alertmanager": Sender("Prometheus Alertmanager", "In alertmanager.yml", _alertmanager),
    "datadog": Sender(
        "Datadog",
        "In Integrations → Webhooks, named opsknight; then write @webhook-opsknight into a monitor's message",
        _datadog,
    ),
    "pagerduty": Sender(
        "PagerDuty Events API v2", "Anything made for PagerDuty: this address, this routing key", _pagerduty
    ),
}
