"""The addresses to which what we mail comes back."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from opsknight.crypto import BadToken, new_id
from opsknight.mail_back import MailBack, mail_back
from opsknight.settings import Settings

SECRET = b"a secret of thirty-two bytes ...."
MAILBOX = MailBack("opsknight", "pages.example.com", SECRET)


@given(st.uuids())
def test_an_address_tells_its_message_in_capitals_too_and_is_no_longer_than_addresses_may_be(message: UUID) -> None:
    address = MailBack("a" * 21, "pages.example.com", SECRET).address(message)

    assert len(address.partition("@")[0]) == 64
    for written in (address, address.upper(), address.title()):
        mailbox = MailBack("a" * 21, "pages.example.com", SECRET)
        assert mailbox.has(written)
        assert mailbox.notification(written) == message


@given(st.integers(0, 41), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_an_address_that_was_changed_anywhere_is_none(at: int, letter: str) -> None:
    tag = MAILBOX.address(UUID(int=7)).partition("+")[2].partition("@")[0]
    changed = tag[:at] + letter + tag[at + 1 :]

    # The last letter has two bits that say nothing.
    if changed[:-1] != tag[:-1]:
        with pytest.raises(BadToken):
            MAILBOX.notification(f"opsknight+{changed}@pages.example.com")


@pytest.mark.parametrize("tag", ["", "a", "ä", "a" * 41, "a" * 42, "a" * 500, "1189", "+", "=" * 42, "a b"])
def test_an_address_that_was_made_up_is_none(tag: str) -> None:
    with pytest.raises(BadToken):
        MAILBOX.notification(f"opsknight+{tag}@pages.example.com")


def test_an_address_of_another_installation_is_none() -> None:
    theirs = MailBack("opsknight", "pages.example.com", b"another secret")

    with pytest.raises(BadToken):
        MAILBOX.notification(theirs.address(new_id()))


@pytest.mark.parametrize(
    "address", ["a1b2@pages.example.com", "opsknight@example.com", "x+opsknight@pages.example.com", ""]
)
def test_an_address_elsewhere_is_not_of_the_mailbox(address: str) -> None:
    assert not MAILBOX.has(address)


@pytest.mark.parametrize(
    "mailbox", ["pages.example.com", "@pages.example.com", "ops+x@example.com", "a" * 22 + "@x.org", "a b@x.org", "ö@x"]
)
def test_a_mailbox_that_cannot_be_one_is_refused_with_a_sentence(mailbox: str) -> None:
    with pytest.raises(ValidationError, match="must be a mailbox like opsknight@pages"):
        Settings(_env_file=None, mail_back=mailbox)  # type: ignore[call-arg]


def test_nothing_comes_back_without_a_mailbox_or_without_mail_in() -> None:
    both = {"mail_back": "OpsKnight@Pages.example.com", "mail_in": "127.0.0.1:2525"}

    assert mail_back(Settings(_env_file=None, **both), SECRET) == MAILBOX  # type: ignore[arg-type, call-arg]
    for name, value in both.items():
        assert mail_back(Settings(_env_file=None, **{name: value}), SECRET) is None  # type: ignore[arg-type, call-arg]
