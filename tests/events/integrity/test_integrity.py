"""Changes that bypass the triggers are detected, and the first wrong event is named."""

from pathlib import Path

import pytest

from events.opening import open_for_reading, open_for_writing
from events.sqlite.schema import STEPS_TABLE, TABLES, triggers
from events.store import EventReader
from events.types import Chain
from mesh.errors import Fatal
from tests.support.forger import Edit, changed, forge, replaced
from tests.support.histories import facts
from tests.support.logs import SHORT_HISTORY, SOME_DELIVERY, fill, outsider, unprotected

TRIGGERS = [name for table in TABLES.values() for name in triggers(table)]


@pytest.fixture
def filled(path: Path) -> Path:
    log = open_for_writing(path)
    fill(log, SHORT_HISTORY, SOME_DELIVERY)
    assert log.verify() == []
    log.close()
    return path


def verified(path: Path) -> list[str]:
    log = open_for_reading(path)
    try:
        return log.verify()
    finally:
        log.close()


def test_an_empty_log_is_whole(log: EventReader) -> None:
    assert log.verify() == []


def test_a_log_that_nobody_touched_is_whole(filled: Path) -> None:
    assert verified(filled) == []


NOT_AS_WRITTEN = "is not what was written"
UNLINKED = "does not continue the event before it"
SWAP = (
    "UPDATE {t} SET seq = -2 WHERE seq = 2",
    "UPDATE {t} SET seq = 2 WHERE seq = 3",
    "UPDATE {t} SET seq = 3 WHERE seq = -2",
)
FORGERIES: dict[str, tuple[Chain, tuple[str, ...], str]] = {
    "a changed weight": (
        Chain.MESH,
        ("UPDATE {t} SET data = replace(data, '\"priority\":2', '\"priority\":3') WHERE seq = 5",),
        f"mesh chain: event 5 (ResourceChanged) {NOT_AS_WRITTEN}",
    ),
    "a space that changes no meaning": (
        Chain.MESH,
        ("UPDATE {t} SET data = replace(data, ':', ': ') WHERE seq = 2",),
        f"mesh chain: event 2 (ResourceAdded) {NOT_AS_WRITTEN}",
    ),
    "a key that some readers see and some do not": (
        Chain.MESH,
        ("UPDATE {t} SET data = '{{\"spec\":{{}},' || substr(data, 2) WHERE seq = 3",),
        f"mesh chain: event 3 (ResourceAdded) {NOT_AS_WRITTEN}",
    ),
    "another author": (
        Chain.MESH,
        ("UPDATE {t} SET actor = 'Mallory' WHERE seq = 4",),
        f"mesh chain: event 4 (CommitApplied) {NOT_AS_WRITTEN}",
    ),
    "another resource": (
        Chain.MESH,
        ("UPDATE {t} SET subject = 'mesh/shop' WHERE seq = 7",),
        f"mesh chain: event 7 (ResourceRemoved) {NOT_AS_WRITTEN}",
    ),
    "another commit": (
        Chain.MESH,
        ("UPDATE {t} SET \"commit\" = 'f00d' WHERE seq = 7",),
        f"mesh chain: event 7 (ResourceRemoved) {NOT_AS_WRITTEN}",
    ),
    "another kind": (
        Chain.DELIVERY,
        ("UPDATE {t} SET kind = 'ProxyDisconnected' WHERE seq = 1",),
        f"delivery chain: event 1 (ProxyDisconnected) {NOT_AS_WRITTEN}",
    ),
    "another form": (
        Chain.DELIVERY,
        ("UPDATE {t} SET v = 3 WHERE seq = 1",),
        f"delivery chain: event 1 (ProxyConnected) {NOT_AS_WRITTEN}",
    ),
    "another time of delivery": (
        Chain.DELIVERY,
        ("UPDATE {t} SET at = '2026-11-23T00:00:00.000000Z' WHERE seq = 3",),
        f"delivery chain: event 3 (SnapshotRejected) {NOT_AS_WRITTEN}",
    ),
    "a made-up hash": (
        Chain.MESH,
        ("UPDATE {t} SET hash = '{h}' WHERE seq = 7",),
        f"mesh chain: event 7 (ResourceRemoved) {NOT_AS_WRITTEN}",
    ),
    "an event cut out of the middle": (
        Chain.MESH,
        ("DELETE FROM {t} WHERE seq = 4",),
        "mesh chain: event 4 is missing; 5 follows 3",
    ),
    "the first event cut off": (
        Chain.DELIVERY,
        ("DELETE FROM {t} WHERE seq = 1",),
        "delivery chain: event 1 is missing; 2 follows 0",
    ),
    "an event cut out and the gap closed": (
        Chain.MESH,
        ("DELETE FROM {t} WHERE seq = 6", "UPDATE {t} SET seq = 6 WHERE seq = 7"),
        f"mesh chain: event 6 {UNLINKED}",
    ),
    "two events swapped": (Chain.MESH, SWAP, f"mesh chain: event 2 {UNLINKED}"),
    "data that is no JSON": (
        Chain.DELIVERY,
        ("UPDATE {t} SET data = '{{' WHERE seq = 2",),
        f"delivery chain: event 2 (ProxyConnected) {NOT_AS_WRITTEN}",
    ),
    "data that is no text": (
        Chain.DELIVERY,
        ("UPDATE {t} SET data = CAST(x'ff' AS TEXT) WHERE seq = 2",),
        "delivery chain: event 2 cannot be read",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forgery_is_found_and_named(filled: Path, forgery: tuple[Chain, list[str], str]) -> None:
    chain, statements, expected = forgery
    with unprotected(filled) as connection:
        for sql in statements:
            changed = connection.execute(sql.format(t=TABLES[chain], h="0" * 64)).rowcount
            assert changed > 0
    found = verified(filled)
    assert found[0].startswith(expected)
    others = [line for line in found[1:] if "projection" not in line]
    assert others == [], "one forgery is told once"


def test_both_chains_are_looked_at(filled: Path) -> None:
    with unprotected(filled) as connection:
        for table in TABLES.values():
            connection.execute(f"UPDATE {table} SET actor = 'Mallory' WHERE seq = 2")
    assert [line.split(":")[0] for line in verified(filled)] == ["mesh chain", "delivery chain"]


def test_the_time_in_the_mesh_chain_is_a_note_that_no_hash_seals(filled: Path) -> None:
    """It must not be part of the hashes, or no two servers would ever agree on them.

    What is signed of it is (tests/gitmesh/cli/commands/audit/test_tampering.py).
    """
    with unprotected(filled) as connection:
        connection.execute("UPDATE mesh_events SET at = replace(at, '2026', '1999')")
    assert verified(filled) == []


def test_a_tail_that_was_cut_off_shows_only_beside_a_head_that_was_noted(filled: Path) -> None:
    log = open_for_reading(filled)
    noted = log.head(Chain.MESH)
    log.close()
    with unprotected(filled) as connection:
        connection.execute("DELETE FROM mesh_events WHERE seq > 5")
    open_for_writing(filled).close()  # a server that starts sees a shorter log, and carries on
    assert verified(filled) == []
    log = open_for_reading(filled)
    assert log.head(Chain.MESH).seq < noted.seq
    log.close()


PROJECTIONS = {
    "resource_versions": "UPDATE resource_versions SET spec = '{}' WHERE until IS NULL",
    "commits": "UPDATE commits SET tree = 'another' WHERE seq = 1",
    "proxies": "DELETE FROM proxies",
    "positions": "UPDATE positions SET seq = 6 WHERE chain = 'mesh'",
}


@pytest.mark.parametrize(("table", "sql"), PROJECTIONS.items(), ids=PROJECTIONS.keys())
def test_a_changed_projection_is_found_and_named(filled: Path, table: str, sql: str) -> None:
    with outsider(filled) as connection:
        assert connection.execute(sql).rowcount > 0
    assert verified(filled) == [f"projection {table} differs from what the chain says"]


WITHOUT_MEANING = {
    "a fraction": replaced(3, '"priority":1', '"priority":1.5'),
    "a number beyond all bounds": changed(3, data='{"path":"all.yaml","spec":1e999}'),
    "no object": changed(3, data='"all.yaml"'),
    "a kind that is not known": changed(3, kind="TeapotBrewed"),
}


@pytest.mark.parametrize("edit", WITHOUT_MEANING.values(), ids=WITHOUT_MEANING.keys())
def test_what_is_sealed_but_makes_no_sense_is_a_finding(filled: Path, edit: Edit) -> None:
    forge(filled, edit)
    (found,) = verified(filled)
    assert found.startswith("the projections cannot be compared with the chains: ")


def test_a_table_is_compared_to_its_last_row(filled: Path) -> None:
    for sql in (
        "INSERT INTO commits VALUES (99, 99, 'c0ffee', 'tree', 'applied')",
        "INSERT INTO resource_versions VALUES ('zzz', 99, NULL, 'c0ffee', '', '{}')",
    ):
        with outsider(filled) as connection:
            connection.execute(sql)
    assert verified(filled) == [
        f"projection {table} differs from what the chain says"
        for table in ("resource_versions", "commits")
    ]


def test_progress_is_told_of_both_chains(filled: Path) -> None:
    told: list[tuple[str, int, int]] = []
    log = open_for_reading(filled)
    assert log.verify(lambda *step: told.append(step)) == []
    log.close()
    assert told == [("checking the mesh chain", 0, 7), ("checking the delivery chain", 0, 4)]


def test_projections_of_another_gitmesh_are_not_called_changed(filled: Path) -> None:
    with outsider(filled) as connection:
        connection.execute("UPDATE positions SET projector = 1 WHERE chain = 'mesh'")
        connection.execute("DELETE FROM commits")
    (found,) = verified(filled)
    assert found.startswith("the projections were made by another gitmesh (form 1, here ")
    open_for_writing(filled).close()
    assert verified(filled) == []


def test_a_projection_that_is_gone_is_found(filled: Path) -> None:
    with outsider(filled) as connection:
        connection.execute("DROP TABLE proxies")
    (found,) = verified(filled)
    assert "table proxies is missing" in found
    open_for_writing(filled).close()  # a server that starts makes them anew
    assert verified(filled) == []


CHANGED_INDEXES = {
    "is missing": (),
    "is altered": ("CREATE INDEX delivery_events_by_commit ON delivery_events (actor)",),
}


@pytest.mark.parametrize("wrong", CHANGED_INDEXES)
def test_an_index_that_is_not_as_it_was_made_is_found_and_made_again(
    filled: Path, wrong: str
) -> None:
    with outsider(filled) as connection:
        for sql in ("DROP INDEX delivery_events_by_commit", *CHANGED_INDEXES[wrong]):
            connection.execute(sql)
    (found,) = verified(filled)
    assert found.endswith(f": index delivery_events_by_commit {wrong}")
    open_for_writing(filled).close()
    assert verified(filled) == []


def test_a_log_from_before_the_indexes_is_whole_and_gains_them(filled: Path) -> None:
    with outsider(filled) as connection:
        names = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        of_chains = f"{names} AND tbl_name IN ('mesh_events', 'delivery_events')"
        made = connection.execute(of_chains).fetchall()
        for (name,) in made:
            connection.execute(f"DROP INDEX {name}")
        connection.execute(f"DELETE FROM {STEPS_TABLE} WHERE name = '0003_indexes'")
    assert verified(filled) == []
    with open_for_reading(filled) as log:
        assert [r.seq for r in log.about(facts(2).commit, Chain.DELIVERY)] == [3]
    open_for_writing(filled).close()
    with outsider(filled) as connection:
        assert connection.execute(of_chains).fetchall() == made != []
    assert verified(filled) == []


def test_columns_of_a_projection_that_were_given_each_others_names_are_found(filled: Path) -> None:
    """The rows are what they were, and every answer by name is another."""
    with outsider(filled) as connection:
        for old, new in (("commit", "x"), ("tree", "commit"), ("x", "tree")):
            connection.execute(f'ALTER TABLE commits RENAME COLUMN "{old}" TO "{new}"')
    (found,) = verified(filled)
    assert "table commits is altered" in found
    open_for_writing(filled).close()
    assert verified(filled) == []


def test_columns_of_a_chain_that_were_given_each_others_names_are_found(filled: Path) -> None:
    with unprotected(filled) as connection:
        for old, new in (("actor", "x"), ("subject", "actor"), ("x", "subject")):
            connection.execute(f'ALTER TABLE mesh_events RENAME COLUMN "{old}" TO "{new}"')
    assert "table mesh_events is altered" in verified(filled)
    with pytest.raises(Fatal, match="not protected: table mesh_events is altered"):
        open_for_writing(filled)


def with_schema(path: Path, name: str, sql: str) -> None:
    """Let the file say that this is how a table or an index was made."""
    with outsider(path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (sql, name))
        connection.execute("PRAGMA writable_schema = RESET")


def test_an_index_that_lacks_rows_is_found(filled: Path) -> None:
    """All rows are there and right, and no question by a commit's id finds them."""
    whole = 'CREATE INDEX commits_by_commit ON commits ("commit")'
    with_schema(filled, "commits_by_commit", f"{whole} WHERE 0")
    with outsider(filled) as connection:
        connection.execute("REINDEX commits_by_commit")
    with_schema(filled, "commits_by_commit", whole)
    (found,) = verified(filled)
    assert found.startswith("file: SQLite finds it damaged: row 1 missing from index commits_by_")


# ---- triggers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_dropped_trigger_is_found_and_the_log_is_not_written_to(filled: Path, name: str) -> None:
    with outsider(filled) as connection:
        connection.execute(f"DROP TRIGGER {name}")
    assert verified(filled) == [f"trigger {name} is missing"]
    with pytest.raises(Fatal, match=f"not protected: trigger {name} is missing") as caught:
        open_for_writing(filled)
    assert "gitmesh verify" in caught.value.hint


def test_an_altered_trigger_is_found(filled: Path) -> None:
    name = "mesh_events_no_update"
    with outsider(filled) as connection:
        connection.execute(f"DROP TRIGGER {name}")
        connection.execute(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON mesh_events WHEN OLD.seq > 100 "
            "BEGIN SELECT RAISE(ABORT, 'append-only'); END"
        )
    assert verified(filled) == [f"trigger {name} is altered"]
    with pytest.raises(Fatal, match="is altered"):
        open_for_writing(filled)


def test_a_trigger_that_swallows_events_is_found(filled: Path) -> None:
    """Without a look for triggers that are not ours, ``append`` would return and keep nothing."""
    with outsider(filled) as connection:
        connection.execute(
            "CREATE TRIGGER silence BEFORE INSERT ON mesh_events BEGIN SELECT RAISE(IGNORE); END"
        )
    assert verified(filled) == ["trigger silence is not ours"]
    with pytest.raises(Fatal, match="trigger silence is not ours"):
        open_for_writing(filled)


# ---- what is not ours ---------------------------------------------------------------------------

FOREIGN: dict[str, tuple[str, list[str]]] = {
    "a table": ("CREATE TABLE notes (x)", ["file: table notes is not ours"]),
    "a view that passes for the log": (
        "CREATE VIEW events AS SELECT * FROM mesh_events WHERE actor <> 'Mallory'",
        ["file: view events is not ours"],
    ),
    "an index that keeps events out": (
        "CREATE UNIQUE INDEX once ON mesh_events (subject, kind, at, data, seq)",
        ["file: index once is not ours"],
    ),
    "a trigger on a projection": (
        "CREATE TRIGGER t AFTER INSERT ON commits BEGIN DELETE FROM commits; END",
        ["trigger t is not ours"],
    ),
    "an index on the steps": (
        "CREATE INDEX steps ON _sqlite_migrations (name)",
        ["file: index steps is not ours"],
    ),
    "a version": (
        "PRAGMA user_version = 7",
        ["file: its user_version is 7, where gitmesh leaves 0"],
    ),
    "an application": (
        "PRAGMA application_id = 1196444487",
        ["file: its application_id is 1196444487, where gitmesh leaves 0"],
    ),
    "steps of somebody else": (
        "INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('other', '1')",
        ["file: steps of 'other' are not ours (_sqlite_migrations)"],
    ),
    "Litestream": ("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)", []),
    "SQLite's statistics": ("ANALYZE", []),
}


@pytest.mark.parametrize(("statement", "told"), FOREIGN.values(), ids=FOREIGN.keys())
def test_what_is_not_ours_in_the_file_is_named(
    filled: Path, statement: str, told: list[str]
) -> None:
    with outsider(filled) as connection:
        connection.execute(statement)
    assert verified(filled) == told


def test_of_many_things_that_are_not_ours_some_are_named_and_all_are_counted(filled: Path) -> None:
    with outsider(filled) as connection:
        for number in range(50):
            connection.execute(f"CREATE TABLE t{number} (x)")
    told = verified(filled)
    assert len(told) == 21
    assert told[-1] == "file: 30 more objects are not ours"
