"""Access logs: the same file for inbound and outbound traffic, in the spec's format."""

from envoy_data_plane.envoy.config.accesslog import v3 as envoy_accesslog
from envoy_data_plane.envoy.config.core import v3 as envoy_core
from envoy_data_plane.envoy.extensions.access_loggers.file.v3 import FileAccessLog
from envoy_data_plane.google.protobuf import Struct, Value

from mesh.spec.logging import Logging, LoggingFormat
from xds.translate.packed import packed

AccessLogs = list[envoy_accesslog.AccessLog]


def access_logs(logging: Logging | None) -> AccessLogs:
    """Return the access log of a proxy; empty if the spec has none."""
    file = logging.access_log.file if logging is not None and logging.access_log else None
    if file is None:
        return []
    log = FileAccessLog(
        path=file.path, log_format=None if file.format is None else _format(file.format)
    )
    return [envoy_accesslog.AccessLog(name="envoy.access_loggers.file", typed_config=packed(log))]


def _format(form: LoggingFormat) -> envoy_core.SubstitutionFormatString:
    if form.text is not None:
        text = form.text if form.text.endswith("\n") else f"{form.text}\n"
        return envoy_core.SubstitutionFormatString(
            text_format_source=envoy_core.DataSource(inline_string=text)
        )
    members = {each.key: Value(string_value=each.value) for each in form.json_ or ()}
    return envoy_core.SubstitutionFormatString(json_format=Struct(fields=members))
