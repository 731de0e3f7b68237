"""Opsgenie's outgoing webhook about alerts, which Jira Service Management sends alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from opsknight.api.opsgenie_alerts import SLUG, read_alert
from opsknight.api.providers.provider import Context, Provider, within_limits
from opsknight.domain.model.event import Event, Unreadable


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, or none where an alert was only noted, assigned or escalated.

    Raises:
        Malformed: it holds no alert, and no text in it says what is wrong.
    """
    event = read_alert(payload)
    return [] if event is None else [within_limits(event, may_exceed=context.may_exceed)]


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Opsgenie webhooks",
    docs_url="https://support.atlassian.com/opsgenie/docs/integrate-opsgenie-with-webhook/",
    normalise=normalise,
    where="Settings → Integrations → Add integration → Webhook",
    setup="""Webhook URL: {address}
Alert actions: Create, Acknowledge, UnAcknowledge, Close, Delete
Add alert description and alert details to the payload: on""",
    sample={
        "action": "Create",
        "alert": {
            "alertId": "opsknight-test",
            "message": "OpsKnight test",
            "alias": "opsknight-test",
            "priority": "P5",
            "entity": "example",
        },
        "source": {"name": "OpsKnight", "type": "API"},
        "integrationName": "OpsKnight",
    },
)
