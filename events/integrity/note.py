"""Signed notes: text lines with an Ed25519 signature, after C2SP. Pure.

    <text>
    <blank line>
    — <name of the key> <base64 of 4 bytes of key id and 64 bytes of signature>

(https://c2sp.org/signed-note; the same notes as Go's checksum database.)
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mesh.errors import UsageError

_ED25519: Final = b"\1"
SECRET_MARK: Final = "PRIVATE+KEY+"  # noqa: S105 -- no secret itself
"""Prefix of a secret key file."""
_SIGNED_BY: Final = "\N{EM DASH} "
_LONGEST_NAME: Final = 200


class WrongNote(ValueError):
    """A note is invalid; the message says why."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Public key that checks signatures."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that distinguish this key from other keys with its name."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_to_text(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a key as :meth:`__str__` writes it.

        :raises UsageError: the text is not a key.
        """
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        key = cls(checked_name(name), _key_bytes(encoded))
        if key.id.hex() != key_id:
            raise UsageError(f"the key of {name} is damaged", hint="copy it anew")
        return key


@dataclass(frozen=True, slots=True)
class SignerKey:
    """Secret key that signs. Its text is written only to its own file."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str) -> Self:
        """Generate a key.

        :raises UsageError: the name is invalid.
        """
        return cls(checked_name(name), Ed25519PrivateKey.generate().private_bytes_raw())

    def verifier(self, name: str) -> VerifierKey:
        """Return the public key for notes that this key signs under that name."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return VerifierKey(name, key.public_bytes_raw())

    def secret_text(self) -> str:
        """Return the content of the key's file."""
        return f"{SECRET_MARK}{self.name}+{_to_text(_ED25519 + self.seed)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a key file.

        :raises UsageError: the file has no secret key.
        """
        if not text.startswith(SECRET_MARK):
            raise UsageError(
                "this is not a secret key",
                hint="make one with: gitmesh keygen shop.key --name shop.example",
            )
        name, _, encoded = text.removeprefix(SECRET_MARK).strip().partition("+")
        return cls(checked_name(name), _key_bytes(encoded))

    def sign(self, text: str, name: str) -> str:
        """Return the note of a text, signed under that name.

        :param text: one or more lines, each ended by a line feed; none is empty.
        """
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        line = f"{_SIGNED_BY}{name} {_to_text(self.verifier(name).id + signature)}"
        return f"{text}\n{line}\n"


def text_of(note: str) -> str:
    """Return the text of a note without checking its signatures.

    :raises WrongNote: the text is not a note.
    """
    text, between, signatures = note.rpartition("\n\n")
    if not between or not signatures.startswith(_SIGNED_BY):
        raise WrongNote("it is not a signed note")
    return text + "\n"


def verified_text(note: str, keys: Iterable[VerifierKey]) -> str:
    """Return the text of a note that one of the keys signed.

    :raises WrongNote: the text is not a note, or none of the keys signed it.
    """
    text = text_of(note)
    lines = note.rpartition("\n\n")[2].splitlines()
    for key in keys:
        if any(_is_signed(text, line, key) for line in lines):
            return text
    raise WrongNote("it is not signed by the expected key")


def _is_signed(text: str, line: str, key: VerifierKey) -> bool:
    name, _, encoded = line.removeprefix(_SIGNED_BY).partition(" ")
    try:
        signature = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    if name != key.name or signature[:4] != key.id:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature[4:], text.encode())
    except InvalidSignature:
        return False
    return True


def checked_name(name: str) -> str:
    """Return a valid key name.

    :raises UsageError: the name is invalid.
    """
    fits = name.isascii() and name.isprintable() and not set(name) & set(" +")
    if not name or len(name) > _LONGEST_NAME or not fits:
        raise UsageError(
            f"{name!r} cannot be the name of a key",
            hint=(
                "use a name like a host name, without spaces and plus signs: shop.example/gitmesh"
            ),
        )
    return name


def _key_bytes(encoded: str) -> bytes:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 33 or not raw.startswith(_ED25519):
        raise UsageError("this is not an Ed25519 key", hint="make one with: gitmesh keygen")
    return raw[1:]


def _to_text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
