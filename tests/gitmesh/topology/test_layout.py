"""Laws of layouts: nothing overlaps, edges lead onwards, and the same mesh looks the same."""

from collections.abc import Iterator
from itertools import combinations, pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmesh.topology.grouping import grouped
from gitmesh.topology.layout.levels import Bound, levels
from gitmesh.topology.layout.ordering import Order
from gitmesh.topology.layout.packing import connected_parts, layout
from gitmesh.topology.layout.placed import Box, Layout, Point
from gitmesh.topology.layout.ranking import ranks, without_cycles
from gitmesh.topology.layout.size import columns, wrapped
from gitmesh.topology.mesh_topology import mesh_topology
from gitmesh.topology.model import Topology
from gitmesh.topology.services import by_service
from mesh.keys import Kind
from mesh.linking import link
from mesh.resource import Resource
from tests.support.mesh_strategies import linkable_meshes, resources
from tests.support.meshes import a_node, a_route, a_service, big_mesh, shop_mesh, shop_with

MESHES = st.one_of(
    st.lists(resources(), max_size=16).map(tuple),
    linkable_meshes(),
)
GRAPHS = st.integers(1, 7).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(st.tuples(*(st.integers(0, count - 1),) * 2), max_size=12, unique=True),
    )
)


def topologies(mesh: tuple[Resource, ...]) -> Iterator[Topology]:
    whole = mesh_topology(link(mesh))
    yield whole
    yield grouped(by_service(whole), fewest=2)


@settings(max_examples=12)
@given(MESHES)
def test_no_two_boxes_overlap_and_all_are_inside_the_picture(mesh: tuple[Resource, ...]) -> None:
    for whole in topologies(mesh):
        placed = layout(whole)
        assert [box.vertex for box in placed.boxes] == list(whole.vertices)
        for one, other in combinations(placed.boxes, 2):
            assert not _overlap(one, other)
        for box in placed.boxes:
            assert box.x >= 0 <= box.y
            assert box.right <= placed.width
            assert box.bottom <= placed.height


@settings(max_examples=12)
@given(MESHES)
def test_every_edge_leads_to_a_later_column_unless_it_closes_a_cycle(
    mesh: tuple[Resource, ...],
) -> None:
    for whole in topologies(mesh):
        placed = layout(whole)
        boxes = {box.vertex.key: box for box in placed.boxes}
        assert [line.edge for line in placed.lines] == list(whole.edges)
        for line in placed.lines:
            source, target = boxes[line.edge.source], boxes[line.edge.target]
            if line.edge.source == line.edge.target:
                continue
            assert (source.column < target.column) is not line.backwards
            _touches(line.points, source, target, backwards=line.backwards)
        kept = [line.edge for line in placed.lines if not line.backwards]
        assert not _has_cycle({(e.source, e.target) for e in kept if e.source != e.target})


@settings(max_examples=10)
@given(MESHES)
def test_no_line_crosses_a_box(mesh: tuple[Resource, ...]) -> None:
    for whole in topologies(mesh):
        placed = layout(whole)
        for line in placed.lines:
            ends = {line.edge.source, line.edge.target}
            others = [box for box in placed.boxes if box.vertex.key not in ends]
            for x, y in _drawn(line.points):
                assert not any(_inside(box, x, y) for box in others)


@settings(max_examples=10)
@given(MESHES, st.randoms())
def test_the_same_mesh_has_the_same_layout(mesh: tuple[Resource, ...], random: object) -> None:
    unique = {each.key: each for each in mesh}
    shuffled = list(unique.values())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (layout(mesh_topology(link(each))) for each in (unique.values(), shuffled))
    assert one == other


def test_a_shift_of_weights_moves_nothing() -> None:
    one, other = (layout(mesh_topology(link(shop_mesh(v1=v1, v2=100 - v1)))) for v1 in (90, 80))
    assert _places(one) == _places(other)


