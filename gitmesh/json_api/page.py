"""docs/json-api.md: the operations of the JSON API, from their table.

``python -m gitmesh.json_api.page > docs/json-api.md`` writes it.
"""

from collections.abc import Iterator
from typing import Final

from gitmesh.json_api import changing, event_feed, event_stream
from gitmesh.json_api.operations import OPERATIONS, PREFIX, Operation
from gitmesh.json_shapes.page import SHAPES, fields

_COMMANDS: Final = {shape: command for command, shape in reversed(list(SHAPES.items()))}

_HEAD: Final = f"""\
# The JSON API

<!-- Written by `python -m gitmesh.json_api.page`; `make golden` writes it anew. -->

`gitmesh serve --http` answers, beside the [App Mesh API](api.md), what App Mesh never had, below \
`{PREFIX}`: history, blame, differences, rollbacks, proxies, and events as they come. Callers, \
credentials and limits are those of the App Mesh API. Answers have the shapes of the commands' \
`--json` ([which](json.md)).

```sh
curl http://127.0.0.1:18080{PREFIX}/blame?resource=mesh/shop/virtualRouter/cart/route/all
curl -X POST -H 'Content-Type: application/json' -d '{{"to": "2 hours ago", "dryRun": true}}' \\
    http://127.0.0.1:18080{PREFIX}/rollback
curl -N -H 'Accept: text/event-stream' http://127.0.0.1:18080{PREFIX}/events?chain=mesh
```

| operation | what | shape | for callers who may not do everything |
|---|---|---|---|
"""

_TAIL: Final = f"""\

## Requests

- A GET has parameters in its query, a POST members in a JSON object, with \
`Content-Type: application/json`. Unknown ones are refused.
- Names of resources are those of [`gitmesh state`](json.md): `mesh/shop/virtualNode/cart`. In \
`/resources/…` the name is the rest of the path.
- A moment is a position in the mesh chain (`12`), a commit or a branch, or a time \
(`2026-11-25T03:12Z`, `2 hours ago`).
- The answer to a write comes when the event log has its commit. Its author is the caller; \
trailers name the request. Up to {changing.MOST_DOCUMENTS:,} documents are applied at once.

## Errors

An error has a status of 400 or more, and `error`, `hint` and `problems` in its body. 422 means \
that the mesh, or a document, would not be valid: `problems` has each reason, and nothing was \
changed. 409 means that a resource is not as `expected` any more. 404 also answers for what the \
caller may not read. 429 and 503 mean that the same request may work later: `Retry-After`.

## Event streams

With `Accept: text/event-stream`, `/events` sends [Server-Sent Events]\
(https://html.spec.whatwg.org/multipage/server-sent-events.html): first those after the position, \
then each as it is recorded. `event` is the kind, `data` the event as in `gitmesh log --json`.

- **Resume.** `id` is a position: `12` with `chain=mesh`, and `12.340` for both chains, the mesh \
chain's first. A browser's `EventSource` sends the last one by itself as `Last-Event-ID`; it goes \
before `after`. Nothing is left out and nothing comes twice. Where nothing is wanted, an `id` \
comes alone.
- **Order.** Events of one chain are in the order of their positions. Those of both chains are in \
order of time, as far as they are sent together.
- **Bounds.** {event_stream.MOST_STREAMS} streams, {event_stream.MOST_OF_CALLER} for each caller; \
others get 429. A stream ends after {event_stream.LASTS_S / 60:.0f} minutes, and the permission \
is looked up anew. Who does not take what was sent within {event_stream.SENT_WITHIN_S:.0f} s is \
cut off. A comment comes every {event_stream.QUIET_S:.0f} s.

Without that header, `/events` answers with up to {event_feed.MOST_EVENTS} events and `next`, the \
position to go on at.
"""


def page() -> str:
    """Return the page."""
    return _HEAD + "".join(map(_row, OPERATIONS)) + "".join(_values()) + _TAIL + _shapes()


def _row(operation: Operation) -> str:
    shape = operation.shape
    command = _COMMANDS.get(shape)
    named = f"`{command} --json`" if command else f"[`{shape.__name__}`](#shapes-of-its-own)"
    path = operation.path.replace("{name}", "…")
    return f"| `{operation.method} {path}` | {operation.summary} | {named} | {operation.access} |\n"


def _values() -> Iterator[str]:
    yield "\n| operation | parameter or member | meaning |\n|---|---|---|\n"
    for operation in OPERATIONS:
        for value in operation.values:
            required = " Required." if value.required else ""
            yield f"| `{operation.path}` | `{value.name}` | {value.meaning}{required} |\n"


def _shapes() -> str:
    own = {o.shape.__name__: o.shape for o in OPERATIONS if o.shape not in _COMMANDS}
    rows = (
        f"| `{name}` | {', '.join(f'`{field}`' for field in fields(shape))} |\n"
        for name, shape in own.items()
    )
    return "\n## Shapes of its own\n\n| shape | fields |\n|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 -- this is its work
