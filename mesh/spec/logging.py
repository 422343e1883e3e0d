"""Access logs, shared by virtual nodes and virtual gateways."""

from typing import Annotated

from pydantic import Field, Strict

from mesh.spec.common import FilePath, OneOf, Spec


class JsonFormatRef(Spec):
    """One key of a JSON access log line, with the Envoy command operator of its value."""

    key: Annotated[str, Strict(), Field(min_length=1, max_length=100)]
    value: Annotated[str, Strict(), Field(min_length=1, max_length=100)]


class LoggingFormat(OneOf):
    """Format of an access log line; absent means Envoy's default format."""

    json_: Annotated[tuple[JsonFormatRef, ...] | None, Field(alias="json")] = None
    text: Annotated[str, Strict(), Field(min_length=1, max_length=1000)] | None = None


class FileAccessLog(Spec):
    """Access log in a file on the proxy's file system, or in ``/dev/stdout``."""

    format: LoggingFormat | None = None
    path: FilePath


class AccessLog(OneOf):
    """Destination of an access log."""

    file: FileAccessLog | None = None


class Logging(Spec):
    """Logging settings of a proxy."""

    access_log: AccessLog | None = None
