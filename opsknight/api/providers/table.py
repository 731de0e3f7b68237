"""Every kind of monitor by its slug, which is what integrations store. A new one is one more line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsknight.api.providers import (
    alertmanager,
    appdynamics,
    axiom,
    azure,
    coralogix,
    datadog,
    dynatrace,
    elastic,
    generic,
    google_cloud_monitoring,
    grafana,
    honeycomb,
    newrelic,
    pagerduty,
    sentry,
    splunk_observability,
    splunk_oncall,
)
from opsknight.api.providers.provider import Provider

PROVIDERS: Final[Mapping[str, Provider]] = {
    provider.slug: provider
    for provider in (
        generic.PROVIDER,
        alertmanager.PROVIDER,
        appdynamics.PROVIDER,
        axiom.PROVIDER,
        azure.PROVIDER,
        coralogix.PROVIDER,
        datadog.PROVIDER,
        dynatrace.PROVIDER,
        elastic.PROVIDER,
        google_cloud_monitoring.PROVIDER,
        grafana.PROVIDER,
        honeycomb.PROVIDER,
        newrelic.PROVIDER,
        pagerduty.PROVIDER,
        sentry.PROVIDER,
        splunk_observability.PROVIDER,
        splunk_oncall.PROVIDER,
    )
}
