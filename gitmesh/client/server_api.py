"""Client of the JSON API of a gitmesh server."""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

from gitmesh.client.endpoint import Endpoint, Reply
from mesh.errors import Retryable, UsageError
from mesh.problems.problem import Problem, Severity

PREFIX: Final = "/gitmesh/v1"
_SILENCE_S: Final = 40.0
"""Maximum time without data on a stream; the server sends data at least every 15 s."""
_MOST_LINE: Final = 4 * 1024 * 1024
_AGAIN_S: Final = 1.0


class ChangeRefused(Exception):
    """The mesh would have problems; nothing was changed."""

    def __init__(self, message: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems


class ChangedMeanwhile(UsageError):
    """A resource is no longer as it was read; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One event of a stream."""

    id: str
    """Position in the log after this event."""
    event: dict[str, Any]


class ServerApi:
    """The operations of one server. Use it from one thread."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._endpoint.close()

    @property
    def url(self) -> str:
        """Return the address of the server."""
        return self._endpoint.url

    def get(self, path: str, query: Mapping[str, str | None] | None = None) -> Any:
        """Send a GET request and return the answer.

        :param query: parameters; those that are ``None`` are left out.
        :raises UsageError: the server refuses the request.
        :raises Retryable: the server cannot be reached, or cannot answer now.
        """
        return self._answer(self._endpoint.ask("GET", f"{PREFIX}{path}", _encoded(query or {})))

    def post(self, path: str, body: object) -> Any:
        """Send a POST request and return the answer. It is never retried.

        :raises ChangeRefused: the mesh would have problems.
        :raises ChangedMeanwhile: a resource is not as it was expected.
        :raises UsageError: the server refuses it.
        :raises Retryable: the server cannot be reached, or cannot answer now.
        """
        text = json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        return self._answer(
            self._endpoint.ask("POST", f"{PREFIX}{path}", "", text, headers, repeat=False)
        )

    def resources(self, query: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
        """Yield the pages of ``/resources``."""
        after: str | None = None
        while True:
            found = self.get("/resources", {**query, "after": after})
            yield found
            after = found["next"]
            if after is None:
                return

    def events(self, query: Mapping[str, str | None], after: str) -> Iterator[Sent]:
        """Yield the events after a position, and all later ones as they are logged; never ends.

        If the stream ends, it is opened again at the position where it ended.

        :raises UsageError: the server refuses the request.
        """
        while True:
            try:
                for sent in self._stream(query, after):
                    after = sent.id
                    if sent.event:
                        yield sent
            except Retryable:
                pass
            time.sleep(_AGAIN_S)

    def _stream(self, query: Mapping[str, str | None], after: str) -> Iterator[Sent]:
        headers = {"accept": "text/event-stream", "last-event-id": after}
        answer = self._endpoint.open(
            "GET", f"{PREFIX}/events", _encoded(query), headers, _SILENCE_S
        )
        try:
            if answer.status != 200:
                names = {name.lower(): value for name, value in answer.getheaders()}
                self._answer(Reply(answer.status, names, answer.read(_MOST_LINE)))
            yield from _parsed(answer)
        except (OSError, http.client.HTTPException):
            return
        finally:
            answer.close()
            self._endpoint.close()

    def _answer(self, reply: Reply) -> Any:
        try:
            body = json.loads(reply.body)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict) or (reply.status >= 400 and "error" not in body):
            raise UsageError(
                f"{self.url} does not answer like a gitmesh server (HTTP {reply.status})",
                hint="give the address of gitmesh serve --http: --server http://127.0.0.1:18080",
            )
        if reply.status < 400:
            return body
        problems = tuple(_problem(each) for each in body.get("problems", ()))
        if problems:
            raise ChangeRefused(body["error"], problems)
        hint = body.get("hint") or _HINTS.get(reply.status, "")
        if reply.status in (429, 500, 502, 503, 504):
            raise Retryable(f"{self.url}: {body['error']}", hint=hint or "run it again")
        error = ChangedMeanwhile if reply.status == 409 else UsageError
        raise error(body["error"], hint=hint)


_HINTS: Final = {
    400: "see --help",
    401: "name who you are: GITMESH_TOKEN, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    403: "name who you are: GITMESH_TOKEN, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    404: "gitmesh get lists what there is",
}


def _parsed(answer: http.client.HTTPResponse) -> Iterator[Sent]:
    """Yield the events of a stream; a position without an event is yielded as an empty event."""
    fields: dict[str, str] = {}
    while line := answer.readline(_MOST_LINE):
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            fields[name] = value.removeprefix(" ")
        else:
            if "id" in fields:
                yield Sent(fields["id"], json.loads(fields.get("data", "{}")))
            fields = {}


def _encoded(query: Mapping[str, str | None]) -> str:
    given = {name: value for name, value in sorted(query.items()) if value is not None}
    return urlencode(given, quote_via=quote, safe="-_.~")


def _problem(found: Mapping[str, Any]) -> Problem:
    return Problem(
        str(found.get("path", "")),
        int(found.get("line", 0)),
        str(found.get("where", "")),
        str(found.get("code", "")),
        str(found.get("message", "")),
        str(found.get("hint", "")),
        Severity(found.get("severity", Severity.ERROR)),
    )
