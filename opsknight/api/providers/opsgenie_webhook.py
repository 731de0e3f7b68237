"""Opsgenie's outgoing webhook about alerts, which Jira Service Management sends alike."""

from __future__ import annotations

from typing import Final

from opsknight.api.opsgenie_alerts import SLUG, normalise
from opsknight.api.providers.provider import Provider

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
