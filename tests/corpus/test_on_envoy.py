"""Every whole mesh of the corpus links, and real Envoys accept what each proxy of it gets."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mesh.canonical import JsonObject
from mesh.keys import Kind
from mesh.linking import MeshGraph
from reconciler.reading.tree import EMPTY
from tests.corpus.whole_meshes import CORPUS, EXCEPTIONS, MESHES, files_with_specs, put_together
from tests.support.certificates import Authority, Certificate
from tests.support.envoy import static_bootstrap, validate
from tests.support.manifests import go
from xds.nodes import ProxyIdentity
from xds.translate import Translation, translate
from xds.translate.readable import dump

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the repository")

WORKERS = 2


@pytest.fixture(scope="module")
def graphs() -> dict[str, MeshGraph]:
    """Every mesh that links."""
    return {n: put_together(whole)[0] for n, whole in MESHES.items() if n not in EXCEPTIONS}


def test_every_file_of_the_corpus_takes_part() -> None:
    used = {path for whole in MESHES.values() for path in whole.paths}
    assert used == files_with_specs()
    assert len(used) == 101


@pytest.mark.parametrize("name", MESHES)
def test_every_whole_mesh_links_and_every_exception_does_not(name: str) -> None:
    graph, problems = put_together(MESHES[name])
    assert bool(problems) == (name in EXCEPTIONS), "\n".join(map(str, problems))
    assert len(graph.resources) >= 4


def test_the_exception_links_once_it_names_the_node_by_its_own_name() -> None:
    (name,) = EXCEPTIONS
    (path,) = MESHES[name].paths
    text = (CORPUS / path).read_text()
    mended = text.replace("virtualNodeName: server-app-namespace", "virtualNodeName: server")
    assert mended != text
    assert list(go(EMPTY, {"manifest.yaml": mended}).tree.problems) == []


def proxies(graph: MeshGraph) -> Iterator[ProxyIdentity]:
    for key in graph.resources:
        if key.kind in (Kind.VIRTUAL_NODE, Kind.VIRTUAL_GATEWAY):
            yield ProxyIdentity(key)


@pytest.mark.envoy
def test_envoy_accepts_what_every_proxy_of_every_mesh_gets(
    graphs: dict[str, MeshGraph], tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue("any", "any.shop.internal")
    counts: Counter[str] = Counter(meshes=len(graphs))
    configs: dict[str, str] = {}
    for name, graph in graphs.items():
        for proxy in proxies(graph):
            counts[proxy.key.kind.value] += 1
            found = translate(graph, proxy)
            make_files(found, authority, issued)
            config = static_bootstrap([found], files=authority.folder)
            configs.setdefault(json.dumps(config), f"{name}: {proxy.key}")
    counts["different configurations"] = len(configs)
    print(dict(counts))
    said = run_all(configs, tmp_path)
    assert {who: words for who, words in said.items() if words} == {}
    assert counts == {
        "meshes": 47,
        "VirtualNode": 194,
        "VirtualGateway": 11,
        "different configurations": len(configs),
    }
    assert len(configs) > 100


def run_all(configs: dict[str, str], folder: Path) -> dict[str, str]:
    """Return what Envoy has against each configuration, by whose it is."""

    def one(numbered: tuple[int, tuple[str, str]]) -> tuple[str, str]:
        number, (config, who) = numbered
        where = folder / str(number)
        where.mkdir()
        parsed: JsonObject = json.loads(config)
        return who, validate(parsed, where)

    with ThreadPoolExecutor(WORKERS) as pool:
        return dict(pool.map(one, enumerate(configs.items())))


def make_files(translation: Translation, authority: Authority, issued: Certificate) -> None:
    """Make every file that the secrets of a translation name."""
    contents = {"certificate_chain": issued.chain, "private_key": issued.key}
    for holder, name in named_files(dump(translation)["secrets"]):
        target = authority.folder / Path(name).name
        if not target.exists():
            target.write_bytes(contents.get(holder, authority.bundle).read_bytes())


def named_files(value: Any, holder: str = "") -> Iterator[tuple[str, str]]:
    """Yield every file name in a value, with the name of what holds it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "filename":
                yield holder, str(inner)
            yield from named_files(inner, key)
    elif isinstance(value, list):
        for each in value:
            yield from named_files(each, holder)
