"""Every kind of monitor by its slug, which is what integrations store. A new one is one more line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsknight.api.providers import (
    alertmanager,
    argocd,
    bitbucket,
    cloudflare,
    cloudwatch,
    datadog,
    generic,
    github,
    gitlab,
    jenkins,
    jira,
    opsgenie_webhook,
    pagerduty,
    pagerduty_webhook,
    rollbar,
    vercel,
)
from opsknight.api.providers.provider import Provider

PROVIDERS: Final[Mapping[str, Provider]] = {
    provider.slug: provider
    for provider in (
        generic.PROVIDER,
        alertmanager.PROVIDER,
        argocd.PROVIDER,
        bitbucket.PROVIDER,
        cloudflare.PROVIDER,
        cloudwatch.PROVIDER,
        datadog.PROVIDER,
        github.PROVIDER,
        gitlab.PROVIDER,
        jenkins.PROVIDER,
        jira.PROVIDER,
        opsgenie_webhook.PROVIDER,
        pagerduty.PROVIDER,
        pagerduty_webhook.PROVIDER,
        rollbar.PROVIDER,
        vercel.PROVIDER,
    )
}
