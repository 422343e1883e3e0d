"""Traffic settings are part of an applied commit."""

from events.state import MeshState, apply_all
from events.types import CommitApplied, Seq
from mesh.settings import RepositorySettings
from reconciler.plan import plan
from reconciler.reading.file import SpecFile
from reconciler.reading.listing import Entry, EntryKind
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import EMPTY, Listing, SpecTree, advance
from tests.support.histories import facts
from tests.support.meshes import shop_mesh


def tree(base: SpecTree = EMPTY, *, to_aws: bool) -> SpecTree:
    """Return the shop under settings; from a base that has it, with no file changed."""
    entry = Entry(EntryKind.FILE, ObjectId("x"))
    files = {each.source.path: SpecFile(entry, resources=(each,)) for each in shop_mesh()}
    listing = Listing(settings=RepositorySettings(root="meshes", egress_to_aws=to_aws))
    return advance(base, files if base is EMPTY else {}, listing)


def test_a_commit_that_changes_settings_alone_is_applied_with_them() -> None:
    first = tree(to_aws=False)
    state = MeshState()
    for number, each in enumerate((first, tree(first, to_aws=True), first), 1):
        events = plan(state, facts(number), each)
        state = apply_all(state, [(Seq(state.seq + n), e) for n, e in enumerate(events, 1)])
        (applied,) = [event for event in events if isinstance(event, CommitApplied)]
        wanted = {"egressToAws": True} if number == 2 else {}
        assert applied.settings == state.settings == wanted
        assert applied.changes == (len(shop_mesh()) if number == 1 else 0)


def test_by_which_way_settings_came_leaves_no_trace() -> None:
    one = tree(tree(to_aws=False), to_aws=True)
    assert one.graph == tree(to_aws=True).graph
    assert one.graph != tree(to_aws=False).graph
    assert one.problems == tree(to_aws=True).problems
