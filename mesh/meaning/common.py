"""Meanings of fields that several kinds share: durations, ports, access logs; and of the mesh."""

from typing import Final

from mesh.meaning.meaning import Meaning, Table
from mesh.spec import common, logging, mesh

IP_PREFERENCE: Final = (
    "IP version for connections to instances and for listeners. PREFERRED falls back to the other "
    "version, ONLY does not."
)

TABLE: Final[Table] = {
    common.Duration: {
        "value": Meaning("Number of units. 0 disables a timeout.", "0"),
        "unit": Meaning("The unit of `value`: seconds (s) or milliseconds (ms).", "s"),
    },
    common.PortMapping: {
        "port": Meaning("The port. No two listeners of one resource have the same."),
        "protocol": Meaning(
            "The protocol of the port. Routes, timeouts and connection pools must match it."
        ),
    },
    common.GatewayPortMapping: {
        "port": Meaning("The port. No two listeners of one gateway have the same."),
        "protocol": Meaning("The protocol of the port. A gateway does not accept plain TCP."),
    },
    mesh.MeshSpec: {
        "egress_filter": Meaning(
            "Permission for nodes to send traffic to destinations outside the mesh.",
            "DROP_ALL",
        ),
        "service_discovery": Meaning(
            "Default service discovery settings of all nodes and gateways."
        ),
    },
    mesh.EgressFilter: {
        "type": Meaning(
            "ALLOW_ALL lets nodes connect to any address outside the mesh. DROP_ALL forbids it, "
            "except to Amazon's own domains if gitmesh.yaml sets `egressToAws: true`."
        ),
    },
    mesh.MeshServiceDiscovery: {
        "ip_preference": Meaning(
            f"{IP_PREFERENCE} A node's own `serviceDiscovery` takes precedence; a gateway has "
            "only this setting.",
            ("names are resolved as IPv6 first, then IPv4; proxies listen on IPv4"),
        ),
    },
    logging.Logging: {
        "access_log": Meaning(
            "Destination of the access log, which has a line for each request or connection.",
            "no access log",
        ),
    },
    logging.AccessLog: {
        "file": Meaning("Write the access log to a file."),
    },
    logging.FileAccessLog: {
        "path": Meaning(
            "Path of the file in the proxy's file system. /dev/stdout is the standard output."
        ),
        "format": Meaning("Format of each line.", "Envoy's default format"),
    },
    logging.LoggingFormat: {
        "json_": Meaning("Each line is a JSON object with these members."),
        "text": Meaning(
            "Each line is this text, in which Envoy replaces command operators such as "
            "%RESPONSE_CODE%."
        ),
    },
    logging.JsonFormatRef: {
        "key": Meaning("Name of the member."),
        "value": Meaning(
            "Value of the member: text with Envoy's command operators, such as %START_TIME%."
        ),
    },
}
