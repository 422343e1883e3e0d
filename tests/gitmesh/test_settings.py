"""Environment variables are read in one place, and invalid ones are refused."""

from pathlib import Path

import pytest

from gitmesh.settings import Settings, child_environment
from mesh.errors import UsageError


def test_settings_come_from_the_environment_and_other_variables_do_not_matter() -> None:
    settings = Settings.from_environment(
        {"GITMESH_LISTEN": "127.0.0.1:1", "GITMESH_POLL_S": "0.5", "HOME": "/x", "NO_COLOR": "1"}
    )
    assert settings.listen == "127.0.0.1:1"
    assert settings.poll_s == 0.5
    assert settings.no_color


def test_an_option_goes_before_the_environment_and_an_absent_one_does_not() -> None:
    settings = Settings.from_environment({"GITMESH_LISTEN": "127.0.0.1:1", "GITMESH_BRANCH": "a"})
    changed = settings.overridden(listen="127.0.0.1:2", branch=None, log=Path("x"))
    assert (changed.listen, changed.branch, changed.log) == ("127.0.0.1:2", "a", Path("x"))


def test_a_misspelt_setting_is_refused_and_the_hint_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="GITMESH_LISTN is not a setting") as caught:
        Settings.from_environment({"GITMESH_LISTN": "x"})
    assert "GITMESH_LISTEN" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "value"), [("GITMESH_POLL_S", "soon"), ("GITMESH_LOG_LEVEL", "loud")]
)
def test_a_value_that_does_not_fit_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"{name}='{value}'"):
        Settings.from_environment({name: value})


def test_an_option_that_does_not_fit_is_named_as_it_is_typed() -> None:
    with pytest.raises(UsageError, match="--poll=-1"):
        Settings().overridden(poll_s=-1)


def test_children_do_not_inherit_what_steers_git_or_gitmesh(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("GITMESH_LOG", "/elsewhere")
    monkeypatch.setenv("LANG", "C.UTF-8")
    environment = child_environment(GIT_AUTHOR_NAME="Ada")
    assert "GIT_DIR" not in environment
    assert "GITMESH_LOG" not in environment
    assert (environment["LANG"], environment["GIT_AUTHOR_NAME"]) == ("C.UTF-8", "Ada")


def test_what_kubernetes_says_of_a_service_named_gitmesh_is_no_setting() -> None:
    environment = {
        "GITMESH_SERVICE_HOST": "10.0.0.1",
        "GITMESH_SERVICE_PORT": "18000",
        "GITMESH_SERVICE_PORT_XDS": "18000",
        "GITMESH_PORT": "tcp://10.0.0.1:18000",
        "GITMESH_PORT_18000_TCP_ADDR": "10.0.0.1",
    }
    assert Settings.from_environment(environment) == Settings()


@pytest.mark.parametrize("listen", ["", "foo", "127.0.0.1:", "127.0.0.1:99999", "unix:"])
def test_where_to_listen_must_be_an_address(listen: str) -> None:
    with pytest.raises(UsageError, match=r"GITMESH_LISTEN='.*': not an address; write host:port"):
        Settings.from_environment({"GITMESH_LISTEN": listen})
    assert Settings().overridden(listen="unix:/run/x").listen == "unix:/run/x"
