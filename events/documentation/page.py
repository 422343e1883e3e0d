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
from events.sqlite.schema import COLUMNS, PROJECTIONS, TABLES, triggers
from events.types import Chain, Event, Seq

_AT: Final = "2026-11-23T08:30:00.021400Z"

_OPENING: Final = """\
# The event log

gitmesh keeps its memory in one SQLite file, made to be read by anybody, with or without gitmesh,
many years from now. This page is the whole format. It is made from the code:
`python -m events.documentation.page > docs/events.md`.

Open the file read-only (`sqlite3 'file:events.sqlite3?mode=ro'`). A server may write to it
meanwhile: readers see whole transactions, and disturb nobody. Back it up with
`VACUUM INTO` or SQLite's backup command; a plain copy of a file in use lacks what is still in its
`-wal` file. Never open it for writing while a server runs: SQLite before 3.51.3 can lose commits
when two connections checkpoint at once ([WAL reset bug](https://www.sqlite.org/wal.html#walresetbug)),
and gitmesh stays clear of that by being the only one.

## What is promised

- An event, once written, is never changed or removed. What becomes of the mesh is a new event.
- All events of one commit are one transaction: all of them are there, or none.
- Positions (`seq`) count from 1 in each chain, without gaps.
- When gitmesh goes on after an append, the events are on disk (write-ahead log,
  `synchronous = FULL`). Killed at any instant, it loses nothing that it acted upon.
- Names of kinds, and of fields in `data`, keep their meaning. When the data of a kind must change,
  its `v` goes up; old events stay as they are and are translated on reading.
- The mesh chain is a function of the git history, and of the rules by which gitmesh decides: two
  servers that followed the same branch by the same [rules](#ruleschanged) have equal hashes.
  Comparing one head compares everything.
- Data holds whole numbers only, never fractions.

What is *not* promised: that nobody with write access to the file can forge a whole new chain, or
cut off its tail. Note the head hash elsewhere to be able to prove that neither happened.

## Two chains

| chain | table | says |
|---|---|---|
| `mesh` | `mesh_events` | what the mesh was told to be; the state of the mesh is a fold over it |
| `delivery` | `delivery_events` | what became of it: which proxies came, took it, refused it |

Both tables have these columns:
"""

_COLUMN_DOCS: Final = {
    "seq": "Position in the chain.",
    "kind": "What happened: see [below](#kinds).",
    "v": "Form of `data` for this kind.",
    "subject": "What the event is about: a resource's key such as "
    "`mesh/shop/virtualRouter/cart/route/all`, a commit id, a node id.",
    "commit": "Id of the commit that caused it, or empty.",
    "actor": "Who caused it, as far as is known: a claim, not proof.",
    "at": "When the log took it: UTC, RFC 3339 with microseconds. It never goes back, even when "
    "the clock does. All events of a transaction have the same.",
    "data": "The rest, as canonical JSON: keys sorted by code point, no spaces, nothing escaped "
    'but `"`, `\\` and control characters, whole numbers only.',
    "prev_hash": "`hash` of the event before it; 64 zeros for the first.",
    "hash": "Seals the event and, through `prev_hash`, all before it.",
}

_RECIPE: Final = """\
## The hash

    hash = SHA-256( "gitmesh-event-v1"  00  prev_hash as 32 bytes  canonical JSON in UTF-8 ), in hex

The JSON is an object of the columns `actor`, `commit`, `data`, `kind`, `seq`, `subject` and `v`,
in the delivery chain also `at`, with sorted keys and no spaces; `data` goes in as it stands in the
column. In the mesh chain `at` is left out, because two servers read the same commit at different
times; what is signed of that chain seals its times
([why](decisions/0035-sign-times-of-the-mesh-chain.md)). This checks a file with nothing but Python:

```python
{program}```

### Worked example

The last event of the [examples](#kinds) of the mesh chain, `seq` {seq}. The bytes that are hashed
are `gitmesh-event-v1`, a zero byte, the 32 bytes of the hash before it,

    {prev}

and this text:

    {text}

Their SHA-256 is its `hash`:

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
"""Verifies both chains of a file without gitmesh; part of the page, and run by a test."""

_TRIGGERS: Final = """\
## Triggers

Each table has three, which refuse every `UPDATE`, every `DELETE`, and every `INSERT` of anything
but the next event (`INSERT OR REPLACE` and upserts are such). They stop mistakes; against intent
there are the hashes. `gitmesh serve` does not start on a file that lacks one, or has others.
"""

_PROJECTIONS: Final = """\
## Projections

Tables for quick answers, kept in step in the transaction that appends. They hold nothing that
the chains do not, and are made again from them whenever they are older than the program. Their form
may change with any release: build on the chains.

- `resource_versions`: each spec that a resource had, from the event `since` to before the event
  `until` (null: still). The mesh after event *n* is every row with `since <= n` and
  `until > n or until is null`.
- `commits`: each applied or rejected commit, where its events begin and end.
- `proxies`: who is connected.
- `positions`: up to where in each chain the projections go, and the version of what made them.
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
            f"```sql{PROJECTIONS}```",
            "",
        ]
    )


def example_rows(chain: Chain) -> list[Row]:
    """Return the rows of a new log that contains the examples of that chain."""
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
