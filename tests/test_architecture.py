"""Structure of the code: layers, purity, allowed imports, sizes and names."""

import ast
import functools
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.conftest import LONGEST

ROOT = Path(__file__).parents[1]
PACKAGES = ("mesh", "events", "reconciler", "xds", "gitmesh")
MAX_LINES = 400
MAX_MODULES = 15

OWNERS = {
    "pygit2": ("reconciler.git.*",),
    "watchfiles": ("reconciler.watch",),
    "sqlite3": ("events.sqlite.*", "gitmesh.traffic.file"),
    "sqlite_utils": ("events.sqlite.migrations",),
    "envoy_data_plane": ("xds.translate.*",),
    "betterproto2": ("xds.*",),
    "grpc": (
        *("xds.server.discovery", "xds.server.request_reader", "xds.server.credentials"),
        "xds.server.reporting.service",
    ),
    "cryptography": ("xds.server.credentials", "events.integrity.note"),
    "yaml": (
        *("mesh.parsing.yaml_text", "mesh.importing.cloudformation.tagged_yaml", "mesh.tidy.*"),
        *("xds.translate.readable", "gitmesh.rendering.documents"),
    ),
    "re2": ("mesh.validation.document.text", "mesh.routing.matching", "reconciler.reading.scope"),
    "click": ("gitmesh.cli.*", "gitmesh.rendering.*", "gitmesh.demo.screen"),
    "starlette": (
        *("gitmesh.api.http", "gitmesh.api.web.*", "gitmesh.api.monitoring.routes"),
        "gitmesh.api.webhook.route",
        *("gitmesh.json_api.http", "gitmesh.json_api.event_stream", "gitmesh.openapi.route"),
        *(
            "gitmesh.web.*",
            "gitmesh.console.application",
            "gitmesh.console.web.*",
            "gitmesh.console.sign_in.*",
        ),
    ),
    "jinja2": ("gitmesh.console.web.templates",),
    "babel": ("gitmesh.console.web.localisation",),
    "uvicorn": ("gitmesh.web.connection", "gitmesh.web.server"),
    "h11": ("gitmesh.web.connection",),
    "limits": ("gitmesh.api.web.rate_limit", "gitmesh.console.sign_in.throttle"),
    "argon2": ("gitmesh.access.users.password",),
    "authlib": ("gitmesh.console.sign_in.oidc",),
    "prometheus_client": ("gitmesh.api.monitoring.*",),
    "dnslib": ("gitmesh.demo.traffic.names",),
    "envoy": ("gitmesh.demo.envoys",),
    "subprocess": (
        "gitmesh.demo.*",
        "reconciler.git.large_object",
        "reconciler.git.settings",
        "reconciler.remote.git_process",
        "gitmesh.service.changes.work_trees",
    ),
}
"""The only modules that import what has a side, a cost or a version of its own."""

READS_ENVIRONMENT = ("gitmesh.environment", "gitmesh.hooks.client")


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


MODULES = list(modules())


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return the syntax tree of a module, flat, read once for all tests."""
    return tuple(ast.walk(ast.parse(path.read_text())))


def imports(path: Path) -> Iterator[str]:
    """Yield the top-level package of each import, wherever in the module it stands."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_the_import_contracts_hold() -> None:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("package", OWNERS)
def test_each_outside_package_has_its_owners(package: str) -> None:
    users = {name for name, path in MODULES if package in imports(path)}
    strangers = {u for u in users if not any(fnmatchcase(u, owner) for owner in OWNERS[package])}
    assert users, f"nobody imports {package}: is the list out of date?"
    assert not strangers


def test_the_environment_is_read_in_one_place() -> None:
    def reads(path: Path) -> bool:
        names = {node.attr for node in nodes(path) if isinstance(node, ast.Attribute)}
        return bool(names & {"environ", "getenv"})

    assert tuple(name for name, path in MODULES if reads(path)) == READS_ENVIRONMENT


def test_no_module_is_too_long_to_read() -> None:
    lines = {name: len(path.read_text().splitlines()) for name, path in MODULES}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


def test_every_folder_can_be_taken_in_at_a_glance() -> None:
    folders = Counter(path.parent for _, path in MODULES if path.name != "__init__.py")
    assert {str(f.relative_to(ROOT)): n for f, n in folders.items() if n > MAX_MODULES} == {}


def test_the_files_that_start_first_are_there() -> None:
    assert [name for name in LONGEST if not (ROOT / name).exists()] == []


def test_every_package_says_what_is_inside() -> None:
    packages = [path for _, path in MODULES if path.name == "__init__.py"]
    silent = [p for p in packages if not ast.get_docstring(ast.parse(p.read_text()))]
    assert silent == []


def test_only_we_provide_our_top_level_names() -> None:
    # "events", "xds" and "mesh" are words that others use too; in one environment they would clash.
    owners = packages_distributions()
    for package in PACKAGES:
        assert set(owners.get(package, ())) <= {"gitmesh"}, f"{package} is provided twice"
