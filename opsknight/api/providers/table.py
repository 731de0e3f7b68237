"""Every kind of monitor by its slug, which is what integrations store. A new one is one more line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsknight.api.providers import (
    alertmanager,
    better_stack,
    datadog,
    generic,
    pagerduty,
    pingdom,
    statuscake,
    uptime_kuma,
    uptimerobot,
)
from opsknight.api.providers.provider import Provider

PROVIDERS: Final[Mapping[str, Provider]] = {
    provider.slug: provider
    for provider in (
        generic.PROVIDER,
        alertmanager.PROVIDER,
        better_stack.PROVIDER,
        datadog.PROVIDER,
        pagerduty.PROVIDER,
        pingdom.PROVIDER,
        statuscake.PROVIDER,
        uptime_kuma.PROVIDER,
        uptimerobot.PROVIDER,
    )
}
