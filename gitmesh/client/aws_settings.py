"""Lookup of credentials and region as in AWS tools: environment, then files of a profile."""

import configparser
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gitmesh.client.signing import AwsCredentials
from mesh.errors import UsageError

DEFAULT_REGION: Final = "us-east-1"
_HOST: Final = re.compile(r"appmesh(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws|api\.aws)")
_REGION: Final = re.compile(r"[a-z0-9-]{1,32}")
_TEMPORARY: Final = 'eval "$(aws configure export-credentials --format env)"'


def aws_credentials(environment: Mapping[str, str]) -> AwsCredentials | None:
    """Return the credentials of the environment, or of the profile; ``None`` if there are none.

    Roles, single sign-on and instance metadata are not supported: the error says how to export
    their credentials.

    :raises UsageError: the credentials are incomplete, or the named profile has none.
    """
    key_id = environment.get("AWS_ACCESS_KEY_ID", "")
    secret = environment.get("AWS_SECRET_ACCESS_KEY", "")
    if key_id and secret:
        return AwsCredentials(key_id, secret, environment.get("AWS_SESSION_TOKEN") or None)
    if key_id or secret:
        raise UsageError(
            "one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set, and the other is not",
            hint=f"set both: {_TEMPORARY}",
        )
    return _of_profile(environment)


def aws_region(option: str | None, host: str, environment: Mapping[str, str]) -> str:
    """Return the region to sign for: the option, else that of an AWS host name, else the setting.

    :raises UsageError: the region's name is invalid.
    """
    named = _HOST.match(host)
    found = (
        option
        or (named[1] if named else "")
        or environment.get("AWS_REGION", "")
        or environment.get("AWS_DEFAULT_REGION", "")
        or _profile(environment, "AWS_CONFIG_FILE", "config").get("region", "")
        or DEFAULT_REGION
    )
    if not _REGION.fullmatch(found):
        raise UsageError(f"{found!r} is not a region", hint="write --region eu-west-1")
    return found


def _of_profile(environment: Mapping[str, str]) -> AwsCredentials | None:
    file, config = (
        _profile(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        _profile(environment, "AWS_CONFIG_FILE", "config"),
    )
    for found in (file, config):
        if "aws_access_key_id" in found and "aws_secret_access_key" in found:
            return AwsCredentials(
                found["aws_access_key_id"],
                found["aws_secret_access_key"],
                found.get("aws_session_token"),
                f"profile {_name(environment)}",
            )
    if environment.get("AWS_PROFILE") or config.keys() & {
        "sso_session",
        "role_arn",
        "sso_start_url",
    }:
        raise UsageError(
            f"the profile {_name(environment)!r} has no key of its own to sign with",
            hint=f"export temporary ones: {_TEMPORARY}",
        )
    return None


def _name(environment: Mapping[str, str]) -> str:
    return environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or "default"


def _profile(environment: Mapping[str, str], variable: str, file: str) -> Mapping[str, str]:
    """Return the profile's section of one of the AWS files; empty if there is none."""
    home = environment.get("HOME", "")
    path = environment.get(variable) or (f"{home}/.aws/{file}" if home else "")
    parsed = configparser.RawConfigParser(strict=False)
    try:
        parsed.read_string(Path(path).read_text(encoding="utf-8") if path else "")
    except OSError:
        return {}
    except (configparser.Error, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read: {str(error).splitlines()[0]}",
            hint="correct it, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ) from None
    name = _name(environment)
    for section in (f"profile {name}", name):
        if parsed.has_section(section):
            return dict(parsed.items(section))
    return {}
