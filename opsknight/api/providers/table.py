"""Every kind of monitor by its slug, which is what integrations store. A new one is one more line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsknight.api.providers import (
    alertmanager,
    better_stack,
    checkly,
    cloudevents,
    cronitor,
    dash0,
    datadog,
    dead_mans_snitch,
    freshping,
    freshstatus,
    generic,
    grafana_oncall,
    healthchecks,
    hetrixtools,
    hyperping,
    instana,
    openobserve,
    pagerduty,
    pingdom,
    prometheus,
    signoz,
    statuscake,
    updown,
    uptime_kuma,
    uptimerobot,
    wazuh,
)
from opsknight.api.providers.provider import Provider

PROVIDERS: Final[Mapping[str, Provider]] = {
    provider.slug: provider
    for provider in (
        generic.PROVIDER,
        alertmanager.PROVIDER,
        better_stack.PROVIDER,
        checkly.PROVIDER,
        cloudevents.PROVIDER,
        cronitor.PROVIDER,
        dash0.PROVIDER,
        datadog.PROVIDER,
        dead_mans_snitch.PROVIDER,
        freshping.PROVIDER,
        freshstatus.PROVIDER,
        grafana_oncall.PROVIDER,
        healthchecks.PROVIDER,
        hetrixtools.PROVIDER,
        hyperping.PROVIDER,
        instana.PROVIDER,
        openobserve.PROVIDER,
        pagerduty.PROVIDER,
        pingdom.PROVIDER,
        prometheus.PROVIDER,
        signoz.PROVIDER,
        statuscake.PROVIDER,
        updown.PROVIDER,
        uptime_kuma.PROVIDER,
        uptimerobot.PROVIDER,
        wazuh.PROVIDER,
    )
}
