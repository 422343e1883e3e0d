"""What ``gitmesh.yaml`` says about traffic: the part of the settings that reaches proxies.

It is part of what a commit applies, so it travels through the log beside the resources.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field

from mesh.canonical import JsonObject
from mesh.spec.common import Flag, OneOf, Spec
from mesh.spec.tls import FileCertificate, FileTrust, SdsSecret

_MOST: Final = 1000
_Arn = Annotated[str, Field(min_length=1, max_length=2048)]


class MappedCertificate(OneOf):
    """Where a certificate of AWS Certificate Manager is kept now, on every proxy that shows it."""

    file: FileCertificate | None = None
    sds: SdsSecret | None = None


class MappedTrust(OneOf):
    """Where authorities of AWS Certificate Manager are kept now."""

    file: FileTrust | None = None
    sds: SdsSecret | None = None


class MeshSettings(Spec):
    """Settings that change what proxies get."""

    certificates: Annotated[Mapping[_Arn, MappedCertificate], Field(max_length=_MOST)] = {}
    """By the ARN of the certificate."""
    authorities: Annotated[Mapping[_Arn, MappedTrust], Field(max_length=_MOST)] = {}
    """By the ARN of the authority."""
    egress_to_aws: Flag = False
    """Whether nodes whose mesh drops foreign traffic may call ``*.amazonaws.com`` on port 443.

    In App Mesh they always could.
    """

    def trust(self, arns: tuple[str, ...]) -> MappedTrust | None:
        """Return what all these authorities are mapped to, None when that is not one thing.

        A proxy believes one file or one secret; several authorities can stand in it together.
        """
        found = [self.authorities.get(arn) for arn in arns]
        return found[0] if found and all(each == found[0] for each in found) else None


NO_SETTINGS: Final = MeshSettings()


def settings_json(settings: MeshSettings) -> JsonObject:
    """Return settings as the log holds them: what was written, empty when nothing was."""
    return settings.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def settings_from_json(settings: JsonObject) -> MeshSettings:
    """Return the settings that the log holds."""
    return MeshSettings.model_validate(settings)
