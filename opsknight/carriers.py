"""What an operator sets for the carriers of texts, calls, mail and Teams: read by whoever sends, and who hears them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, Self

import orjson
from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from opsknight.patterns import compile_pattern
from opsknight.settings import ChannelSettings

SENDGRID_MESSAGE: Final = "opsknight_message"
"""The argument of a mail by SendGrid, told again with each of its events, that names our message."""
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_A_PRICE: Final = "What one {} costs, for the sum of each month where {} itself does not tell. Without it unknown."


class TwilioSettings(ChannelSettings):
    """What an operator sets for Twilio."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_TWILIO_")

    account_sid: str = Field(default="", description="Account of texts, calls and WhatsApp by Twilio (AC…).")
    auth_token: str = Field(
        default="", repr=False, description="Auth token of the account; Twilio's callbacks are verified with it."
    )
    api_key: str = Field(default="", description="API key to send with instead of the auth token (SK…).")
    api_secret: str = Field(default="", repr=False, description="Secret of the API key.")
    sms_from: str = Field(default="", description="Number that texts come from, or a messaging service (MG…).")
    voice_from: str = Field(default="", description="Number that calls come from.")
    whatsapp_from: str = Field(default="", description="Number that WhatsApp messages come from.")
    whatsapp_content_sid: str = Field(
        default="",
        description="Approved WhatsApp template (HX…) with the variables 1, the first line, and 2, the number."
        " Without it plain text is sent, which WhatsApp delivers within 24 h of a person's own message only.",
    )
    whatsapp_code_sid: str = Field(
        default="",
        description="Approved WhatsApp template (HX…) of the category authentication with the variable 1, a code."
        " Without it whoever adds a number has to write to ours first.",
    )
    whatsapp_note_sid: str = Field(
        default="",
        description="Approved WhatsApp template (HX…) with the variable 1, a text: for summaries, drills, tests and"
        " whatever else is about no single incident. Without it plain text is sent.",
    )
    language: str = Field(default="en-US", description="Language in which calls are read out.")
    url: str = Field(default="https://api.twilio.com", description="Where Twilio's API is; a region's, or a proxy.")
    sms_price: Decimal | None = Field(default=None, ge=0, description=_A_PRICE.format("segment of a text", "Twilio"))
    voice_price: Decimal | None = Field(default=None, ge=0, description=_A_PRICE.format("call", "Twilio"))
    whatsapp_price: Decimal | None = Field(
        default=None, ge=0, description=_A_PRICE.format("WhatsApp message", "Twilio")
    )
    currency: str = Field(default="USD", description="Currency of these prices.")

    @property
    def whatsapp_number(self) -> str:
        """The number that WhatsApp messages come from, without the scheme that Twilio writes before it."""
        return self.whatsapp_from.removeprefix("whatsapp:")


class VonageSettings(ChannelSettings):
    """What an operator sets for Vonage."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_VONAGE_")

    api_key: str = Field(default="", description="API key of texts by Vonage (Messages API).")
    api_secret: str = Field(default="", repr=False, description="Its secret.")
    signature_secret: str = Field(
        default="", repr=False, description="Signature secret of the account; Vonage's webhooks are verified with it."
    )
    sms_from: str = Field(default="", description="Number, or name, that texts come from.")
    url: str = Field(default="https://api.nexmo.com", description="Where Vonage's API is; a region's, or a proxy.")
    sms_price: Decimal | None = Field(default=None, ge=0, description=_A_PRICE.format("segment of a text", "Vonage"))
    currency: str = Field(default="EUR", description="Currency of this price.")


class SnsSettings(ChannelSettings):
    """What an operator sets for AWS SNS."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_SNS_")

    region: str = Field(default="", description="Region of texts by AWS SNS, like eu-central-1.")
    access_key_id: str = Field(default="", description="Access key that may sns:Publish.")
    secret_access_key: str = Field(default="", repr=False, description="Its secret.")
    session_token: str = Field(default="", repr=False, description="Session token, for temporary keys.")
    sender_id: str = Field(default="", description="Name that texts come from, in countries that allow one.")
    origination_number: str = Field(default="", description="Number that texts come from, in E.164.")
    url: str = Field(default="", description="Where SNS is. Default: the region's public address.")
    sms_price: Decimal | None = Field(default=None, ge=0, description=_A_PRICE.format("segment of a text", "SNS"))
    currency: str = Field(default="USD", description="Currency of this price.")


