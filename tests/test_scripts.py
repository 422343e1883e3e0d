"""Scripts that run before anything is installed: make targets, and the installation of pip."""

import hashlib
import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
VERBS = (
    *("help", "install", "demo", "test", "check", "fix", "golden"),
    *("bench", "soak", "matrix", "clean"),
)


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pip_wheel = load("pip_wheel")


def make(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_make_alone_lists_every_verb() -> None:
    done = make()
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()[2:]] == list(VERBS)


def test_continuous_integration_runs_exactly_make_test() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert lines[-1] == "exec make test"


def test_without_a_python_that_will_do_make_says_what_to_do() -> None:
    done = make("install", "PYTHONS=no-such-python false")
    assert done.returncode != 0
    assert "no Python 3.11 or newer found" in done.stderr
    assert "apt install python3" in done.stderr


class Index:
    """A package index in a folder, as PEP 503 lays it out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "pip"
        self.folder.mkdir()
        self.url = folder.as_uri()
        self._links: list[str] = []

    def offer(self, name: str, *, sha256: str = "", attributes: str = "") -> None:
        body = f"the content of {name}".encode()
        (self.folder / name).write_bytes(body)
        digest = sha256 or hashlib.sha256(body).hexdigest()
        self._links.append(f'<a href="{name}#sha256={digest}" {attributes}>{name}</a>')
        (self.folder / "index.html").write_text("<html>" + "\n".join(self._links))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    (tmp_path / "index").mkdir()
    made = Index(tmp_path / "index")
    monkeypatch.setenv("PIP_INDEX_URL", made.url)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("HOME", str(tmp_path))
    return made


def test_the_newest_pip_that_this_python_can_run_is_fetched(index: Index, tmp_path: Path) -> None:
    index.offer("pip-9.0.1-py3-none-any.whl")
    index.offer("pip-26.3-py3-none-any.whl", attributes='data-requires-python="&gt;=3.9"')
    index.offer("pip-30.0-py3-none-any.whl", attributes='data-requires-python="&gt;=3.99"')
    index.offer("pip-27.0-py3-none-any.whl", attributes='data-yanked="broken"')
    index.offer("pip-28.0b1-py3-none-any.whl")
    index.offer("pip-29.0.tar.gz")
    assert pip_wheel.fetch_pip(tmp_path).name == "pip-26.3-py3-none-any.whl"
    assert (tmp_path / "pip-26.3-py3-none-any.whl").read_text().startswith("the content of")


def test_a_wheel_with_another_content_than_promised_is_not_taken(
    index: Index, tmp_path: Path
) -> None:
    index.offer("pip-26.3-py3-none-any.whl", sha256="0" * 64)
    with pytest.raises(pip_wheel.Failed, match="does not have the content") as caught:
        pip_wheel.fetch_pip(tmp_path)
    assert "python3-venv" in str(caught.value)


def test_the_index_may_be_named_in_pips_configuration(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.offer("pip-26.3-py3-none-any.whl")
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nindex-url = {index.url}\n")
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    assert pip_wheel.fetch_pip(tmp_path).exists()


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script that makes environments, at work in a clone of its own."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    script = load("venv")
    (tmp_path / "pyproject.toml").write_text("[project]")
    (tmp_path / "python").touch()
    script.ROOT = tmp_path  # type: ignore[attr-defined]
    script.PYTHON = tmp_path / "python"  # type: ignore[attr-defined]
    script.STAMP = tmp_path / "stamp"  # type: ignore[attr-defined]
    return script


def test_an_environment_with_everything_is_done_and_one_with_less_is_not(
    environment: ModuleType,
) -> None:
    assert not environment.is_done("demo")
    environment.STAMP.write_text(environment.stamp("demo"))
    assert environment.is_done("demo")
    assert not environment.is_done("dev")
    environment.STAMP.write_text(environment.stamp("dev"))
    assert environment.is_done("demo")
    assert environment.is_done("dev")


def test_new_dependencies_or_a_new_place_make_an_environment_undone(
    environment: ModuleType, tmp_path: Path
) -> None:
    environment.STAMP.write_text(environment.stamp("dev"))
    (tmp_path / "pyproject.toml").write_text("[project] # changed")
    assert not environment.is_done("dev")
    environment.STAMP.write_text(environment.stamp("dev").replace(str(tmp_path), "/elsewhere"))
    assert not environment.is_done("dev")


# ---- a network of its own ---------------------------------------------------------------------


def in_own_network(code: str) -> "subprocess.CompletedProcess[str]":
    script = str(ROOT / "scripts" / "own_network.py")
    done = subprocess.run(
        [sys.executable, script, sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    if "share this machine's network" in done.stderr:
        pytest.skip("the kernel allows no network namespace here")
    return done


def test_in_a_network_of_its_own_no_port_is_taken_by_others_and_the_user_is_the_same() -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        code = f"import os, socket; socket.create_server(('127.0.0.1', {port})); print(os.getuid())"
        assert subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL).returncode
        done = in_own_network(code)
    assert (done.returncode, done.stdout) == (0, f"{os.getuid()}\n"), done.stderr


def test_a_command_in_a_network_of_its_own_ends_as_it_ends() -> None:
    assert in_own_network("raise SystemExit(7)").returncode == 7


def test_make_install_prints_the_line_that_puts_the_commands_on_the_path() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "venv.py", "dev", "--show-path"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--show-path" in make("--dry-run", "install").stdout
    assert "--show-path" not in make("--dry-run", "test").stdout
    found = subprocess.run(
        ["sh", "-c", f"{done.stdout}command -v gitmesh; command -v envoy"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert found.stdout.split("\n")[:2] == [
        str(ROOT / ".venv" / "bin" / name) for name in ("gitmesh", "envoy")
    ]


def test_the_environment_starts_with_any_locale_whatever_letters_its_path_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    venv = load("venv")
    root = tmp_path / "ä"
    site = root / ".venv" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (site / "_gitmesh.pth").write_text(f"{root}\n{root}")
    monkeypatch.setattr(venv, "ROOT", root)
    monkeypatch.setattr(venv, "VENV", root / ".venv")
    venv.name_us_by_a_relative_path()
    assert (site / "_gitmesh.pth").read_bytes() == b"../../../..\n"
