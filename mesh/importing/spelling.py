"""Names of fields in other spellings: ``PortMapping`` and ``port_mapping`` → ``portMapping``."""

from typing import Final

_ACRONYMS: Final = {
    "ACM": "acm",
    "AWSCloudMap": "awsCloudMap",
    "DNS": "dns",
    "GRPC": "grpc",
    "HTTP": "http",
    "HTTP2": "http2",
    "SDS": "sds",
    "TCP": "tcp",
    "TLS": "tls",
}
"""CloudFormation's fields that are capitals throughout, or begin with several."""


def from_cloudformation(name: str) -> str:
    """Return App Mesh's name of a field that CloudFormation spells with a capital."""
    return _ACRONYMS.get(name) or name[:1].lower() + name[1:]


def from_terraform(name: str) -> str:
    """Return App Mesh's name of a field that Terraform spells with underscores."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)