@settings(max_examples=10)
@given(linkable_meshes())
def test_an_own_part_moves_only_as_a_whole(mesh: tuple[Resource, ...]) -> None:
    before = layout(mesh_topology(link(mesh)))
    after = layout(mesh_topology(link([*mesh, a_node("zz-alone", 80)])))
    for part in connected_parts(mesh_topology(link(mesh))):
        keys = [vertex.key for vertex in part.vertices]
        moved = {
            (_places(after)[key][0] - x, _places(after)[key][1] - y)
            for key, (x, y) in _places(before).items()
            if key in keys
        }
        assert len(moved) == 1


def test_a_new_node_keeps_the_order_of_the_others() -> None:
    mesh = shop_with(a_service("extra.shop.local", node="extra"), a_node("extra", 8080))
    web = a_node(
        "web",
        8080,
        backends=[
            *(f"{name}.shop.local" for name in ("cart", "catalog", "extra", "payments")),
        ],
    )
    before = layout(mesh_topology(link(shop_mesh())))
    after = layout(mesh_topology(link([*mesh, web])))
    known = set(_places(before))
    assert [k for k in _in_columns(after) if k in known] == _in_columns(before)


def test_a_kind_has_columns_of_its_own() -> None:
    placed = layout(mesh_topology(link(shop_mesh())))
    kinds: dict[int, set[bool]] = {}
    for box in placed.boxes:
        kinds.setdefault(box.column, set()).add(box.vertex.kind is Kind.VIRTUAL_SERVICE)
    assert all(len(found) == 1 for found in kinds.values())


def test_an_empty_mesh_has_an_empty_layout() -> None:
    assert layout(mesh_topology(link([]))) == Layout((), (), 0, 0)


def test_a_row_keeps_the_order_in_which_routes_are_tried() -> None:
    mesh = shop_with(
        a_route("cart", "b", {"cart-v1": 1}, priority=1), a_route("cart", "c", {"cart-v2": 1})
    )
    placed = layout(mesh_topology(link(mesh)))
    (box,) = (b for b in placed.boxes if len(b.size.rows) == 3)
    assert [row.row.key.name for row in box.size.rows] == ["b", "all", "c"]
    assert [row.y for row in box.size.rows] == sorted(row.y for row in box.size.rows)


@pytest.mark.parametrize("size", [100])
def test_a_large_mesh_by_service_is_placed(size: int) -> None:
    whole = by_service(mesh_topology(link(big_mesh(size))))
    assert len(layout(whole).boxes) == len(whole.vertices)


# ---- the steps --------------------------------------------------------------------------------


@settings(max_examples=25)
@given(GRAPHS)
def test_levels_are_the_shortest_that_hold_all_bounds(graph: tuple[int, list[Bound]]) -> None:
    count, pairs = graph
    bounds = [(s, t, (s + t) % 2) for s, t in sorted({(s, t) for s, t in _sorted(pairs)})]
    connected = _connected(count, bounds)
    found = levels(len(connected), _renumbered(connected, bounds))
    bounds = _renumbered(connected, bounds)
    assert all(found[t] - found[s] >= least for s, t, least in bounds)
    assert min(found) >= 0
    if len(connected) <= 4:
        possible = (
            sum(level[t] - level[s] for s, t, _ in bounds)
            for level in product(range(len(connected)), repeat=len(connected))
            if all(level[t] - level[s] >= least for s, t, least in bounds)
        )
        assert sum(found[t] - found[s] for s, t, _ in bounds) == min(possible)


@settings(max_examples=30)
@given(GRAPHS)
def test_without_the_reversed_edges_there_is_no_cycle(
    graph: tuple[int, list[tuple[int, int]]],
) -> None:
    count, edges = graph
    straight, closing = without_cycles(count, edges)
    assert not _has_cycle(set(straight))
    expected = {(t, s) if (s, t) in closing else (s, t) for s, t in edges if s != t}
    assert set(straight) == expected
    if not _has_cycle({(s, t) for s, t in edges if s != t}):
        assert not closing


def test_classes_have_their_own_columns() -> None:
    # service, router, node, service that the node calls
    assert ranks([1, 2, 0, 1], 3, [(0, 1), (1, 2), (2, 3)]) == [0, 1, 2, 3]
    # without a router, no column is kept for one
    assert ranks([1, 0, 1], 3, [(0, 1), (1, 2)]) == [0, 1, 2]


