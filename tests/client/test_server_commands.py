"""``gitmesh get``, ``apply``, ``edit`` and ``delete`` against a real server."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitmesh.cli import exit_codes
from gitmesh.json_shapes.page import SHAPES
from gitmesh.json_shapes.page import fields as shape_fields
from tests.api.conftest import KEY, READER, READER_SECRET, SECRET, Served, serve
from tests.support.command_line import Ran, gitmesh
from tests.support.git import git

NODE = """\
kind: VirtualNode
meshName: shop
virtualNodeName: {name}
tags:
  - key: team
    value: cart
spec:
  serviceDiscovery:
    dns: {{hostname: {name}.local}}
"""

Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("commands"))
    with found.server:
        yield found


@pytest.fixture
def environment(served: Served, tmp_path: Path) -> dict[str, str]:
    return {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": "",
        "GITMESH_SERVER": served.url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    return lambda *arguments, **more: gitmesh(*arguments, **{**environment, **more})


def test_resources_are_shown_in_every_form(run: Run, tmp_path: Path) -> None:
    routes = run("get", "routes", "--json").json()
    keys = [each["resource"] for each in routes["resources"]]
    assert keys
    assert all("/virtualRouter/" in key and "/route/" in key for key in keys)
    assert routes["next"] is None
    assert run("get", "route", "-o", "json").json() == routes
    assert run("get", "route", "-o", "name").out.splitlines() == keys
    lines = run("get", "route").out.splitlines()
    assert lines[0].split() == ["MESH", "KIND", "NAME", "VERSION", "UPDATED"]
    assert len(lines) == len(keys) + 1
    text = run("get", "route", "cart/all", "-o", "yaml").out
    assert yaml.safe_load(text)["virtualRouterName"] == "cart"
    assert run("get", "all", "-o", "name").out.count("\n") > len(keys)
    assert run("get", keys[0], "-o", "name").out.strip() == keys[0]
    assert run("get", "vn", "--mesh", "nowhere", "--json").json()["resources"] == []
    (tmp_path / "all.yaml").write_text(run("get", "all", "-o", "yaml").out)
    same = run("apply", "-f", tmp_path / "all.yaml", "--json").json()
    assert (same["commit"], same["changes"]) == (None, [])


def test_files_are_applied_and_deleted_as_commits(run: Run, served: Served, tmp_path: Path) -> None:
    folder = tmp_path / "specs"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text(NODE.format(name=name))
    before = git(served.bare, "rev-parse", "main")
    dry = run("apply", "-f", folder, "--dry-run")
    assert dry.code == exit_codes.OK
    assert dry.out.count("created (dry run)") == 2
    assert git(served.bare, "rev-parse", "main") == before

    done = run("apply", "-f", folder, "-m", "Two nodes")
    assert done.out.count(" created\n") == 2
    assert git(served.bare, "log", "-1", "--format=%an: %s", "main") == "Ada: Two nodes"
    assert git(served.bare, "rev-list", "--count", f"{before}..main") == "1"
    assert "team" in git(served.bare, "show", "main")
    assert run("apply", "-f", folder).out.count(" unchanged\n") == 2
    (folder / "one.yaml").write_text(NODE.format(name="one").replace("one.local", "uno.local"))
    assert run("apply", "-f", folder / "one.yaml").out.count(" configured\n") == 1

    assert run("delete", "node", "one", "--dry-run").out.count("deleted (dry run)") == 1
    assert "one deleted\n" in run("delete", "node", "one").out
    gone = run("delete", "-f", folder / "two.yaml", "--json").json()
    assert [each["kind"] for each in gone["changes"]] == ["ResourceRemoved"]
    assert set(gone) == {each for each in shape_fields(SHAPES["delete"]) if each.isalnum()}


def test_the_standard_input_is_applied(environment: dict[str, str]) -> None:
    text = NODE.format(name="piped")
    for body in (text, json.dumps(yaml.safe_load(text))):
        done = subprocess.run(
            [sys.executable, "-m", "gitmesh", "apply", "-f", "-"],
            input=body, env={**os.environ, **environment}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "unchanged" in done.stdout


def test_what_would_break_the_mesh_is_told_with_reasons(run: Run, tmp_path: Path) -> None:
    refused = run("delete", "node", "cart-v1")
    assert refused.code == exit_codes.REFUSED
    assert "dangling-reference" in refused.err
    assert "nothing was changed" in refused.err
    problems = run("delete", "node", "cart-v1", "--json").json()["problems"]
    assert problems[0]["code"] == "dangling-reference"
    bad = tmp_path / "bad.yaml"
    bad.write_text(NODE.format(name="bad").replace("hostname", "hostnme"))
    refused = run("apply", "-f", bad)
    assert refused.code == exit_codes.REFUSED
    assert f"{bad}:9" in refused.err
    bad.write_text("apiVersion: appmesh.k8s.aws/v1beta2\nkind: Mesh\nmetadata: {name: x}\n")
    assert "Kubernetes" in run("apply", "-f", bad).err


def test_the_editor_changes_one_resource(run: Run, served: Served, tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(NODE.format(name="edited"))
    run("apply", "-f", tmp_path / "n.yaml")
    saved = run("edit", "node", "edited", EDITOR="sed -i s/edited.local/new.local/")
    assert saved.code == exit_codes.OK, saved
    assert "edited configured" in saved.out
    assert "new.local" in run("get", "node", "edited", "-o", "yaml").out
    assert "team" in git(served.bare, "show", "main:shop/virtual-node/edited.yaml")
    before = git(served.bare, "rev-parse", "main")
    assert "unchanged" in run("edit", "node", "edited", EDITOR="true").out
    broken = run("edit", "node", "edited", EDITOR="sed -i s/hostname/hostnme/")
    assert broken.code == exit_codes.REFUSED
    kept = Path(shlex.split(broken.err.splitlines()[-1])[-1])
    assert "hostnme" in kept.read_text()
    kept.unlink()
    assert git(served.bare, "rev-parse", "main") == before


def test_an_edit_that_lost_a_race_shows_both_changes_and_keeps_the_text(
    run: Run, served: Served, tmp_path: Path
) -> None:
    (tmp_path / "n.yaml").write_text(NODE.format(name="raced"))
    run("apply", "-f", tmp_path / "n.yaml")
    other = tmp_path / "other.yaml"
    editor = tmp_path / "editor"
    meanwhile = f'"{sys.executable}" -m gitmesh apply -f "{other}" >/dev/null'
    editor.write_text(f'#!/bin/sh\n{meanwhile}\nsed -i s/raced.local/mine.local/ "$1"\n')
    editor.chmod(0o755)
    for theirs in (("raced.local", "theirs.local"), ("value: cart", "value: theirs")):
        run("apply", "-f", tmp_path / "n.yaml")
        other.write_text(NODE.format(name="raced").replace(*theirs))
        lost = run("edit", "node", "raced", EDITOR=shlex.quote(str(editor)))
        assert lost.code == exit_codes.REFUSED
        assert "was changed meanwhile" in lost.err
        mine = lost.err.partition("your change:")
        assert theirs[1] in mine[0]
        assert "mine.local" in mine[2]
        kept = Path(shlex.split(lost.err.splitlines()[-1])[-1])
        assert "mine.local" in kept.read_text()
        kept.unlink()
        assert theirs[1] in git(served.bare, "show", "main:shop/virtual-node/raced.yaml")


def test_tags_are_shown_applied_and_deleted_in_the_editor(run: Run, tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(NODE.format(name="tagged"))
    run("apply", "-f", tmp_path / "n.yaml")
    text = run("get", "node", "tagged", "-o", "yaml").out
    assert yaml.safe_load(text)["tags"] == [{"key": "team", "value": "cart"}]
    [shown] = run("get", "node", "tagged", "-o", "json").json()["resources"]
    assert shown["document"] == yaml.safe_load(text)
    pages = run("get", "nodes", "-o", "json").json()["resources"]
    assert shown in pages
    assert [each for each in pages if "tags" in each["document"]] != pages
    (tmp_path / "same.yaml").write_text(text)
    assert "unchanged" in run("apply", "-f", tmp_path / "same.yaml").out
    assert run("edit", "node", "tagged", EDITOR="sed -i /tags:/,/value:/d").code == exit_codes.OK
    assert "tags" not in run("get", "node", "tagged", "-o", "yaml").out


def test_the_difference_between_a_server_and_files(
    run: Run, served: Served, tmp_path: Path
) -> None:
    file, before = tmp_path / "d.yaml", git(served.bare, "rev-parse", "main")
    file.write_text(NODE.format(name="different"))
    found = run("diff", "-f", file)
    assert found.code == exit_codes.REFUSED  # as kubectl diff
    assert "node different: added" in found.out
    assert "affects 0 of" in found.out
    shape = run("diff", "-f", file, "--json").json()
    assert (shape["before"], shape["after"]) == (served.url, str(file))
    assert [each["kind"] for each in shape["changes"]] == ["ResourceAdded"]
    reader = {"AWS_ACCESS_KEY_ID": READER, "AWS_SECRET_ACCESS_KEY": READER_SECRET}
    assert "may not preview" in run("diff", "-f", file, **reader).err
    route = run("get", "route", "cart/all", "-o", "yaml").out
    file.write_text(route)
    same = run("diff", "-f", file)
    assert (same.code, "0 changes" in same.out) == (exit_codes.OK, True)
    file.write_text(route.replace("cart-v1", "nobody"))
    refused = run("diff", "-f", file)
    assert (refused.code, "dangling-reference" in refused.err) == (exit_codes.USAGE, True)
    file.write_text(route.replace("weight", "wait"))
    assert run("diff", "-f", file).code == exit_codes.USAGE
    assert run("diff", "main", "-f", file).code == exit_codes.USAGE
    assert run("diff", "main").code == exit_codes.USAGE
    assert git(served.bare, "rev-parse", "main") == before


def test_changes_are_watched_as_they_come(
    environment: dict[str, str], run: Run, tmp_path: Path
) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-m", "gitmesh", "get", "nodes", "-w", "-o", "json"],
        env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert watching.stdout is not None
        first = json.loads(watching.stdout.readline())
        assert "watched" not in json.dumps(first)
        file = tmp_path / "w.yaml"
        file.write_text(NODE.format(name="watched"))
        run("apply", "-f", file)
        file.write_text(NODE.format(name="watched").replace("watched.local", "b.local"))
        run("apply", "-f", file)
        run("delete", "-f", file)
        lines: list[Any] = [json.loads(watching.stdout.readline()) for _ in range(3)]
    finally:
        watching.kill()
        watching.wait()
        assert watching.stdout is not None
        watching.stdout.close()
    assert [each["type"] for each in lines] == ["ADDED", "MODIFIED", "DELETED"]
    assert {each["resource"] for each in lines} == {"mesh/shop/virtualNode/watched"}


def test_contexts_name_servers_and_their_callers(run: Run, served: Served, tmp_path: Path) -> None:
    path = tmp_path / ".config" / "gitmesh" / "context.toml"
    path.parent.mkdir(parents=True)
    path.write_text(f'current = "here"\n[context.here]\nserver = "{served.url}"\n')
    alone = {"GITMESH_SERVER": ""}
    assert run("get", "meshes", "-o", "name", **alone).out == "mesh/shop\n"
    assert run("get", "meshes", "--context", "here", "-o", "name").out == "mesh/shop\n"
    missing = run("get", "meshes", "--context", "there")
    assert (missing.code, "there is no context 'there'" in missing.err) == (2, True)
    path.write_text(f'[context.here]\nserver = "{served.url}"\ntoken = "secret-of-mine"\n')
    open_ = run("get", "meshes", "--context", "here")
    assert "chmod 600" in open_.err
    path.write_text('[context.here]\ntoken = "secret-of-mine"\n')
    assert "secret-of-mine" not in run("get", "meshes", "--context", "here").err
    path.unlink()
    assert "no server is given" in run("get", "meshes", **alone).err


def test_a_shift_of_traffic_is_a_change_like_any_other(
    environment: dict[str, str], run: Run, tmp_path: Path
) -> None:
    text = run("get", "route", "cart/all", "-o", "yaml").out
    file = tmp_path / "all.yaml"
    file.write_text(text.replace("weight: 100", "weight: 90").replace("weight: 0", "weight: 10"))
    assert "cart/route/all configured (dry run)" in run("apply", "-f", file, "--dry-run").out
    with subprocess.Popen(
        [sys.executable, "-m", "gitmesh", "get", "route", "cart/all", "-w", "-o", "yaml"],
        env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True,
    ) as watching:  # fmt: skip
        assert watching.stdout is not None
        for _ in text.splitlines():
            watching.stdout.readline()
        assert "cart/route/all configured\n" in run("apply", "-f", file).out
        lines = [watching.stdout.readline() for _ in range(2)]
        watching.kill()
    assert lines == ["---\n", "# MODIFIED mesh/shop/virtualRouter/cart/route/all\n"]


@pytest.mark.parametrize(
    ("arguments", "more", "words", "code"),
    [
        (["get", "colour"], {}, "there is no kind", 2),
        (["get", "node", "nobody"], {}, "there is no VirtualNode 'nobody'", 2),
        (["get", "all", "cart"], {}, "of which kind", 2),
        (["get", "mesh/nowhere"], {}, "there is no mesh/nowhere", 2),
        (["get", "nodes", "--server", "here"], {}, "is not the URL of a server", 2),
        (["get", "nodes", "--server", "http://127.0.0.1:1"], {}, "cannot be reached", 3),
        (["get", "nodes"], {"AWS_SECRET_ACCESS_KEY": "x" * 20}, "signature", 2),
        (["get", "nodes", "--server", "http://a.example"], {"GITMESH_TOKEN": "t"}, "plain text", 2),
        (["apply"], {}, "'-f'", 2),
        (["apply", "-f", "nowhere.yaml"], {}, "there is no nowhere.yaml", 2),
        (["delete"], {}, "no resource is given", 2),
        (["edit", "node"], {}, "'NAME'", 2),
    ],
)
def test_wrong_use_ends_with_a_remedy(
    run: Run, arguments: list[str], more: dict[str, str], words: str, code: int
) -> None:
    done = run(*arguments, **more)
    assert done.code == code
    assert words in done.err
    assert "hint: " in done.err


def test_who_may_only_read_changes_nothing(run: Run, tmp_path: Path) -> None:
    reader = {"AWS_ACCESS_KEY_ID": READER, "AWS_SECRET_ACCESS_KEY": READER_SECRET}
    (tmp_path / "n.yaml").write_text(NODE.format(name="mine"))
    done = run("apply", "-f", tmp_path / "n.yaml", **reader)
    assert (done.code, "may not" in done.err) == (2, True)
    assert run("get", "all", "--json", **reader).json()["resources"] == []
