"""Field names of other tools: ``PortMapping`` and ``port_mapping`` become ``portMapping``."""

import re
from typing import Final

_ACRONYM: Final = re.compile(r"[A-Z]+[0-9]*(?=[A-Z][a-z]|$)")
"""Acronym at the start of a CloudFormation field: ``AWS`` of ``AWSCloudMap``, ``HTTP2``."""


def from_cloudformation(name: str) -> str:
    """Return the App Mesh name of a CloudFormation field."""
    acronym = _ACRONYM.match(name)
    head = acronym.group() if acronym else name[:1]
    return head.lower() + name[len(head) :]


def from_terraform(name: str) -> str:
    """Return the App Mesh name of a Terraform field."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def to_terraform(name: str) -> str:
    """Return the Terraform name of an App Mesh field."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
