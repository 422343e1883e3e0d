"""docs/json.md: the fields that each command answers with, from the shapes themselves.

``python -m gitmesh.json_shapes.page > docs/json.md`` writes it.
"""

from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import (
    Any,
    Final,
    NotRequired,
    Union,
    get_args,
    get_origin,
    is_typeddict,
)

from gitmesh.json_shapes import (
    audit,
    changes,
    credentials,
    delivery,
    events,
    history,
    meanings,
    pins,
    proxies,
    repository,
    resources,
    routing,
)
from gitmesh.json_shapes import specs as spec_shapes
from gitmesh.json_shapes.traffic import diagnosis, shifts
from gitmesh.json_shapes.traffic import reported as traffic

SHAPES: Final[Mapping[str, type]] = {
    "init": repository.CreationShape,
    "hooks": repository.InstalledHooksShape,
    "new": spec_shapes.NewDocumentShape,
    "explain": meanings.ExplanationShape,
    "import": spec_shapes.ImportShape,
    "fmt": spec_shapes.FormattingShape,
    "validate": spec_shapes.ValidationShape,
    "route-test": routing.RouteTestsShape,
    "plan": changes.PreviewShape,
    "status": delivery.StatusShape,
    "proxies": proxies.ProxiesShape,
    "log": events.EventShape,
    "log --commits": history.CommitLineShape,
    "show": history.CommitShape,
    "state": history.StateShape,
    "blame": history.OriginsShape,
    "diff": changes.DifferenceShape,
    "wait": delivery.WaitShape,
    "doctor": diagnosis.DiagnosisShape,
    "top": traffic.TrafficShape,
    "traffic": traffic.TrafficShape,
    "traffic --commit": traffic.CommitTrafficShape,
    "who-calls": traffic.TrafficShape,
    "graph": routing.TopologyShape,
    "get": resources.ResourcesShape,
    "apply": resources.ResourceChangesShape,
    "edit": resources.ResourceChangesShape,
    "delete": resources.ResourceChangesShape,
    "rollback": changes.RollbackShape,
    "change list": changes.ChangeListShape,
    "change show": changes.PlannedChangeShape,
    "shift start": shifts.ShiftChangeShape,
    "shift list": shifts.ShiftsShape,
    "shift status": shifts.ShiftsShape,
    "shift hold": shifts.ShiftChangeShape,
    "shift resume": shifts.ShiftChangeShape,
    "shift promote": shifts.ShiftChangeShape,
    "shift abort": shifts.ShiftChangeShape,
    "pin": pins.PinAnswerShape,
    "unpin": pins.PinAnswerShape,
    "retry": delivery.RetryShape,
    "demo": repository.DemoShape,
    "verify": audit.VerdictShape,
    "prove --check": audit.ProvenEventShape,
    "checkpoint": audit.CheckpointShape,
    "keygen": audit.KeyPairShape,
    "backup": audit.BackupShape,
    "credential add": credentials.NewCredentialShape,
    "credential list": credentials.CredentialsShape,
    "credential revoke": credentials.CredentialsShape,
    "credential rotate": credentials.NewCredentialShape,
    "user add": credentials.UsersShape,
    "user list": credentials.UsersShape,
    "user remove": credentials.UsersShape,
}
"""Answer of each command; the other commands print a file of a known format."""

_HEAD: Final = """\
# What programs read

Every command prints one JSON document with `--json`; `log` and `export` print one a line, and \
nothing where there is none. What a command refuses to do is told on the error stream, in words, \
with the exit code: it prints no document then, unless its fields say so (`ok`, `problems`). The \
fields are stable: some may be added, none is renamed or removed.

| command | fields |
|---|---|
"""
_TAIL: Final = """
`[]` stands for each item of a list, `{}` for each value of an object whose names vary, `?` for a \
field that is there only where it applies. What is in `data`, `about` and `event` is told of in \
[events](events.md); what is in `spec` and `resources` is a spec as it could be committed. `prove` \
writes the proof itself; `export` [CloudEvents](https://github.com/cloudevents/spec), with \
`sequence`, `commit`, `actor`, `prevhash` and `hash` beside their own fields; `translate` and \
`bootstrap` Envoy's own configuration. For a commit that never got in, because its push was \
refused, `status` and `show` have the refused push (`pushRefused`, `about`), and `seq` is null.

## Errors and empty results

- **An error** (exit code 2, 3 or 70) prints nothing to the standard output. The error stream has \
the text `error: …`, with or without `--json`, and mostly a line `hint: …`.
- **Problems** (exit code 1) are part of the answer: `problems` has each of them, with `path`, \
`line`, `where`, `code`, `message`, `hint` and `severity`. A command that could not do its work \
because of them prints an object with `problems` alone, and `rollback` with `to` as well.
- **Not yet** (exit code 4) is an answer like any other.
- **Nothing found** is exit code 0: a list is empty (`"proxies": []`), and `log` and `export`, \
which print one document per line, print no line. What people read instead (`no event matches`) \
is left out.
"""


def fields(shape: object, path: str = "", inside: tuple[object, ...] = ()) -> Iterator[str]:
    """Yield the fields of a shape, each by its path from the top: ``changes[].kind``."""
    origin = get_origin(shape)
    if origin is NotRequired:
        yield from fields(get_args(shape)[0], path, inside)
    elif origin in (Union, UnionType):
        for each in get_args(shape):
            if each is not NoneType:
                yield from fields(each, path, inside)
    elif origin is list:
        yield from fields(get_args(shape)[0], f"{path}[]", inside)
    elif origin is dict:
        yield from fields(get_args(shape)[1], f"{path}{{}}", inside)
    elif is_typeddict(shape) and shape not in inside:
        yield from _fields(shape, path, (*inside, shape))


def _fields(shape: Any, path: str, inside: tuple[object, ...]) -> Iterator[str]:
    optional = shape.__optional_keys__
    for name, kind in shape.__annotations__.items():
        at = f"{path}.{name}" if path else name
        yield f"{at}?" if name in optional else at
        yield from fields(kind, at, inside)


def page() -> str:
    """Return the page."""
    rows = (
        f"| `{command}` | {', '.join(f'`{field}`' for field in fields(shape))} |\n"
        for command, shape in SHAPES.items()
    )
    return _HEAD + "".join(rows) + _TAIL


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 -- this is its work
