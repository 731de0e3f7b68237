"""The one table of channels. A new channel is its file, a line here, its face in the model, and a case of tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from opsknight import phone as numbers
from opsknight.carriers import (
    Carriers,
    GatewaySettings,
    ResendSettings,
    SendgridSettings,
    SesSettings,
    SnsSettings,
    TeamsSettings,
    TwilioSettings,
    VonageSettings,
)
from opsknight.domain.model.channel import ChannelKind
from opsknight.jobs.channels import (
    apprise,
    discord,
    email,
    gateway,
    google_chat,
    gotify,
    mail_resend,
    mail_sendgrid,
    mail_ses,
    matrix,
    mattermost,
    ntfy,
    phone,
    push,
    pushover,
    sink,
    slack,
    sns,
    teams,
    teams_bot,
    telegram,
    twilio,
    vonage,
    webhook,
    window,
    xmpp,
)
from opsknight.jobs.channels.channel import Channel, ChannelSettings, Ground, Tells
from opsknight.jobs.channels.routes import Country, NotSet, Routed, nowhere
from opsknight.settings import rows

if TYPE_CHECKING:
    from opsknight.deps import Deps

WIDTH: Final = 32
"""Calls of one channel that may run at once."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """One provider of a channel: its name, what is missing before it can be used, and how it is made.

    `proof` is the secret by which its calls to us are known, empty where it makes none; `tells` makes what answers
    people who write to us by it, None where nobody is answered so. `unpriced` is the setting that would say what a
    message costs, empty where that is known.
    """

    slug: str
    make: Callable[[Ground], Channel]
    missing: Callable[[Ground], str] = lambda _ground: ""
    settings: type[ChannelSettings] | None = None
    proof: Callable[[Ground], str] = lambda _ground: ""
    unpriced: Callable[[Ground], str] = lambda _ground: ""
    tells: Callable[[Ground], Tells] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to reach somebody: what it is to people, how many calls may run at once, and by whom it goes.

    Its addresses may name `many_hosts`, each of them called for itself. `reader` makes how an address is read,
    `keeper` how what is kept with it is, and `helper` what helps to find it, where that depends on settings.
    """

    channel: ChannelKind
    carriers: tuple[Carrier, ...]
    width: int = WIDTH
    many_hosts: bool = False
    country: Country = nowhere
    reader: Callable[[Ground], Callable[[str], str]] | None = None
    keeper: Callable[[Ground], Callable[[str], Mapping[str, str]]] | None = None
    helper: Callable[[Ground], str] | None = None

    def on(self, ground: Ground) -> ChannelKind:
        """Return what it is to people on one installation."""
        read = self.channel.read if self.reader is None else self.reader(ground)
        keep = self.channel.keep if self.keeper is None else self.keeper(ground)
        help_ = self.channel.help if self.helper is None else self.helper(ground)
        return replace(
            self.channel,
            read=read,
            keep=keep,
            help=help_,
            not_ready=_missing(self, ground),
            unpriced=_unpriced(self, ground),
        )


@dataclass(frozen=True, slots=True)
class Lane:
    """A channel as the worker uses it, apart from all others; of `many_hosts` none may take all its places."""

    slug: str
    width: int
    channel: Channel
    many_hosts: bool = False


def unpriced(settings: type[ChannelSettings], name: str) -> Callable[[Ground], str]:
    """Return what names the setting `name` of a carrier that tells no prices, "" where an operator has set it."""

    def setting(ground: Ground) -> str:
        known = getattr(ground.read(settings), name) is not None
        return "" if known else f"{settings.model_config.get('env_prefix', '')}{name.upper()}"

    return setting


