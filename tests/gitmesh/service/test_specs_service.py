"""Use cases about specs and proxies, called as an API would call them: values in, values out."""

import json
from pathlib import Path

import pytest

from events.types import CommitApplied, TrafficShifted
from gitmesh.demo.sample import ROUTES, sample_repo
from gitmesh.service.proxies.application_ports import application_ports
from gitmesh.service.proxies.bootstrap_file import BootstrapRequest, EnvoyOptions, make_bootstrap
from gitmesh.service.proxies.configuration import proxy_configuration
from gitmesh.service.specs.formatting import SkippedFile, format_files
from gitmesh.service.specs.importer import import_specs
from gitmesh.service.specs.loaded_mesh import load_mesh
from gitmesh.service.specs.new.new_document import new_document, write_new
from gitmesh.service.specs.new.starting_point import Wishes
from gitmesh.service.specs.preview import preview
from gitmesh.service.specs.route_testing import route_request, routing_specs, run_route_tests
from mesh.errors import UsageError
from mesh.graph.mesh_graph import MeshGraph
from mesh.importing import Answers
from mesh.keys import Kind, ResourceKey
from mesh.linking import EMPTY
from tests.support.sample_shop import ENTRANCE, Shop
from xds.bootstrap.tls import XdsTls
from xds.nodes import parse_identity

SAMPLE = sample_repo()
WEB = "mesh/shop/virtualNode/web"
CART = "GET http://cart.shop.internal/cart"


@pytest.fixture(scope="module")
def graph() -> MeshGraph:
    return load_mesh(str(SAMPLE), None).graph


# ---- the mesh, and a preview of a commit --------------------------------------------------------


def test_a_mesh_is_loaded_from_a_revision_or_from_the_log(shop: Shop) -> None:
    of_revision = load_mesh(shop.back, shop.bare)
    of_log = load_mesh("ignored", None, shop.log)
    assert of_revision.errors == of_log.errors == ()
    assert of_revision.graph.resources.keys() == of_log.graph.resources.keys()


def test_a_mesh_that_would_not_be_served_is_loaded_with_its_errors(shop: Shop) -> None:
    assert [each.code for each in load_mesh(shop.bad, shop.bare).errors] == ["dangling-reference"]


def test_a_preview_compares_with_the_commit_before(shop: Shop) -> None:
    found = preview(shop.shift, shop.bare)
    assert found.against == f"commit {shop.first[:7]}"
    assert found.rejected is None
    assert [type(event) for event in found.events] == [CommitApplied, TrafficShifted]


def test_a_preview_compares_with_the_log_if_that_is_named(shop: Shop) -> None:
    found = preview(shop.first, shop.bare, shop.log)
    assert found.against.startswith("the log at ")
    assert len(found.events) == 1, "the newest commit of the log went back to the first one"


def test_a_preview_of_a_mistake_is_its_rejection(shop: Shop) -> None:
    found = preview(shop.bad, shop.bare)
    assert found.rejected is not None
    assert [each["code"] for each in found.rejected.problems] == ["dangling-reference"]


# ---- formatting and importing -------------------------------------------------------------------


@pytest.fixture
def untidy(tmp_path: Path) -> Path:
    (tmp_path / "mesh.yaml").write_text("spec: {}\nkind: Mesh\nmeshName: shop\n")
    manifest = "apiVersion: appmesh.k8s.aws/v1beta2\nkind: Mesh\nmetadata: {name: shop}\nspec: {}\n"
    (tmp_path / "manifest.yaml").write_text(manifest)
    return tmp_path


def test_a_check_writes_nothing(untidy: Path) -> None:
    before = (untidy / "mesh.yaml").read_text()
    found = format_files([untidy], check=True)
    assert (found.ok, found.files, found.untidy) == (False, 2, (str(untidy / "mesh.yaml"),))
    assert (untidy / "mesh.yaml").read_text() == before


def test_files_are_formatted_once_and_other_formats_are_skipped(untidy: Path) -> None:
    found = format_files([untidy, untidy / "mesh.yaml"], check=False)
    assert (found.ok, found.files, found.problems) == (True, 2, ())
    (skipped,) = found.skipped
    assert isinstance(skipped, SkippedFile)
    assert (skipped.path, bool(skipped.reason)) == (str(untidy / "manifest.yaml"), True)
    assert (untidy / "mesh.yaml").read_text().startswith("kind: Mesh\nmeshName: shop\n")
    assert format_files([untidy], check=True).untidy == ()


def test_an_import_tells_what_it_would_write_and_overwrites_nothing(tmp_path: Path) -> None:
    there = tmp_path / "there"
    source = [SAMPLE / "shop/mesh.yaml"]
    planned = import_specs(source, Answers(), there, force=False, dry_run=True)
    assert (planned.ok, len(planned.written), there.exists()) == (True, 1, False)
    done = import_specs(source, Answers(), there, force=False, dry_run=False)
    assert done.written == planned.written
    assert import_specs(source, Answers(), there, force=False, dry_run=False).written == ()
    (there / done.written[0]).write_text("of somebody else")
    with pytest.raises(UsageError, match="nothing was written"):
        import_specs(source, Answers(), there, force=False, dry_run=False)


