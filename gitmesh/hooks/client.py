"""Client of a running server's hook process, run by the hook scripts with ``python -I -S``.

It sends its arguments and environment to the hook process (:mod:`gitmesh.push.hook_process`), which
makes a copy of itself, passes its streams to the copy, which runs the hook, and ends with the
copy's exit code. If no hook process answers, this process becomes the hook (``python -P -m
gitmesh.push``). Only one of the two reads git's input: a copy has the streams after ``go``, and who
said ``go`` does not run the hook itself.

A push waits for it, so that it imports what is in the interpreter already: ``posix``, not ``os``.
docs/decisions/0084 says why.
"""

import _socket
import posix
import sys

PROTOCOL = 1
LOG_IN_GIT_DIR = "gitmesh/events.sqlite3"
TAKEN, GO = b"taken", b"go"
MOST_BYTES = 128 * 1024
"""Maximum size of a request; a hook with a larger environment runs by itself."""
ANSWERED_S = 2.0
"""Maximum time for a hook process to answer."""
NO_VERDICT = 70
"""Exit code if a copy ended without one."""


def main(arguments: list[str]) -> None:
    """Run a hook; does not return."""
    code = _run(arguments)
    if code is None:
        python = sys.executable
        posix.execv(python, [python, "-P", "-m", "gitmesh.push", *arguments])
    posix._exit(code)


def address(log: str) -> str:
    """Return the address of the hook process for an event log, in the abstract namespace.

    It has no file, which whoever copies or backs up a repository would come upon.

    :raises OSError: there is no such log.
    """
    found = posix.stat(log)
    return f"\0gitmesh-hooks-{found.st_dev}-{found.st_ino}"


def peer_uid(connection: _socket.socket) -> int:
    """Return the user of the process at the other end (``SO_PEERCRED``)."""
    found = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
    return int.from_bytes(found[4:8], sys.byteorder)


def _run(arguments: list[str]) -> int | None:
    """Return the exit code of the copy; None if no hook process took the request."""
    log = _value(arguments, "--log")
    log = log or f"{_value(arguments, '--git-dir') or '.'}/{LOG_IN_GIT_DIR}"
    request = ascii((PROTOCOL, arguments, posix.environ, posix.getcwd())).encode()
    if len(request) > MOST_BYTES:
        return None
    made = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    made.settimeout(ANSWERED_S)
    try:
        made.connect(address(log))
        if peer_uid(made) != posix.getuid():  # anybody can have the address
            return None
        made.send(request)
        if made.recv(16) != TAKEN:
            return None
        # Not before: a process that is stopped would keep the streams open, and git would wait.
        streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
        made.sendmsg([GO], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    except OSError:
        return None
    made.settimeout(None)
    try:
        return int(made.recv(16))
    except (OSError, ValueError):
        return NO_VERDICT


def _value(arguments: list[str], name: str) -> str | None:
    return arguments[arguments.index(name) + 1] if name in arguments[:-1] else None


if __name__ == "__main__":
    main(sys.argv[1:])
