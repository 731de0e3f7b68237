"""Settings: environment variables that begin with OPSKNIGHT_, or lines of a file .env beside them."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from opsknight.domain.model.budget import Budget
from opsknight.domain.model.disk import Least
from opsknight.domain.model.mail_sender import written
from opsknight.errors import CannotStart

_PACKAGE: Final = Path(__file__).resolve().parent
ASSETS: Final = next(
    (folder for folder in (_PACKAGE.parent / "assets", _PACKAGE / "assets") if folder.is_dir()),
    _PACKAGE.parent / "assets",
)
"""Style sheets, fonts, icons, the service worker: beside the package in a clone, inside it in a wheel."""


_MAILBOX: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,19}[A-Za-z0-9_])?@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
"""The name of a mailbox has 64 characters at most (RFC 5321 §4.5.3.1.1)."""
HEAD: Final = "| variable | default | what it does |\n| --- | --- | --- |\n"


class Role(StrEnum):
    """Which part of the work a process does."""

    ALL = "all"
    WEB = "web"
    WORKER = "worker"


class LogFormat(StrEnum):
    """For whom log lines are written."""

    CONSOLE = "console"
    JSON = "json"


class BadSettings(CannotStart):
    """The environment does not make sense; the text names each variable and what is wrong."""


def default_data_dir() -> Path:
    """Return where data lives unless told: under /var/lib for root, else in the user's own share."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/opsknight")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "opsknight"


