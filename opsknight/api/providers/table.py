"""Every kind of monitor by its slug, which is what integrations store. A new one is one more line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsknight.api.providers import (
    alertmanager,
    appdynamics,
    auvik,
    axiom,
    azure,
    checkmk,
    coralogix,
    datadog,
    dynatrace,
    elastic,
    generic,
    google_cloud_monitoring,
    grafana,
    graylog,
    honeycomb,
    icinga,
    kapacitor,
    librenms,
    logicmonitor,
    manageengine,
    nagios,
    netbox,
    netdata,
    newrelic,
    pagerduty,
    prtg,
    riemann,
    sensu,
    sentry,
    site24x7,
    solarwinds,
    splunk_observability,
    splunk_oncall,
    zabbix,
)
from opsknight.api.providers.provider import Provider

PROVIDERS: Final[Mapping[str, Provider]] = {
    provider.slug: provider
    for provider in (
        generic.PROVIDER,
        alertmanager.PROVIDER,
        appdynamics.PROVIDER,
        auvik.PROVIDER,
        axiom.PROVIDER,
        azure.PROVIDER,
        checkmk.PROVIDER,
        coralogix.PROVIDER,
        datadog.PROVIDER,
        dynatrace.PROVIDER,
        elastic.PROVIDER,
        google_cloud_monitoring.PROVIDER,
        grafana.PROVIDER,
        graylog.PROVIDER,
        honeycomb.PROVIDER,
        icinga.PROVIDER,
        kapacitor.PROVIDER,
        librenms.PROVIDER,
        logicmonitor.PROVIDER,
        manageengine.PROVIDER,
        nagios.PROVIDER,
        netbox.PROVIDER,
        netdata.PROVIDER,
        newrelic.PROVIDER,
        pagerduty.PROVIDER,
        prtg.PROVIDER,
        riemann.PROVIDER,
        sensu.PROVIDER,
        sentry.PROVIDER,
        site24x7.PROVIDER,
        solarwinds.PROVIDER,
        splunk_observability.PROVIDER,
        splunk_oncall.PROVIDER,
        zabbix.PROVIDER,
    )
}