# ---- new resources ------------------------------------------------------------------------------


def test_a_new_route_gets_the_mesh_and_the_protocol_of_its_router(graph: MeshGraph) -> None:
    made = new_document(Kind.ROUTE, Wishes("", "canary", protocol="", router="cart"), graph)
    assert [str(key) for key in made.resources] == ["mesh/shop/virtualRouter/cart/route/canary"]
    assert "httpRoute:" in made.text
    (need,) = made.needs
    assert str(need.key) == "mesh/shop/virtualNode/cart"
    assert need.command == "gitmesh new node cart --mesh shop"


def test_a_new_service_needs_nothing_that_comes_with_it() -> None:
    made = new_document(Kind.VIRTUAL_SERVICE, Wishes("shop", "pay.shop.internal"), EMPTY)
    assert len(made.resources) == 4
    assert [str(each.key) for each in made.needs] == ["mesh/shop"]


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        (Wishes("shop", "web"), "exists already"),
        (Wishes("shop", "fresh", port=99_999), r"^spec\.listeners\[0\]"),
    ],
)
def test_a_new_resource_is_checked_as_a_push_would(
    graph: MeshGraph, wishes: Wishes, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        new_document(Kind.VIRTUAL_NODE, wishes, graph)


def test_a_new_document_replaces_no_file(tmp_path: Path) -> None:
    write_new(tmp_path / "new.yaml", "first")
    with pytest.raises(UsageError, match="exists already"):
        write_new(tmp_path / "new.yaml", "second")
    assert (tmp_path / "new.yaml").read_text() == "first"


# ---- routing ------------------------------------------------------------------------------------


def test_route_tests_run_in_the_files_that_are_named() -> None:
    specs = routing_specs(str(SAMPLE), None)
    every = run_route_tests(specs)
    assert every
    file = every[0].suite.source.path
    assert run_route_tests(specs, [f"{SAMPLE}/{file}"]) == run_route_tests(specs, [file])
    with pytest.raises(UsageError, match="contains no route tests"):
        run_route_tests(specs, [ROUTES])


def test_failed_route_tests_are_results_and_other_errors_are_not(shop: Shop) -> None:
    assert [e.code for e in routing_specs(shop.bad, shop.bare).errors] == ["dangling-reference"]


def test_a_request_is_routed_by_its_headers(graph: MeshGraph) -> None:
    testers = route_request(graph, WEB, CART, {"x-shop-tester": ("yes",)})
    assert (testers.result, route_request(graph, WEB, CART, {}).result) == ("cart-v2", "cart-v1")
    with pytest.raises(UsageError):
        route_request(graph, WEB, "nonsense", {})


# ---- one proxy ----------------------------------------------------------------------------------


def test_only_a_grpc_client_is_warned_of_what_it_lacks(graph: MeshGraph) -> None:
    envoy, grpc = (
        proxy_configuration(graph, WEB, {"client": client}) for client in ("envoy", "grpc")
    )
    assert envoy.warnings == ()
    assert grpc.warnings
    assert envoy.resources["clusters"]
    with pytest.raises(UsageError, match="web"):
        proxy_configuration(graph, "web", {})


def test_the_application_listens_where_its_node_does(graph: MeshGraph) -> None:
    assert application_ports(graph, ResourceKey.parse(WEB)) == (8080,)
    with pytest.raises(UsageError, match="is a gateway"):
        application_ports(graph, ResourceKey.parse(ENTRANCE))
    with pytest.raises(UsageError, match="not in this mesh"):
        application_ports(EMPTY, ResourceKey.parse(WEB))


def test_the_secrets_of_an_envoy_are_written_where_its_bootstrap_looks(tmp_path: Path) -> None:
    tls = XdsTls("web.pem", "web.key", "mesh.pem", secrets=str(tmp_path / "xds"))
    envoy = EnvoyOptions(admin="127.0.0.1:9902")
    request = BootstrapRequest(parse_identity(WEB, {}), "mesh.example:18000", tls=tls, envoy=envoy)
    made = json.dumps(make_bootstrap(request))
    files = sorted((tmp_path / "xds").iterdir())
    assert len(files) == 2
    assert all(json.dumps(str(file)) in made for file in files)


def test_a_grpc_client_reads_its_certificates_itself(tmp_path: Path) -> None:
    tls = XdsTls("web.pem", "web.key", "mesh.pem", secrets=str(tmp_path / "xds"))
    identity = parse_identity(WEB, {"client": "grpc"})
    made = make_bootstrap(BootstrapRequest(identity, "mesh.example:18000", tls=tls))
    assert "xds_servers" in made
    assert not (tmp_path / "xds").exists()