class Settings(BaseSettings):
    """Everything an operator can set; each field's description is its line in docs/settings.md."""

    model_config = SettingsConfigDict(
        env_prefix="OPSKNIGHT_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: str | None = Field(
        default=None,
        repr=False,
        description="PostgreSQL 15 or newer to use, as postgresql://user:password@host/database."
        " Without it OpsKnight runs a PostgreSQL of its own in the data directory.",
    )
    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Directory of everything kept on disk. Default: /var/lib/opsknight as root,"
        " else ~/.local/share/opsknight.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=1, le=65535, description="Port to listen on.")
    base_url: str = Field(
        default="",
        description="Address under which people reach OpsKnight; links in mails begin with it."
        " Default: http(s)://localhost and the port.",
    )
    smtp_url: str | None = Field(
        default=None,
        repr=False,
        description="Mail server, as smtp://host:25, smtp+starttls://user:password@host:587 or smtps://…:465."
        " ?tls=never forbids STARTTLS to a relay on this machine, ?ca=/path.pem names the authority of its certificate."
        " Without it nobody is reached by mail.",
    )
    mail_from: str = Field(default="OpsKnight <opsknight@localhost>", description="Sender of mails.")
    mail_in: str | None = Field(
        default=None,
        description="Where to take mail for e-mail integrations, as host:port, for example 0.0.0.0:2525."
        " Without it none is taken. With OPSKNIGHT_TLS_CERT and OPSKNIGHT_TLS_KEY STARTTLS is offered.",
    )
    mail_in_domain: str = Field(
        default="",
        description="Domain of the addresses of e-mail integrations; mail for any other is refused."
        " Default: mail for any domain is taken, and the host of the base URL is shown.",
    )
    mail_back: str = Field(
        default="",
        description="Mailbox to which people's answers to mails come, and what mail servers report of them, like"
        " opsknight@pages.example.com. Each mail that is sent has an address of its own there, with a plus:"
        " opsknight+…@pages.example.com. It is heard where OPSKNIGHT_MAIL_IN takes mail; without either nothing is.",
    )
    push_allow_private: bool = Field(
        default=False,
        description="Let push subscriptions name private addresses and plain http, for a push service of your own."
        " Otherwise only public https addresses are called.",
    )
    calendars_allow_private: bool = Field(
        default=False,
        description="Let imported calendars come from private addresses and over plain http, for a closed network."
        " Otherwise only public https addresses are called.",
    )
    canary: str = Field(
        default="",
        description="Addresses that get a page to nobody once a minute, to prove that each channel works, as"
        " email=canary@example.com ntfy=ops-canary. Each must be nobody's own: choose one that is thrown away.",
    )
    heartbeat_url: str = Field(
        default="",
        repr=False,
        description="Address outside that OpsKnight calls every 30 s while it can vouch that pages go out; when the"
        " calls end, whoever watches it must page. For example a check of Healthchecks, or another OpsKnight's ping.",
    )
    channels_allow_private: bool = Field(
        default=False,
        description="Let addresses that people give for messages, such as webhooks, be private ones and plain http."
        " Otherwise only public https addresses are called.",
    )
    slack_signing_secret: str = Field(
        default="",
        repr=False,
        description="Signing secret of your Slack app. Without it the buttons of Slack messages do nothing.",
    )
    bundle_after: int = Field(
        default=10,
        ge=0,
        description="Messages of one severity about one service that reach one address within a minute before the rest"
        " waits for the end of that minute and goes as one. 0: no bound. Phones are sent one a minute in any case.",
    )
    discreet: bool = Field(
        default=False,
        description="Leave the titles of incidents out of what people are sent, for they are read on locked screens,"
        " and aloud: severity, service and number are left, and the title is read in OpsKnight.",
    )
    phone_budget: float | None = Field(
        default=None,
        gt=0,
        description="What texts and calls may cost in a month before readiness warns. Pages go out all the same.",
    )
    phone_budget_currency: str = Field(
        default="",
        description="Currency of that budget, such as EUR. Costs in another are shown and not counted. Default: that of"
        " the costs, while they are all in one.",
    )
    tls_cert: Path | None = Field(default=None, description="Certificate chain (PEM) to serve https directly.")
    tls_key: Path | None = Field(default=None, description="Private key (PEM) of the certificate.")
    insecure_http: bool = Field(
        default=False,
        description="Allow plain http beyond this machine. The session cookie is then unprotected in transit,"
        " and push, installing the app and offline use are off.",
    )
    allow_unsafe_database: bool = Field(
        default=False,
        description="Start although the external database has fsync or synchronous_commit off and may forget"
        " what it confirmed.",
    )
    armed: bool = Field(
        default=False,
        description="Page at once also where the data is found in another place than at the last start, as after a"
        " restore. Otherwise nobody is paged there until an admin arms it. For databases that move between clusters by"
        " themselves.",
    )
    role: Role = Field(
        default=Role.ALL,
        description="What this process does: all, web (screens and ingest) or worker (paging and housekeeping).",
    )
    log_format: LogFormat = Field(default=LogFormat.CONSOLE, description="Log lines for people (console) or json.")
    log_level: str = Field(default="info", description="Least level that is logged: debug, info, warning or error.")
    retention_days: int = Field(
        default=90, ge=1, le=3650, description="Days for which raw deliveries and events are kept."
    )
    disk_least_percent: float = Field(
        default=10.0,
        ge=0,
        le=100,
        description="Percent of the disk that must be free, of the embedded database's or else of the working"
        " directory's; below that every page warns and the admins are told. 0: any.",
    )
    disk_least_gb: float = Field(default=2.0, ge=0, description="GB that must be free there as well. 0: any.")
    session_days: int = Field(default=30, ge=1, le=365, description="Days without use after which a sign-in ends.")
    metrics_token: str | None = Field(
        default=None,
        repr=False,
        description="Bearer token with which /metrics may be read. Without it only from this machine, and by admins.",
    )
    test_clock: bool = Field(
        default=False, description="For tests of OpsKnight itself: let a request move the clock. Never set it."
    )

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.lower() not in ("debug", "info", "warning", "error"):
            raise ValueError("must be debug, info, warning or error")
        return level.lower()

    @field_validator("base_url")
    @classmethod
    def _whole_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/")):
            raise ValueError("must be like https://opsknight.example.com, without a path")
        return url.rstrip("/")

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, sender: str) -> str:
        return written(sender)

    @field_validator("mail_in")
    @classmethod
    def _host_and_port(cls, place: str | None) -> str | None:
        if place is not None and not 0 <= _place(place)[1] <= 65535:
            raise ValueError("must be like 0.0.0.0:2525 or [::]:2525")
        return place

    @field_validator("mail_in_domain")
    @classmethod
    def _plain_domain(cls, domain: str) -> str:
        if "@" in domain or "/" in domain or " " in domain:
            raise ValueError("must be a domain, like alerts.example.com")
        return domain.lower()

    @field_validator("mail_back")
    @classmethod
    def _mailbox(cls, mailbox: str) -> str:
        if mailbox and not _MAILBOX.fullmatch(mailbox):
            raise ValueError(
                "must be a mailbox like opsknight@pages.example.com, with at most 21 letters, digits, dots and hyphens"
                " before the @: a plus and 42 letters more are put there"
            )
        return mailbox.lower()

    @field_validator("canary")
    @classmethod
    def _addresses_by_channel(cls, said: str) -> str:
        if any(not all(each.partition("=")) for each in said.split()):
            raise ValueError("must be like email=canary@example.com ntfy=ops-canary")
        return said

    @field_validator("phone_budget_currency")
    @classmethod
    def _a_currency(cls, said: str) -> str:
        if said and not (len(said) == 3 and said.isascii() and said.isalpha()):
            raise ValueError("must be three letters, like EUR")
        return said.upper()

    @field_validator("heartbeat_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        if url and urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("must be a web address, like https://hc-ping.com/…")
        return url

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("OPSKNIGHT_TLS_CERT and OPSKNIGHT_TLS_KEY go together: set both or neither")
        if self.in_the_clear and not self.insecure_http:
            raise ValueError(
                f"others could reach OpsKnight ({self.host}, {self.address}) without encryption: set"
                " OPSKNIGHT_BASE_URL to an https address (with OPSKNIGHT_TLS_CERT and OPSKNIGHT_TLS_KEY, or behind a"
                " proxy), or accept the risk with OPSKNIGHT_INSECURE_HTTP=1"
            )
        return self

    @property
    def session_lasts(self) -> timedelta:
        """How long a sign-in lasts without use."""
        return timedelta(days=self.session_days)

    @property
    def canaries(self) -> dict[str, str]:
        """The address of a canary by channel."""
        return dict(each.split("=", 1) for each in self.canary.split())

    @property
    def budget(self) -> Budget | None:
        """What texts and calls may cost in a month, None where nobody has said."""
        return None if self.phone_budget is None else Budget(self.phone_budget, self.phone_budget_currency)

    @property
    def least_room(self) -> Least:
        """How much of the disk must be free."""
        return Least(self.disk_least_percent, self.disk_least_gb)

    @property
    def mail_in_place(self) -> tuple[str, int]:
        """Host and port on which mail is taken."""
        return _place(self.mail_in or "")

    @property
    def mail_in_host(self) -> str:
        """What stands behind the @ of an e-mail integration's address, "" where no mail is taken."""
        return (self.mail_in_domain or urlsplit(self.address).hostname or "") if self.mail_in else ""

    @property
    def address(self) -> str:
        """The address people use, without a slash at its end."""
        if self.base_url:
            return self.base_url
        return f"{'https' if self.tls_cert else 'http'}://localhost:{self.port}"

    @property
    def trustworthy(self) -> bool:
        """Whether browsers allow secure cookies, service workers and push at the address."""
        parts = urlsplit(self.address)
        return parts.scheme == "https" or _is_loopback(parts.hostname or "")

    @property
    def in_the_clear(self) -> bool:
        """Whether plain http leaves this machine: it listens for others, or its address is elsewhere."""
        here = _is_loopback(self.host) or self.tls_cert is not None or self.address.startswith("https://")
        return not (here and self.trustworthy)

    @property
    def session_cookie(self) -> str:
        """The name of the session cookie; the prefix makes browsers insist on https, this host and path /."""
        return "__Host-opsknight" if self.trustworthy else "opsknight"


class ChannelSettings(BaseSettings):
    """What an operator sets for one provider; a channel's own class of these gives the prefix and the fields."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)


def load() -> Settings:
    """Return the settings of this process.

    Raises:
        BadSettings: a variable cannot be used.
    """
    try:
        return Settings()
    except ValidationError as refused:
        raise bad_settings(refused) from None


def bad_settings(refused: ValidationError, *, prefix: str = "OPSKNIGHT_") -> BadSettings:
    """Return what is wrong with variables that begin with `prefix`, each in a line."""
    return BadSettings("\n".join(_complaint(prefix, error["loc"], error["msg"]) for error in refused.errors()))


def table() -> str:
    """Return every setting as a table in Markdown, for docs/settings.md."""
    return f"{HEAD}{rows(Settings)}"


def rows(kind: type[BaseSettings]) -> str:
    """Return the settings of one class as rows of that table."""
    lines: list[str] = []
    for name, field in kind.model_fields.items():
        value = None if field.default_factory else field.get_default()
        shown = "" if value in (None, "") else f"`{_plain(value)}`"
        prefix = kind.model_config.get("env_prefix", "")
        lines.append(f"| `{prefix}{name.upper()}` | {shown} | {field.description} |\n")
    return "".join(lines)


def _place(said: str) -> tuple[str, int]:
    """Return host and port of `host:port`, the port -1 where that is none."""
    host, _, port = said.rpartition(":")
    return host.strip("[]"), int(port) if host and port.isascii() and port.isdecimal() and len(port) < 6 else -1


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")


def _plain(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _complaint(prefix: str, where: tuple[int | str, ...], why: str) -> str:
    why = why.removeprefix("Value error, ")
    return f"{prefix}{str(where[0]).upper()}: {why}" if where else why
