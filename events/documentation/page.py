"""Generator of docs/events.md, the description of the log file for readers without gitmesh.

``python -m events.documentation.page > docs/events.md``
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from events.documentation.examples import DELIVERY_EXAMPLES, MESH_EXAMPLES
from events.documentation.kind_docs import KINDS, KindDoc
from events.encoding.codec import actor_of, encode
from events.integrity.chain import GENESIS, Row, seal, sealed_text
from events.sqlite.schema import COLUMNS, INDEXES, PROJECTIONS, TABLES, triggers
from events.types import Chain, Event, Seq

_AT: Final = "2026-11-23T08:30:00.021400Z"

_OPENING: Final = """\
# The event log

gitmesh stores its audit log in one SQLite file. Any program can read it, with or without gitmesh,
many years from now. This page describes the whole format. It is generated from the code:
`python -m events.documentation.page > docs/events.md`.

Open the file read-only (`sqlite3 'file:events.sqlite3?mode=ro'`). A server may write to it at the
same time: readers see whole transactions and block nobody. Back it up with `VACUUM INTO` or
SQLite's backup command. A plain copy of a file in use lacks the content of its `-wal` file. Never
open it for writing while a server runs: SQLite before 3.51.3 can lose commits when two connections
checkpoint at once ([WAL reset bug](https://www.sqlite.org/wal.html#walresetbug)). gitmesh avoids
this bug by being the only writer.

## Guarantees

- A written event is never changed or removed. A change of the mesh is a new event.
- All events of one commit are in one transaction: all of them are in the log, or none.
- Positions (`seq`) count from 1 in each chain, without gaps.
- gitmesh continues after an append only when the events are on disk (write-ahead log,
  `synchronous = FULL`). If it is killed at any moment, the log contains everything it acted on.
- Names of kinds, and of fields in `data`, keep their meaning. If the data of a kind must change,
  its `v` increases. Old events stay as they are and are converted when they are read.
- The mesh chain is a function of the git history and of the validation rules: two servers that
  followed the same branch with the same [rules](#ruleschanged) have equal hashes. To compare two
  logs, compare one head hash.
- Data contains whole numbers only, never fractions.

*Not* guaranteed: a person with write access to the file can forge a whole new chain, or remove
its last events. To detect both, store the head hash elsewhere.

## Two chains

| chain | table | content |
|---|---|---|
| `mesh` | `mesh_events` | changes of the mesh; the state of the mesh is a fold over them |
| `delivery` | `delivery_events` | delivery to proxies: connections, acknowledgements, refusals |

Both tables have these columns:
"""

_COLUMN_DOCS: Final = {
    "seq": "Position in the chain.",
    "kind": "Kind of event: see [below](#kinds).",
    "v": "Version of the form of `data` for this kind.",
    "subject": "Subject of the event: a resource's key such as "
    "`mesh/shop/virtualRouter/cart/route/all`, a commit id, or a node id.",
    "commit": "Id of the commit that caused it, or empty.",
    "actor": "The person or program that caused it, if known: a claim, not proof.",
    "at": "Recording time: UTC, RFC 3339 with microseconds. It never goes back, even if the clock "
    "does. All events of a transaction have the same time.",
    "data": "The other fields, as canonical JSON: keys sorted by code point, no spaces, only "
    '`"`, `\\` and control characters escaped, whole numbers only.',
    "prev_hash": "`hash` of the previous event; 64 zeros for the first event.",
    "hash": "Hash of the event and, through `prev_hash`, of all events before it.",
}

_RECIPE: Final = """\
## The hash

    hash = SHA-256( "gitmesh-event-v1"  00  prev_hash as 32 bytes  canonical JSON in UTF-8 ), in hex

The JSON is an object of the columns `actor`, `commit`, `data`, `kind`, `seq`, `subject` and `v`,
in the delivery chain also `at`, with sorted keys and no spaces; `data` is inserted as stored in the
column. In the mesh chain `at` is not hashed, because two servers read the same commit at different
times; signed checkpoints of that chain cover its times
([reasons](decisions/0035-sign-times-of-the-mesh-chain.md)). This program checks a file with Python
alone:

```python
{program}```

### Worked example

This is the last event of the mesh chain's [examples](#kinds), `seq` {seq}. The hashed bytes are
`gitmesh-event-v1`, a zero byte, the 32 bytes of the previous hash,

    {prev}

and this text:

    {text}

The SHA-256 of these bytes is its `hash`:

    {hash}
"""

PROGRAM: Final = """\
import hashlib
import json
import sqlite3
import sys


def text(value):
    return json.dumps(value, ensure_ascii=False)


log = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
log.row_factory = sqlite3.Row
for table in ("mesh_events", "delivery_events"):
    seq, prev = 0, "0" * 64
    for event in log.execute(f"SELECT * FROM {table} ORDER BY seq"):
        values = {name: text(event[name]) for name in event.keys()} | {"data": event["data"]}
        names = ["actor", "commit", "data", "kind", "seq", "subject", "v"]
        names += ["at"] if table == "delivery_events" else []
        body = "{" + ",".join(f'"{name}":{values[name]}' for name in sorted(names)) + "}"
        sealed = b"gitmesh-event-v1\\0" + bytes.fromhex(prev) + body.encode()
        seq, prev = seq + 1, hashlib.sha256(sealed).hexdigest()
        if (event["seq"], event["hash"]) != (seq, prev):
            sys.exit(f"{table}: event {seq} is not what was written")
    print(table, seq, prev)
"""
"""Verifies both chains of a file without gitmesh; it is part of docs/events.md, and a test runs
it."""

_TRIGGERS: Final = """\
## Triggers

Each table has three triggers. They reject every `UPDATE`, every `DELETE`, and every `INSERT` except
of the next event (this includes `INSERT OR REPLACE` and upserts). Triggers prevent mistakes; hashes
detect manipulation. `gitmesh serve` does not start on a file that lacks a trigger or has others.
"""

_PROJECTIONS: Final = """\
## Projections

Projections are tables for fast queries. They are updated in the same transaction as the append.
They contain nothing that the chains do not contain, and are rebuilt from the chains after an
upgrade that changes them. Their form may change with any release: use the chains instead.

- `resource_versions`: each spec that a resource had, valid from event `since` until before event
  `until` (null: still valid). The mesh after event *n* consists of the rows with `since <= n` and
  `until > n or until is null`.
- `commits`: each applied or rejected commit, with the positions of its first and last event.
- `proxies`: the connected proxies and their states.
- `nodes`: the last accepted snapshot and the last refusal of each node.
- `snapshots`: each published snapshot, and the event of its convergence.
- `sources`, `workers`: current degradations of the repository, and unresponsive workers.
- `positions`: the last event of each chain that the projections include, and the version of the
  code that made them.

Indexes of the chains find the events of a commit, and the starts of servers. A server adds them to
a log of an earlier release when it opens it.
"""


def page() -> str:
    """Return the text of docs/events.md."""
    mesh, delivery = example_rows(Chain.MESH), example_rows(Chain.DELIVERY)
    last = mesh[-1]
    recipe = _RECIPE.format(
        program=PROGRAM,
        seq=last.seq,
        prev=last.prev_hash,
        text=sealed_text(Chain.MESH, last),
        hash=last.hash,
    )
    tables = "\n\n".join(triggers(TABLES[Chain.MESH]).values())
    indexes = "\n".join(f"{sql};" for sql in INDEXES.values())
    return "\n".join(
        [
            _OPENING,
            *_table("column", _COLUMN_DOCS),
            "",
            f"```sql\nCREATE TABLE mesh_events ({COLUMNS}) STRICT;\n```\n",
            recipe,
            "## Kinds\n\n### Mesh chain\n",
            *(_kind(row) for row in mesh),
            "### Delivery chain\n",
            *(_kind(row) for row in delivery),
            _TRIGGERS,
            f"```sql\n{tables}\n```\n",
            _PROJECTIONS,
            f"```sql{PROJECTIONS}\n{indexes}\n```",
            "",
        ]
    )


def example_rows(chain: Chain) -> list[Row]:
    """Return the rows of a new log that contains the examples of one chain."""
    examples: Sequence[Event] = MESH_EXAMPLES if chain is Chain.MESH else DELIVERY_EXAMPLES
    rows: list[Row] = []
    actor = ""
    for seq, event in enumerate(examples, 1):
        actor = actor_of(event) or actor
        prev = rows[-1].hash if rows else GENESIS
        rows.append(seal(chain, prev, Seq(seq), encode(event, actor), _AT))
    return rows


def _kind(row: Row) -> str:
    doc = KINDS[row.kind]
    return "\n".join([f"#### {row.kind}\n", *_about(doc), *_example(row)])


def _about(doc: KindDoc) -> Iterator[str]:
    yield f"{doc.meaning}\n"
    yield f"Subject: {doc.subject}. Actor: {doc.actor}.\n"
    if doc.fields:
        yield from _table("field", doc.fields)
    else:
        yield "It has no data."
    yield ""


def _example(row: Row) -> Iterator[str]:
    shown = {**row._asdict(), "data": json.loads(row.data)}
    yield f"```json\n{json.dumps(shown, indent=2, ensure_ascii=False)}\n```\n"


def _table(head: str, rows: Mapping[str, str]) -> Iterator[str]:
    yield f"| {head} | |\n|---|---|"
    for name, meaning in rows.items():
        yield f"| `{name}` | {meaning} |"


if __name__ == "__main__":
    sys.stdout.write(page())