SEGMENTS = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda sizes: st.tuples(
        st.just(sizes),
        st.lists(
            st.tuples(
                st.integers(0, sizes[0] - 1),
                st.integers(sizes[0], sum(sizes) - 1),
            ),
            unique=True,
            max_size=14,
        ),
    )
)


@settings(max_examples=30)
@given(SEGMENTS)
def test_crossings_are_counted_and_never_grow(
    found: tuple[tuple[int, int], list[tuple[int, int]]],
) -> None:
    (left, right), segments = found
    columns_ = [list(range(left)), list(range(left, left + right))]
    order = Order(columns_, segments, {})
    before = order.crossings()
    assert before == _crossings(columns_, segments)
    after = order.improved()
    assert sorted(after[0]) == columns_[0]
    assert sorted(after[1]) == columns_[1]
    assert _crossings(after, segments) <= before
    assert order.crossings() == _crossings(after, segments)


@settings(max_examples=30)
@given(st.text(max_size=120), st.integers(4, 40))
def test_wrapped_text_is_whole_and_narrow(text: str, longest: int) -> None:
    lines = wrapped(text, longest)
    assert all(columns(line) <= longest for line in lines)
    from gitmesh.safe_text import visible

    assert "".join(lines) == visible(text)


# ---- geometry ----------------------------------------------------------------------------------


def _places(placed: Layout) -> dict[object, Point]:
    return {box.vertex.key: (box.x, box.y) for box in placed.boxes}


def _in_columns(placed: Layout) -> list[object]:
    return [b.vertex.key for b in sorted(placed.boxes, key=lambda b: (b.column, b.y))]


def _overlap(one: Box, other: Box) -> bool:
    beside = one.right <= other.x or other.right <= one.x
    return not (beside or one.bottom <= other.y or other.bottom <= one.y)


def _touches(points: tuple[Point, ...], source: Box, target: Box, *, backwards: bool) -> None:
    (x, y), (to_x, to_y) = points[0], points[-1]
    assert x == (source.x if backwards else source.right)
    assert to_x == (target.right if backwards else target.x)
    assert source.y <= y <= source.bottom
    assert target.y <= to_y <= target.bottom


def _inside(box: Box, x: float, y: float) -> bool:
    return box.x < x < box.right and box.y < y < box.bottom


def _drawn(points: tuple[Point, ...]) -> Iterator[tuple[float, float]]:
    """Yield points of the curves that :mod:`gitmesh.topology.drawing.svg` draws."""
    for (x, y), (to_x, to_y) in pairwise(points):
        half = (to_x - x) / 2
        for step in range(9):
            t = step / 8
            at = x + 3 * (1 - t) ** 2 * t * half + 3 * (1 - t) * t * t * half + t**3 * 2 * half
            yield at, y + (to_y - y) * (3 * t * t - 2 * t**3)


def _has_cycle(pairs: set[tuple[object, object]]) -> bool:
    while pairs:
        ends = {source for source, _ in pairs}
        left = {(source, target) for source, target in pairs if target in ends}
        if left == pairs:
            return True
        pairs = left
    return False


def _sorted(pairs: list[Bound]) -> Iterator[tuple[int, int]]:
    for one, other in (pair[:2] for pair in pairs):
        if one != other:
            yield min(one, other), max(one, other)


def _connected(count: int, bounds: list[Bound]) -> list[int]:
    inside = {0}
    for _ in range(count):
        inside |= {end for s, t, _ in bounds if {s, t} & inside for end in (s, t)}
    return sorted(inside)


def _renumbered(kept: list[int], bounds: list[Bound]) -> list[Bound]:
    return [(kept.index(s), kept.index(t), least) for s, t, least in bounds if s in kept]


def _crossings(columns_: list[list[int]], segments: list[tuple[int, int]]) -> int:
    place = {item: at for column in columns_ for at, item in enumerate(column)}
    return sum(
        (place[a] - place[c]) * (place[b] - place[d]) < 0
        for (a, b), (c, d) in combinations(segments, 2)
    )
