"""Reading of a stream's requests until the stream ends, with the reason."""

import asyncio
import time
from typing import Any, Final, NamedTuple, TypeAlias

import grpc
import grpc.aio

from mesh.errors import GitmeshError, Retryable, UsageError
from xds.server.limits.admission import AdmittedStream
from xds.server.peer import WrongPeer
from xds.server.stream import Stream

MAX_REASON: Final = 1_000
"""Maximum length of the reason for ending a stream, as it is sent and logged."""

# grpc has no types; `Any` must not leave this module and the server's.
Context: TypeAlias = Any


class Ending(NamedTuple):
    """Reason why a stream ended."""

    reason: str
    code: grpc.StatusCode = grpc.StatusCode.OK


async def read_requests(stream: Stream, admitted: AdmittedStream, context: Context) -> Ending:
    """Read until the client ends the stream or sends an invalid request; return the reason of the
    end."""
    try:
        # Without this timeout, a connection would outlive the client's certificate.
        async with asyncio.timeout(admitted.time_left_s(time.time())):
            async with asyncio.timeout(admitted.first_request_s):
                data = await context.read()
            # Same as iterating over the requests, but without the cost of a generator.
            while data is not grpc.aio.EOF:
                if (wait_s := admitted.delay(len(data), time.monotonic())) > 0:
                    await asyncio.sleep(wait_s)
                if (before := stream.receive(data)) is not None:
                    await before
                data = await context.read()
    except TimeoutError:
        left_s = admitted.time_left_s(time.time())
        if not stream.named and (left_s is None or left_s > 0):
            # Idle streams would lock out clients that need one.
            reason, code = "no request has come", grpc.StatusCode.DEADLINE_EXCEEDED
        else:
            reason, code = "the certificate has expired", grpc.StatusCode.UNAUTHENTICATED
    except (UsageError, Retryable) as error:
        reason, code = error.line, status_code(error)
    else:
        return Ending("closed by the proxy")
    # The reason quotes the client, so limit what the log and the status get of it.
    reason = reason[:MAX_REASON]
    context.set_code(code)
    context.set_details(reason)
    return Ending(reason, code)


def status_code(error: GitmeshError) -> grpc.StatusCode:
    """Return the gRPC status for one of gitmesh's errors."""
    if isinstance(error, WrongPeer):
        return grpc.StatusCode.PERMISSION_DENIED
    if isinstance(error, UsageError):
        return grpc.StatusCode.INVALID_ARGUMENT
    return grpc.StatusCode.RESOURCE_EXHAUSTED
