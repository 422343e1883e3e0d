"""``python -m tests.support.silent_clients PORT COUNT``: connections that send nothing.

A connection that the server ends is opened again at once. Prints ``ready`` when all are connected,
and the number of ended ones when its standard input ends.
"""

import os
import select
import socket
import sys

from events.descriptors import raise_limit


class Silent:
    """The connections."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._connecting: set[int] = set()
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)
        self.ended = 0
        for _ in range(count):
            self._connect()

    def _connect(self) -> None:
        made = socket.socket()
        made.setblocking(False)
        made.connect_ex(("127.0.0.1", self._port))
        self._sockets[made.fileno()] = made
        self._connecting.add(made.fileno())
        self._poll.register(made.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def run(self) -> None:
        """Keep the connections until standard input ends."""
        told = False
        while True:
            for number, event in self._poll.poll(1.0):
                if number == sys.stdin.fileno():
                    return
                self._take(number, event)
            if not told and not self._connecting:
                told = True
                print("ready", flush=True)

    def _take(self, number: int, event: int) -> None:
        if event & select.EPOLLOUT and number in self._connecting:
            self._connecting.discard(number)
            self._poll.modify(number, select.EPOLLIN)
        if not event & ~select.EPOLLOUT:
            return
        try:
            gone = not self._sockets[number].recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            gone = True
        if gone:
            self.ended += 1
            self._poll.unregister(number)
            self._connecting.discard(number)
            self._sockets.pop(number).close()
            self._connect()


def main() -> None:
    """Connect, keep the connections, and print the result."""
    port, count = map(int, sys.argv[1:])
    raise_limit(2 * count + 100)
    silent = Silent(port, count)
    silent.run()
    print(silent.ended, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
