"""Rows of people: users, teams, how they are reached, how they sign in; and of the installation itself."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from opsknight.domain.store.tables.base import Base, ConfigurationId, Json, PlainInt, SmallInt

_EMPTY = text("''")


class InstallationRow(Base):
    """The one row of what this installation is. While `restored_at` is set, it pages nobody."""

    __tablename__ = "installation"

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    epoch: Mapped[UUID]
    system_identifier: Mapped[str]
    secret: Mapped[bytes]
    vapid_private_pem: Mapped[str]
    vapid_public: Mapped[str]
    created_at: Mapped[datetime]
    restored_at: Mapped[datetime | None]


class UserRow(Base):
    """A person; `role` is admin, manager, responder or observer.

    `quiet_hours` are windows by the clock of `zone`. Until `undisturbed_until` their pages go to their substitute.
    """

    __tablename__ = "users"

    id: Mapped[ConfigurationId]
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    zone: Mapped[str] = mapped_column(server_default=text("'UTC'"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime]
    language: Mapped[str] = mapped_column(server_default=text("'en'"))
    quiet_hours: Mapped[Json] = mapped_column(server_default=text("'[]'"))
    undisturbed_until: Mapped[datetime | None]
    substitute_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class FormerZoneRow(Base):
    """That a person lived by a zone `until_at`, since the one before; their own row has the zone of now."""

    __tablename__ = "former_zones"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    until_at: Mapped[datetime] = mapped_column(primary_key=True)
    zone: Mapped[str]


class TeamRow(Base):
    """A team that owns services."""

    __tablename__ = "teams"

    id: Mapped[ConfigurationId]
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class TeamMemberRow(Base):
    """That a person belongs to a team, and whether they manage it."""

    __tablename__ = "team_members"

    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    manages: Mapped[bool] = mapped_column(server_default=text("false"))


class ContactMethodRow(Base):
    """An address on a channel: a person's, or a team's that many read. It counts once it is verified.

    A device was last `heard_at` when it gave a sign of life, and `asked_at` for one; `silence_told_at` is when its
    person was told that it gives none.
    """

    __tablename__ = "contact_methods"

    id: Mapped[ConfigurationId]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    channel: Mapped[str]
    address: Mapped[str]
    secret: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    label: Mapped[str] = mapped_column(server_default=_EMPTY)
    verified_at: Mapped[datetime | None]
    last_proof_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str] = mapped_column(server_default=_EMPTY)
    created_at: Mapped[datetime]
    heard_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    silence_told_at: Mapped[datetime | None]


class VerificationRow(Base):
    """That a code was sent to a contact method, and how often it was guessed at since."""

    __tablename__ = "verifications"

    contact_method_id: Mapped[int] = mapped_column(
        ForeignKey("contact_methods.id", ondelete="CASCADE"), primary_key=True
    )
    page_id: Mapped[UUID]
    expires_at: Mapped[datetime]
    tries: Mapped[SmallInt] = mapped_column(server_default=text("0"))


class AddressChangeRow(Base):
    """That a person shall have another mail address once a code came back; open until then, or until the next one."""

    __tablename__ = "address_changes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[str]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[SmallInt] = mapped_column(server_default=text("0"))
    ended_at: Mapped[datetime | None]


class NotificationRuleRow(Base):
    """Which contact method a person wants used for which urgency, and after how long."""

    __tablename__ = "notification_rules"

    id: Mapped[ConfigurationId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    urgency: Mapped[str]
    contact_method_id: Mapped[int] = mapped_column(ForeignKey("contact_methods.id", ondelete="CASCADE"))
    delay_s: Mapped[PlainInt] = mapped_column(server_default=text("0"))


class SessionRow(Base):
    """A browser that is signed in; `id` is the SHA-256 of its cookie."""

    __tablename__ = "sessions"

    id: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    agent: Mapped[str] = mapped_column(server_default=_EMPTY)


class ApiTokenRow(Base):
    """What a script shows instead of a session, to do what its person may; `token_sha` is the SHA-256 of it."""

    __tablename__ = "api_tokens"

    id: Mapped[ConfigurationId]
    token_sha: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    reads_only: Mapped[bool]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str] = mapped_column(server_default=_EMPTY)
    revoked_at: Mapped[datetime | None]


class SignInLinkRow(Base):
    """A link that signs one person in, once; `id` is the SHA-256 of its token.

    One that was `mailed` is known to its mailbox alone: who uses it has proved the address.
    """

    __tablename__ = "sign_in_links"

    id: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    mailed: Mapped[bool] = mapped_column(server_default=text("false"))


class CommandKeyRow(Base):
    """What was answered to a command with this Idempotency-Key."""

    __tablename__ = "command_keys"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    answer: Mapped[Json]
    status: Mapped[SmallInt]
    created_at: Mapped[datetime]
