"""Access logs, shared by virtual nodes and virtual gateways."""

from typing import Annotated

from pydantic import Field, Strict

from mesh.spec.common import FilePath, OneOf, Spec


class JsonFormatRef(Spec):
    """One member of a JSON access log line: its key and the Envoy command operator it holds."""

    key: Annotated[str, Strict(), Field(min_length=1, max_length=100)]
    value: Annotated[str, Strict(), Field(min_length=1, max_length=100)]


class LoggingFormat(OneOf):
    """The form of an access log line; absent means Envoy's own."""

    json_: Annotated[tuple[JsonFormatRef, ...] | None, Field(alias="json")] = None
    text: Annotated[str, Strict(), Field(min_length=1, max_length=1000)] | None = None


class FileAccessLog(Spec):
    """An access log written to a file of the proxy, ``/dev/stdout`` among them."""

    format: LoggingFormat | None = None
    path: FilePath


class AccessLog(OneOf):
    """Where access logs go."""

    file: FileAccessLog | None = None


class Logging(Spec):
    """What a proxy records of its traffic."""

    access_log: AccessLog | None = None
