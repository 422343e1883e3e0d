"""Pictures in each format: well formed whatever the names, and the same as the golden ones."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmesh.demo.sample import sample_repo
from gitmesh.service.topology.picture import picture_of_specs
from gitmesh.topology.comparison import compared
from gitmesh.topology.drawing.formats import drawn
from gitmesh.topology.drawing.svg import Drawing, svg
from gitmesh.topology.grouping import grouped
from gitmesh.topology.labels import label
from gitmesh.topology.layout.packing import layout
from gitmesh.topology.live import Observed
from gitmesh.topology.mesh_topology import mesh_topology
from gitmesh.topology.view import View, whole_view
from mesh.linking import link
from mesh.resource import Resource
from tests.gitmesh.topology.mermaid_grammar import mistakes
from tests.support.meshes import (
    a_gateway,
    a_gateway_route,
    a_mesh,
    a_node,
    a_route,
    a_router,
    a_service,
    shop_mesh,
    shop_with,
)

GOLDEN = Path(__file__).parent / "golden"
SUFFIXES = {"svg": "svg", "mermaid": "mmd", "dot": "dot", "text": "txt"}
SVG = "{http://www.w3.org/2000/svg}"

HOSTILE = (
    "</title><script>alert(1)</script>",
    '"] --> v9["x',
    "`**bold**`",
    "#quot;#35;",
    "%%{init: {}}%%",
    "a\\",
    'x"; color=red; y="',
    "<b>&amp;]]>",
    "{a|b}<c>",
    "end",
    "\x1b[31m\u202eevil",
    "名前-サービス",
    "a" * 255,
)
NAMES = st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=30)


def hostile_mesh(names: list[str]) -> list[Resource]:
    """Return a mesh in which every name and text is one of these."""
    service, router, node, route, gateway, path, header = names
    return [
        a_gateway(gateway, 80),
        a_gateway_route(gateway, route, service, match={"prefix": f"/{path}"[:255]}),
        a_service(service, router=router),
        a_router(router, 80),
        a_route(
            router,
            route,
            {node: 1, f"{node}2"[:255]: 0},
            match={"prefix": f"/{path}"[:255], "headers": [{"name": header[:50]}]},
        ),
        a_node(node, 80, backends=(service,)),
    ]


def hostile_view(names: list[str]) -> View:
    gone = compared(link(hostile_mesh(names)), link(hostile_mesh(names)[:4]))
    return whole_view(gone)


SEVEN = st.lists(NAMES, min_size=7, max_size=7)


@settings(max_examples=25)
@given(SEVEN)
def test_svg_is_xml_with_nothing_active_in_it(names: list[str]) -> None:
    root = ET.fromstring(drawn(hostile_view(names), names[0], "svg"))
    assert root.tag == f"{SVG}svg"
    tags = {each.tag.removeprefix(SVG) for each in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "g", "path", "text"}
    for each in root.iter():
        assert not {name for name in each.attrib if name == "style" or name.startswith("on")}
    (style,) = root.iter(f"{SVG}style")
    assert style.text is not None
    assert "url(" not in style.text


@settings(max_examples=40)
@given(SEVEN)
def test_mermaid_has_no_syntax_but_ours(names: list[str]) -> None:
    assert list(mistakes(drawn(hostile_view(names), names[0], "mermaid"))) == []


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_dot_and_finds_every_vertex_and_edge() -> None:
    for turn in range(len(HOSTILE)):
        names = [HOSTILE[(turn + at) % len(HOSTILE)] for at in range(7)]
        view = hostile_view(names)
        written = drawn(view, names[0], "dot")
        done = subprocess.run(
            ["dot", "-Tplain"], input=written, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        kinds = [line.split(" ", 1)[0] for line in done.stdout.splitlines()]
        assert kinds.count("node") == len(view.topology.vertices)
        assert kinds.count("edge") == len(view.topology.edges)


@settings(max_examples=25)
@given(SEVEN)
def test_text_is_safe_for_a_terminal(names: list[str]) -> None:
    written = drawn(hostile_view(names), names[0], "text")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028]", written)


@cache
def views() -> dict[str, View]:
    """Return the pictures of which the golden files are."""
    shop = picture_of_specs(str(sample_repo()), None).topology
    after = shop_with(
        a_route("cart", "all", {"cart-v1": 90, "cart-v2": 10}),
        a_route("cart", "new", {"cart-v2": 1}, match={"prefix": "/new"}),
        a_service("extra.shop.local", node="extra"),
        a_node("extra", 80, backends=("gone.local", "web.shop.local")),
        without=[key for key in (r.key for r in shop_mesh()) if key.name == "catalog"],
    )
    return {
        "shop": whole_view(shop),
        "difference": whole_view(compared(link(shop_mesh()), link(after))),
        "grouped": View(grouped(mesh_topology(link(_callers()))), whole_view(shop).detail),
    }


def _callers() -> list[Resource]:
    callers = [a_node(f"caller-{n}", backends=("a", "b")) for n in range(7)]
    return [a_mesh(), a_service("a", node="a"), a_service("b"), a_node("a", 80), *callers]


@pytest.mark.parametrize("form", SUFFIXES)
@pytest.mark.parametrize("name", views())
def test_a_picture_is_the_golden_one(name: str, form: str, update_golden: bool) -> None:
    written = drawn(views()[name], name, form)
    golden = GOLDEN / f"{name}.{SUFFIXES[form]}"
    if update_golden:
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(written)
    assert written == golden.read_text()


def test_the_picture_in_the_documents_is_what_the_command_draws() -> None:
    page = Path(__file__).parents[3] / "docs" / "images" / "graph.svg"
    from tests.support.command_line import gitmesh

    done = gitmesh("graph", sample_repo(), "--service", "cart", "-o", "svg")
    assert _body(page.read_text()) == _body(done.out), (
        "write docs/images/graph.svg anew: gitmesh graph sample-repo --service cart -o svg --to F"
    )


def _body(written: str) -> str:
    """Return a picture without its title, which has the path."""
    return re.sub(r"<title id.*", "", written)


def test_a_picture_is_read_aloud_with_title_summary_and_each_box() -> None:
    placed = layout(mesh_topology(link(shop_mesh())))
    root = ET.fromstring(svg(placed, Drawing("Shop", "Who calls whom")))
    assert root.get("role") == "img"
    ids = root.get("aria-labelledby", "").split()
    texts = {each.get("id"): each.text for each in root.iter()}
    assert [texts[each] for each in ids] == ["Shop", "Who calls whom"]
    titles = [each.text for each in root.iter(f"{SVG}title")]
    assert "virtual node: cart-v1" in titles
    assert "cart / all → cart-v1: 100 %" in titles


def test_boxes_are_links_where_a_page_has_addresses_for_them() -> None:
    placed = layout(mesh_topology(link(shop_mesh())))
    drawing = Drawing("Shop", "", link=lambda key: f"/topology?around={key}&depth=1")
    root = ET.fromstring(svg(placed, drawing))
    links = {each.get("href"): each.get("aria-label") for each in root.iter(f"{SVG}a")}
    assert len(links) == len(placed.boxes)
    cart = "/topology?around=mesh/shop/virtualNode/cart-v1&depth=1"
    assert links[cart] == "virtual node: cart-v1"


def test_what_load_reports_say_is_shown_on_the_edge() -> None:
    whole = mesh_topology(link(shop_mesh()))
    (edge,) = (each for each in whole.edges if each.target.name == "cart-v1")
    seen = Observed(120, 2.4)
    root = ET.fromstring(svg(layout(whole), Drawing("", "", observed={edge.identity: seen})))
    (failing,) = (each for each in root.iter(f"{SVG}g") if "failing" in each.get("class", ""))
    assert failing.findtext(f"{SVG}text") == "100 % 120/s ✗ 2 %"
    assert label(edge) == "100 %"


def test_no_label_is_wider_than_the_level_end_of_its_line() -> None:
    before, after = link(shop_mesh(v1=100)), link(shop_mesh(v1=67, v2=33))
    placed = layout(compared(before, after))
    for line in placed.lines:
        if label(line.edge):
            (x, y), (to_x, to_y) = line.points[-2:]
            assert y == to_y
            assert to_x - x > 6.7 * len(label(line.edge))
