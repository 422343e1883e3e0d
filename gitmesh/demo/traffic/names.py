"""A DNS server on loopback for the demo's own names."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

from dnslib import QTYPE, RCODE, RR, A, DNSRecord

TTL_S = 5


class NameServer(asyncio.DatagramProtocol):
    """Answers A queries for the given names; other names do not exist."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._names = {name.lower(): addresses for name, addresses in names.items()}
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the socket for answers."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one query; invalid ones are dropped, as name servers do."""
        try:
            reply = self.answer(data)
        except Exception:  # any packet may arrive at an open socket
            return
        if self._transport is not None:
            self._transport.sendto(reply, addr)

    def answer(self, data: bytes) -> bytes:
        """Return the answer to a query."""
        query = DNSRecord.parse(data)
        reply = query.reply()
        name = str(query.q.qname).rstrip(".").lower()
        if name not in self._names:
            reply.header.rcode = RCODE.NXDOMAIN
        elif query.q.qtype == QTYPE.A:  # other types exist, and are empty
            for address in self._names[name]:
                reply.add_answer(RR(query.q.qname, QTYPE.A, rdata=A(address), ttl=TTL_S))
        packed: bytes = reply.pack()
        return packed


async def serve_names(names: Mapping[str, Sequence[str]], address: str, port: int) -> None:
    """Serve DNS on a UDP port until cancelled."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: NameServer(names), local_addr=(address, port)
    )
    try:
        await asyncio.Event().wait()
    finally:
        transport.close()
