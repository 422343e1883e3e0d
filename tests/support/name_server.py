"""A real DNS server on loopback with addresses of both IP versions."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dnslib import AAAA, QTYPE, RCODE, RR, A, DNSRecord
from dnslib.server import DNSLogger, DNSServer

from tests.support.loopback import free_port

PORT = free_port()


class _Names:
    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._names = names

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        reply = request.reply()
        found = self._names.get(str(request.q.qname).rstrip(".").lower())
        if found is None:
            reply.header.rcode = RCODE.NXDOMAIN
        for address in found or ():
            kind: Any = (QTYPE.AAAA, AAAA) if ":" in address else (QTYPE.A, A)
            if request.q.qtype == kind[0]:
                reply.add_answer(RR(request.q.qname, kind[0], rdata=kind[1](address), ttl=60))
        return reply


@contextmanager
def serving_names(names: Mapping[str, Sequence[str]], address: str) -> Iterator[None]:
    """Answer for these names, in the order of their addresses, until the end of the block."""
    logger = DNSLogger(logf=lambda line: None)
    server = DNSServer(_Names(names), port=PORT, address=address, logger=logger)
    server.start_thread()
    try:
        yield
    finally:
        server.stop()
        server.server.server_close()