KINDS: Final = (
    Kind(
        email.KIND,
        (
            Carrier("smtp", email.make, email.missing),
            Carrier("ses", mail_ses.make, mail_ses.missing, SesSettings),
            Carrier("sendgrid", mail_sendgrid.make, mail_sendgrid.missing, SendgridSettings),
            Carrier("resend", mail_resend.make, mail_resend.missing, ResendSettings),
        ),
    ),
    Kind(push.KIND, (Carrier("push", push.make),), many_hosts=True),
    Kind(sink.KIND, (Carrier("sink", sink.make),)),
    Kind(ntfy.KIND, (Carrier("ntfy", ntfy.make, settings=ntfy.NtfySettings),)),
    Kind(slack.KIND, (Carrier("slack", slack.make, slack.missing, settings=slack.SlackSettings),)),
    Kind(
        teams_bot.KIND,
        (Carrier("teams_bot", teams_bot.make, teams_bot.missing, TeamsSettings, tells=teams_bot.make),),
        reader=teams_bot.reader,
        keeper=teams_bot.keeper,
    ),
    Kind(teams.KIND, (Carrier("teams", teams.make),), many_hosts=True, reader=teams.reader),
    Kind(
        apprise.KIND,
        (Carrier("apprise", apprise.make, apprise.missing, settings=apprise.AppriseSettings),),
        width=apprise.THREADS,
        reader=apprise.reader,
    ),
    Kind(webhook.KIND, (Carrier("webhook", webhook.make),), many_hosts=True, reader=webhook.reader),
    Kind(
        phone.SMS,
        (
            Carrier(
                "twilio",
                twilio.Texts.make,
                lambda ground: twilio.missing(ground, "sms_from"),
                TwilioSettings,
                unpriced=unpriced(TwilioSettings, "sms_price"),
            ),
            Carrier("vonage", vonage.make, vonage.missing, VonageSettings, unpriced=vonage.unpriced),
            Carrier("sns", sns.make, sns.missing, SnsSettings, unpriced=unpriced(SnsSettings, "sms_price")),
            Carrier(
                "gateway",
                gateway.make,
                gateway.missing,
                GatewaySettings,
                unpriced=unpriced(GatewaySettings, "sms_price"),
            ),
        ),
        country=numbers.country,
    ),
    Kind(
        phone.VOICE,
        (
            Carrier(
                "twilio",
                twilio.Calls.make,
                lambda ground: twilio.missing(ground, "voice_from"),
                unpriced=unpriced(TwilioSettings, "voice_price"),
            ),
        ),
        country=numbers.country,
    ),
    Kind(
        phone.WHATSAPP,
        (
            Carrier(
                "twilio",
                twilio.WhatsApp.make,
                lambda ground: twilio.missing(ground, "whatsapp_from"),
                unpriced=unpriced(TwilioSettings, "whatsapp_price"),
            ),
        ),
        country=numbers.country,
        helper=phone.whatsapp_help,
    ),
    Kind(discord.KIND, (Carrier("discord", discord.make, settings=discord.DiscordSettings, proof=discord.proof),)),
    Kind(google_chat.KIND, (Carrier("google_chat", google_chat.make, settings=google_chat.GoogleChatSettings),)),
    Kind(gotify.KIND, (Carrier("gotify", gotify.make, gotify.missing, gotify.GotifySettings),)),
    Kind(matrix.KIND, (Carrier("matrix", matrix.make, matrix.missing, matrix.MatrixSettings),)),
    Kind(
        mattermost.KIND,
        (Carrier("mattermost", mattermost.make, mattermost.missing, mattermost.MattermostSettings, mattermost.proof),),
    ),
    Kind(pushover.KIND, (Carrier("pushover", pushover.make, pushover.missing, pushover.PushoverSettings),)),
    Kind(
        telegram.KIND,
        (Carrier("telegram", telegram.make, telegram.missing, telegram.TelegramSettings, telegram.proof),),
    ),
    Kind(window.KIND, (Carrier("window", window.make),)),
    Kind(xmpp.KIND, (Carrier("xmpp", xmpp.make, xmpp.missing, xmpp.XmppSettings),)),
)


def of(deps: Deps) -> Mapping[str, Lane]:
    """Return the channels of an installation."""
    return build(_ground(deps))


def kinds(ground: Ground) -> Mapping[str, ChannelKind]:
    """Return what each channel is to people, and what its operator has to set first where it is not ready."""
    return {kind.channel.slug: kind.on(ground) for kind in KINDS}


def build(ground: Ground) -> Mapping[str, Lane]:
    """Return every channel by its name, ready to send.

    Raises:
        CannotStart: a setting cannot be used.
    """
    return {
        kind.channel.slug: Lane(kind.channel.slug, kind.width, _channel(kind, ground), kind.many_hosts)
        for kind in KINDS
    }


def amending(deps: Deps) -> Mapping[str, Routed]:
    """Return the channels whose messages can be changed, with connections of their own."""
    ground = _ground(deps)
    made = {kind.channel.slug: _channel(kind, ground) for kind in KINDS}
    return {slug: channel for slug, channel in made.items() if isinstance(channel, Routed) and channel.amends}


def telling(ground: Ground) -> Mapping[str, Tells]:
    """Return the channels by which people who write to us are answered, with connections of their own."""
    every = [(kind.channel.slug, one) for kind in KINDS for one in kind.carriers]
    return {slug: one.tells(ground) for slug, one in every if one.tells is not None and not one.missing(ground)}


def carriers(ground: Ground) -> Carriers:
    """Return what the operator has set for the carriers that bring something in.

    Raises:
        CannotStart: a setting cannot be used.
    """
    return Carriers(
        ground.read(TwilioSettings),
        ground.read(VonageSettings),
        ground.read(GatewaySettings),
        ground.read(SesSettings),
        ground.read(SendgridSettings),
        ground.read(ResendSettings),
        ground.read(TeamsSettings),
    )


def proofs(ground: Ground) -> Mapping[str, str]:
    """Return the secret by which each carrier proves that a call to us is its own."""
    found = {carrier.slug: carrier.proof(ground) for kind in KINDS for carrier in kind.carriers}
    return {slug: secret for slug, secret in found.items() if secret}


def settings_table() -> str:
    """Return the settings of all channels as a table in Markdown, for docs/settings.md."""
    found = {carrier.settings: None for kind in KINDS for carrier in kind.carriers if carrier.settings is not None}
    return "".join(rows(settings) for settings in found)


def _ground(deps: Deps) -> Ground:
    return Ground(deps.settings, deps.installation.vapid_private_pem, deps.clock.now, windows=deps.window_post)


def _channel(kind: Kind, ground: Ground) -> Routed | NotSet:
    ready = {one.slug: one.make(ground) for one in kind.carriers if not one.missing(ground)}
    return Routed(ready, country=kind.country) if ready else NotSet(_missing(kind, ground))


def _unpriced(kind: Kind, ground: Ground) -> tuple[str, ...]:
    return tuple(why for one in kind.carriers if not one.missing(ground) and (why := one.unpriced(ground)))


def _missing(kind: Kind, ground: Ground) -> str:
    """Return what has to be set, by the words of the carrier that comes first; empty where one is ready."""
    missing = [carrier.missing(ground) for carrier in kind.carriers]
    return missing[0] if all(missing) else ""
