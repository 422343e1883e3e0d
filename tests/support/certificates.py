"""Certificates for tests: an authority, and files with certificates that it signs."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Authority:
    """A certificate authority; clients that trust ``bundle`` trust its certificates."""

    folder: Path
    name: str = "ca"
    _ca: trustme.CA = field(default_factory=trustme.CA, repr=False, compare=False)

    @property
    def bundle(self) -> Path:
        """The file with the authority's certificate."""
        path = self.folder / f"{self.name}.pem"
        if not path.exists():
            self._ca.cert_pem.write_to_path(str(path))
        return path

    def issue(self, name: str, *names: str) -> "Certificate":
        """Write a new certificate for these host names or addresses; it replaces an older one.

        Each file is renamed to its final name, as rotation tools do.
        """
        made = self._ca.issue_cert(*names)
        pair = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        _replace(pair.key, [made.private_key_pem.bytes()])
        _replace(pair.chain, [blob.bytes() for blob in made.cert_chain_pems])
        return pair


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key, in files."""

    chain: Path
    key: Path

    @property
    def json(self) -> dict[str, object]:
        """The certificate in the form of a spec."""
        return {"file": {"certificateChain": str(self.chain), "privateKey": str(self.key)}}


def _replace(path: Path, parts: Sequence[bytes]) -> None:
    fresh = path.with_suffix(f"{path.suffix}.new")
    fresh.write_bytes(b"".join(parts))
    os.replace(fresh, path)
