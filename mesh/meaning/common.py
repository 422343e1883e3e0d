"""Meanings of what several kinds share: durations, ports, access logs and the mesh itself."""

from typing import Final

from mesh.meaning.meaning import Meaning, Table
from mesh.spec import common, logging, mesh

IP_PREFERENCE: Final = (
    "Which IP version is used to reach instances, and to listen. PREFERRED falls back to the other "
    "one, ONLY does not."
)

TABLE: Final[Table] = {
    common.Duration: {
        "value": Meaning("How many of the unit. 0 turns a timeout off.", "0"),
        "unit": Meaning("The unit of `value`: seconds (s) or milliseconds (ms).", "s"),
    },
    common.PortMapping: {
        "port": Meaning("The port. No two listeners of one resource have the same."),
        "protocol": Meaning(
            "The protocol spoken on the port. It decides which routes, timeouts and connection "
            "pools fit."
        ),
    },
    common.GatewayPortMapping: {
        "port": Meaning("The port. No two listeners of one gateway have the same."),
        "protocol": Meaning("The protocol spoken on the port. A gateway does not take plain TCP."),
    },
    mesh.MeshSpec: {
        "egress_filter": Meaning(
            "Where nodes may send traffic that is not for a service of the mesh.", "DROP_ALL"
        ),
        "service_discovery": Meaning("Defaults of service discovery for every node and gateway."),
    },
    mesh.EgressFilter: {
        "type": Meaning(
            "ALLOW_ALL lets nodes reach any address outside the mesh. DROP_ALL refuses it, except "
            "Amazon's own domains where gitmesh.yaml says `egressToAws: true`."
        ),
    },
    mesh.MeshServiceDiscovery: {
        "ip_preference": Meaning(
            f"{IP_PREFERENCE} A node's own `serviceDiscovery` goes before it; a gateway has only "
            "this one.",
            "names are looked up as IPv6 and then IPv4, and proxies listen on IPv4",
        ),
    },
    logging.Logging: {
        "access_log": Meaning(
            "Where the proxy writes a line for each request or connection.", "nowhere"
        ),
    },
    logging.AccessLog: {
        "file": Meaning("Write the access log to a file."),
    },
    logging.FileAccessLog: {
        "path": Meaning(
            "The file, as the proxy sees it. /dev/stdout sends lines to the standard output."
        ),
        "format": Meaning("The form of each line.", "Envoy's own format"),
    },
    logging.LoggingFormat: {
        "json_": Meaning("Lines are JSON objects with these members."),
        "text": Meaning(
            "Lines are this text, in which Envoy replaces operators such as %RESPONSE_CODE%."
        ),
    },
    logging.JsonFormatRef: {
        "key": Meaning("The member's name."),
        "value": Meaning("The member's value: text with Envoy's operators, such as %START_TIME%."),
    },
}
