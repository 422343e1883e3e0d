"""Field names of other tools: ``PortMapping`` and ``port_mapping`` become ``portMapping``."""

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
"""CloudFormation fields that consist of capitals or begin with several."""


def from_cloudformation(name: str) -> str:
    """Return the App Mesh name of a CloudFormation field."""
    return _ACRONYMS.get(name) or name[:1].lower() + name[1:]


def from_terraform(name: str) -> str:
    """Return the App Mesh name of a Terraform field."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)