class SesSettings(ChannelSettings):
    """What an operator sets for Amazon SES."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_SES_")

    region: str = Field(default="", description="Region of mail by Amazon SES, like eu-central-1.")
    access_key_id: str = Field(default="", description="Access key that may ses:SendEmail and ses:SendRawEmail.")
    secret_access_key: str = Field(default="", repr=False, description="Its secret.")
    session_token: str = Field(default="", repr=False, description="Session token, for temporary keys.")
    configuration_set: str = Field(default="", description="Configuration set that mails are sent with.")
    topic: str = Field(default="", description="ARN of the SNS topic by which SES tells what became of mails.")
    url: str = Field(default="", description="Where SES is. Default: the region's public address.")


class SendgridSettings(ChannelSettings):
    """What an operator sets for SendGrid."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_SENDGRID_")

    api_key: str = Field(
        default="", repr=False, description="API key of mail by SendGrid, with the permission Mail Send (SG.…)."
    )
    webhook_key: str = Field(
        default="", description="Verification key of the signed Event Webhook, by which SendGrid tells of mails."
    )
    url: str = Field(
        default="https://api.sendgrid.com",
        description="Where SendGrid's API is; https://api.eu.sendgrid.com for a subuser in the EU, or a proxy.",
    )


class ResendSettings(ChannelSettings):
    """What an operator sets for Resend."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_RESEND_")

    api_key: str = Field(default="", repr=False, description="API key of mail by Resend, which may send (re_…).")
    webhook_secret: str = Field(
        default="", repr=False, description="Signing secret of the webhook by which Resend tells of mails (whsec_…)."
    )
    url: str = Field(default="https://api.resend.com", description="Where Resend's API is, or a proxy.")


class GatewaySettings(ChannelSettings):
    """What an operator sets for an SMS gateway of their own, whatever its protocol over HTTP."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_SMS_GATEWAY_")

    url: str = Field(
        default="",
        description="Address of an SMS gateway of your own, which may be private."
        " {to}, {text} and {id} are filled in, here and in the body.",
    )
    method: Literal["POST", "GET", "PUT"] = Field(default="POST", description="How it is called.")
    headers: str = Field(
        default="{}", repr=False, description='Headers as a JSON object, like {"Authorization": "Bearer …"}.'
    )
    content: Literal["json", "form", "none"] = Field(default="json", description="Kind of the body.")
    body: str = Field(
        default='{"to": "{to}", "text": "{text}"}',
        description="Body with places to fill: a JSON object, or for a form to={to}&text={text}.",
    )
    success: str = Field(
        default="", description="Regular expression that the answer has to match besides a status of 2xx."
    )
    secret: str = Field(
        default="", repr=False, description="Bearer token with which the gateway brings in what people answer."
    )
    sms_price: Decimal | None = Field(default=None, ge=0, description=_A_PRICE.format("segment of a text", "it"))
    currency: str = Field(default="EUR", description="Currency of this price.")

    @field_validator("headers")
    @classmethod
    def _an_object_of_texts(cls, said: str) -> str:
        try:
            found = orjson.loads(said)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise ValueError('must be a JSON object of texts, like {"X-Key": "…"}')
        return said

    @field_validator("success")
    @classmethod
    def _a_pattern(cls, said: str) -> str:
        compile_pattern(said)
        return said

    @model_validator(mode="after")
    def _a_body(self) -> Self:
        if self.content == "json":
            try:
                orjson.loads(self.body)
            except orjson.JSONDecodeError:
                raise ValueError(
                    "OPSKNIGHT_SMS_GATEWAY_BODY must be JSON, or OPSKNIGHT_SMS_GATEWAY_CONTENT form"
                ) from None
        return self


class TeamsSettings(ChannelSettings):
    """What an operator sets for a bot in Microsoft Teams; webhooks of its Workflows need none of it."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_TEAMS_")

    app_id: str = Field(default="", description="Application (client) ID of your Teams bot.")
    app_secret: str = Field(default="", repr=False, description="Client secret of the bot's app registration.")
    tenant: str = Field(
        default="",
        description="Directory (tenant) ID of the bot, where its app registration is for a single tenant; nobody else"
        " is heard then. Empty for a bot of many tenants.",
    )
    login_url: str = Field(
        default="https://login.microsoftonline.com",
        description="Where the bot signs in; a national cloud's, or a proxy.",
    )
    openid_url: str = Field(
        default="https://login.botframework.com/v1/.well-known/openidconfiguration",
        description="Where the keys by which Microsoft's calls are verified are named; a national cloud's, or a proxy.",
    )
    issuer: str = Field(
        default="https://api.botframework.com",
        description="Who signs those calls, and for whom the bot signs in; a national cloud's.",
    )

    @field_validator("app_id", "tenant")
    @classmethod
    def _an_id(cls, said: str) -> str:
        if said and not _GUID.fullmatch(said):
            raise ValueError("must be an ID like 7faf8ab2-3d56-4244-b585-20c8a42ed2b8, as on the app's Overview")
        return said.lower()

    @property
    def ready(self) -> bool:
        """Whether there is a bot."""
        return bool(self.app_id and self.app_secret)


@dataclass(frozen=True, slots=True)
class Carriers:
    """The carriers that bring something in: receipts, and what people answer. None are those nobody has read."""

    twilio: TwilioSettings | None = None
    vonage: VonageSettings | None = None
    gateway: GatewaySettings | None = None
    ses: SesSettings | None = None
    sendgrid: SendgridSettings | None = None
    resend: ResendSettings | None = None
    teams: TeamsSettings | None = None
