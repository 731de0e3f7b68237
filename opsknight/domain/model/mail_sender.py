"""Who mails come from, as an operator writes it: an address, with or without a name."""

from __future__ import annotations

from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr


class BadSender(ValueError):
    """Nothing can be sent from there; the text says what it must look like."""


def written(sender: str) -> str:
    """Return a sender with the domain of its address as mail servers write it (IDNA); the name is left as it is.

    Raises:
        BadSender: there is no address in it, or one whose name is not ASCII, which only few servers take (SMTPUTF8).
    """
    local, _, domain = parseaddr(sender)[1].rpartition("@")
    in_ascii = _in_ascii(domain)
    usable = local and local.isascii() and in_ascii and sender.isprintable()
    if not (usable and _is_address(f"{local}@{in_ascii}")):
        raise BadSender(
            "must be one address with or without a name, like OpsKnight <opsknight@example.com>, with nothing but ASCII"
            " before its @"
        )
    if domain.isascii():
        return sender
    head, _, tail = sender.rpartition(domain)
    return f"{head}{in_ascii}{tail}"


def _in_ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except ValueError:
        return ""


def _is_address(said: str) -> bool:
    try:
        Address(addr_spec=said)
    except (ValueError, HeaderParseError):
        return False
    return True
