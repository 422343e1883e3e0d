"""Rules that decided a log, and a guard against unnumbered changes of the rules."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from events.encoding.codec import encode
from events.opening import open_for_writing
from events.state import MeshState
from events.store import EventStore
from events.types import START, Chain, DeliveryEvent, RulesChanged, Seq
from mesh.canonical import canonical
from reconciler import rules
from reconciler.plan import plan
from reconciler.reading.tree import EMPTY
from reconciler.rules import RULES, Stretch, WrongRules, stretch_of
from reconciler.rules_declaration import declare, declared
from tests.support.histories import facts
from tests.support.logs import SHORT_HISTORY, fill
from tests.support.manifests import go
from tests.support.sample_shop import sample_files
from tests.wrong.right_kubernetes import KUBERNETES
from tests.wrong.right_native import NATIVE
from tests.wrong.table import wrong_documents

# ---- the guard ----------------------------------------------------------------------------------

GOLDEN = Path(__file__).parent.parent / "xds" / "golden"
KNOWN = Path(__file__).parent / "decided.json"
"""What comes of each repository below, by these rules: digest of the files to digest of events."""


def repositories() -> Iterator[Mapping[str, str]]:
    yield NATIVE
    yield KUBERNETES
    yield {path: str(content, "utf-8") for path, content in sample_files().items()}  # type: ignore[arg-type]
    for wrong in wrong_documents():
        yield wrong.files
    for case in sorted(GOLDEN.iterdir()):
        found = (case / "in").rglob("*")
        yield {str(p.relative_to(case / "in")): p.read_text() for p in found if p.is_file()}


def digest(value: Any) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:16]


def outcome(files: Mapping[str, str]) -> str:
    """Return what the first commit of these files comes to; in which words is left out."""
    events = plan(MeshState(), facts(1), go(EMPTY, files).tree)
    return digest([_without_words(encode(event).data) for event in events])


def _without_words(value: Any) -> Any:
    match value:
        case {"code": _, "message": _}:
            return {key: each for key, each in value.items() if key not in ("message", "hint")}
        case dict():
            return {key: _without_words(each) for key, each in value.items()}
        case list():
            return [_without_words(each) for each in value]
    return value


def test_rules_that_change_have_another_number(update_golden: bool) -> None:
    """Raise ``RULES`` when this fails, and only then write the file anew with --update-golden.

    A repository that is new here is guarded from the next --update-golden on.
    """
    found = {digest(dict(files)): outcome(files) for files in repositories()}
    known = json.loads(KNOWN.read_text())
    decided = known["decided"] if known["rules"] == RULES else {}
    otherwise = {each for each in found.keys() & decided.keys() if found[each] != decided[each]}
    assert otherwise == set(), f"{len(otherwise)} repositories come out otherwise by rules {RULES}"
    if update_golden:
        text = json.dumps({"rules": RULES, "decided": found}, indent=1, sort_keys=True)
        KNOWN.write_text(f"{text}\n")
        return
    assert len(found.keys() & decided.keys()) > 0.8 * len(found), "too few of them are guarded"


# ---- what a log says ----------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventStore]:
    with open_for_writing(tmp_path / "log.db") as opened:
        yield opened


def test_a_log_that_does_not_say_was_decided_by_the_first_rules(
    log: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert declared(log) == [Stretch(1, Seq(1))]
    fill(log, SHORT_HISTORY)
    declare_as(log, 1, monkeypatch)
    assert declared(log) == [Stretch(1, Seq(1))]
    assert log.head(Chain.DELIVERY).seq == 0


def declare_as(log: EventStore, number: int, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "RULES", number)
    declare(log)


def test_each_change_of_the_rules_is_said_once_where_it_happens(
    log: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(log, SHORT_HISTORY[:1])
    before = log.head(Chain.MESH)
    for number in (2, 2, 3, 1, 1):
        declare_as(log, number, monkeypatch)
    assert log.head(Chain.MESH) == before, "the mesh chain does not know of upgrades"
    fill(log, SHORT_HISTORY[1:])
    declare_as(log, 2, monkeypatch)
    assert declared(log) == [
        Stretch(1, Seq(1), Seq(3), Seq(1)),
        Stretch(2, Seq(4), Seq(3), Seq(2)),
        Stretch(3, Seq(4), Seq(3), Seq(3)),
        Stretch(1, Seq(4), Seq(7), Seq(4)),
        Stretch(2, Seq(8)),
    ]
    told = [stretch_of(seq, declared(log)).rules for seq in (1, 3, 4, 7, 8)]
    assert told == [1, 1, 1, 1, 2]
    assert log.verify() == []


WRONG: dict[str, tuple[DeliveryEvent, ...]] = {
    "from rules that did not decide": (RulesChanged(2, 3, Seq(3), "1.0"),),
    "behind the end": (RulesChanged(1, 2, Seq(8), "1.0"),),
    "before the beginning": (RulesChanged(1, 2, Seq(-1), "1.0"),),
    "back in time": (RulesChanged(1, 2, Seq(3), "1.0"), RulesChanged(2, 3, Seq(2), "1.0")),
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_a_change_that_cannot_be_is_told(
    log: EventStore, changes: tuple[DeliveryEvent, ...]
) -> None:
    fill(log, SHORT_HISTORY, changes)
    with pytest.raises(WrongRules, match=rf"event {len(changes)} \(RulesChanged\)"):
        declared(log)


def test_an_empty_log_may_begin_with_other_rules(
    log: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare_as(log, 2, monkeypatch)
    fill(log, SHORT_HISTORY)
    assert declared(log) == [Stretch(1, Seq(1), START, Seq(1)), Stretch(2, Seq(1))]
    assert stretch_of(1, declared(log)).rules == 2
