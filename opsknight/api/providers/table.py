"""Every kind of monitor by its slug, which is what integrations store. A new one is one more line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsknight.api.providers import (
    alertmanager,
    auvik,
    checkmk,
    datadog,
    generic,
    graylog,
    icinga,
    kapacitor,
    librenms,
    logicmonitor,
    manageengine,
    nagios,
    netbox,
    netdata,
    pagerduty,
    prtg,
    riemann,
    sensu,
    site24x7,
    solarwinds,
    zabbix,
)
from opsknight.api.providers.provider import Provider

PROVIDERS: Final[Mapping[str, Provider]] = {
    provider.slug: provider
    for provider in (
        generic.PROVIDER,
        alertmanager.PROVIDER,
        auvik.PROVIDER,
        checkmk.PROVIDER,
        datadog.PROVIDER,
        graylog.PROVIDER,
        icinga.PROVIDER,
        kapacitor.PROVIDER,
        librenms.PROVIDER,
        logicmonitor.PROVIDER,
        manageengine.PROVIDER,
        nagios.PROVIDER,
        netbox.PROVIDER,
        netdata.PROVIDER,
        pagerduty.PROVIDER,
        prtg.PROVIDER,
        riemann.PROVIDER,
        sensu.PROVIDER,
        site24x7.PROVIDER,
        solarwinds.PROVIDER,
        zabbix.PROVIDER,
    )
}
