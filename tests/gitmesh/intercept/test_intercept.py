"""``gitmesh intercept`` makes a ruleset of App Mesh's variables, and nothing else."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmesh.intercept.ruleset import Interception, Ports, ruleset
from gitmesh.intercept.values import understood, variable
from mesh.errors import UsageError
from tests.support.command_line import gitmesh
from tests.support.sample_shop import Shop

FIELDS = (
    *("start_enabled", "ignore_uid", "ignore_gid", "app_ports", "ingress_port", "egress_port"),
    *("egress_ignored_ip", "egress_ignored_ports", "enable_ipv6"),
)

WORDS = re.compile(
    r"[\s{},;.:/0-9a-f-]|table|inet|gitmesh|delete|chain|egress|ingress|type|nat|hook|output|"
    r"prerouting|priority|policy|accept|meta|nfproto|ipv4|return|fib|daddr|saddr|local|skuid|skgid|"
    r"tcp|dport|ip6|ip|l4proto|redirect|to|!="
)
"""All that a ruleset of ours may consist of, once its comments are gone."""

EVERYTHING = {
    "START_ENABLED": "1",
    "IGNORE_UID": "1338",
    "IGNORE_GID": "1339",
    "APP_PORTS": "8080, 9000:9010",
    "ENVOY_INGRESS_PORT": "15100",
    "ENVOY_EGRESS_PORT": "15101",
    "EGRESS_IGNORED_IP": "10.1.2.3,10.1.0.0/16,192.0.2.7,fd00::/8,fd00::1",
    "EGRESS_IGNORED_PORTS": "5432,21,25-26,23",
    "ENABLE_IPV6": "1",
}


def rules(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def test_every_variable_of_app_mesh_is_in_the_ruleset() -> None:
    text = ruleset(understood({}, EVERYTHING))
    egress, _, ingress = text.partition("chain ingress")
    assert rules(egress)[5:13] == [
        "chain egress {",
        "type nat hook output priority -100; policy accept;",
        "fib daddr type local return",
        "meta skuid 1338 return",
        "meta skgid 1339 return",
        "tcp dport { 21-23, 25-26, 5432 } return",
        "ip daddr { 10.1.0.0/16, 192.0.2.7 } return",
        "ip6 daddr { fd00::/8 } return",
    ]
    assert "meta l4proto tcp redirect to :15101" in rules(egress)
    assert "fib saddr type local return" in rules(ingress)
    assert "tcp dport { 8080, 9000-9010 } redirect to :15100" in rules(ingress)


def test_without_a_word_it_is_app_meshs_defaults_and_nothing_is_redirected_in() -> None:
    text = ruleset(understood({}, {}))
    assert "meta skuid 1337 return" in text
    assert "tcp dport { 22 } return" in text
    assert "ip daddr { 169.254.169.254, 169.254.170.2 } return" in text
    assert "redirect to :15001" in text
    assert "skgid" not in text
    assert "ingress" not in text


def test_ipv6_is_left_alone_unless_asked_for() -> None:
    ignored = {"EGRESS_IGNORED_IP": "fd00::/8"}
    without = ruleset(understood({}, {**ignored, "APP_PORTS": "1"}))
    assert rules(without).count("meta nfproto != ipv4 return") == 2
    assert "ip6" not in without
    with_it = ruleset(understood({"enable_ipv6": "1"}, {**ignored, "APP_PORTS": "1"}))
    assert "nfproto" not in with_it
    assert "ip6 daddr { fd00::/8 } return" in with_it


def test_what_is_not_enabled_only_takes_an_earlier_ruleset_away() -> None:
    text = ruleset(understood({}, {"START_ENABLED": "0", "APP_PORTS": "8080"}))
    code = [line for line in text.splitlines() if not line.startswith("#")]
    assert code == ["table inet gitmesh", "delete table inet gitmesh"]


def test_a_group_that_is_ignored_stands_alone_unless_a_user_is_named_too() -> None:
    assert understood({}, {"IGNORE_GID": "7"}).ignore_uid is None
    assert understood({"ignore_gid": "7"}, {"IGNORE_UID": "8"}).ignore_uid == 8


def test_options_go_before_variables_and_empty_variables_count_as_none() -> None:
    found = understood({"app_ports": "1", "egress_ignored_ip": ""}, {"APP_PORTS": "2"})
    assert found.app_ports == (Ports(1, 1),)
    assert found.egress_ignored_ip == ()
    assert understood({}, {variable(field): "" for field in FIELDS}) == Interception()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IGNORE_UID", "-1"),
        ("IGNORE_UID", "4294967295"),
        ("IGNORE_UID", "root"),
        ("IGNORE_GID", "1_337"),
        ("APP_PORTS", "8080;"),
        ("APP_PORTS", "8080,"),
        ("APP_PORTS", "0"),
        ("APP_PORTS", "65536"),
        ("APP_PORTS", "9-8"),
        ("APP_PORTS", "1-2-3"),
        ("APP_PORTS", "٨٠٨٠"),
        ("APP_PORTS", "8080 } accept; tcp dport { 1"),
        ("APP_PORTS", "8080\n}\nflush ruleset"),
        ("APP_PORTS", "15001"),
        ("APP_PORTS", "1-65535"),
        ("ENVOY_INGRESS_PORT", "15001"),
        ("ENVOY_EGRESS_PORT", "0"),
        ("ENVOY_EGRESS_PORT", "9" * 5000),
        ("EGRESS_IGNORED_IP", "example.com"),
        ("EGRESS_IGNORED_IP", "10.0.0.0/33"),
        ("EGRESS_IGNORED_IP", "10.0.0.1 } accept; ip daddr { 10.0.0.2"),
        ("EGRESS_IGNORED_IP", "fe80::1%eth0 } accept"),
        ("EGRESS_IGNORED_PORTS", "ssh"),
        ("ENABLE_IPV6", "yes"),
        ("START_ENABLED", "1; flush ruleset"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_whether_variable_or_option(
    name: str, value: str
) -> None:
    done = gitmesh("intercept", **{f"APPMESH_{name}": value})
    assert (done.code, done.out) == (2, "")
    option = name.removeprefix("ENVOY_").lower().replace("_", "-")
    done = gitmesh("intercept", f"--{option}={value}")
    assert (done.code, done.out) == (2, "")


def test_a_refusal_names_the_variable_or_the_option() -> None:
    assert "APPMESH_APP_PORTS='x'" in gitmesh("intercept", APPMESH_APP_PORTS="x").err
    assert "--app-ports='x'" in gitmesh("intercept", "--app-ports", "x").err


def test_somebodys_connections_have_to_be_the_proxys() -> None:
    refused = gitmesh("intercept", "--ignore-uid", "")
    assert refused.code == 2
    assert "hint: give the user or the group" in refused.err


@given(st.fixed_dictionaries({}, optional={variable(f): st.text() for f in FIELDS}))
def test_no_text_from_outside_reaches_a_ruleset(variables: dict[str, str]) -> None:
    _consists_of_our_words(variables)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            variable(field): st.text(alphabet="0123456789.,:-/abf% {};\n\x00", max_size=12)
            for field in FIELDS
        },
    )
)
def test_nor_does_text_that_looks_like_ports_and_addresses(variables: dict[str, str]) -> None:
    _consists_of_our_words(variables)


def _consists_of_our_words(variables: dict[str, str]) -> None:
    try:
        text = ruleset(understood({}, variables))
    except UsageError:
        return
    code = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in code if not re.fullmatch(f"({WORDS.pattern})*", line)] == []
    chains = 1 + ("\tchain ingress {" in code)
    on = "\tchain egress {" in code
    assert text.count("}") == (1 + chains if on else 0) + text.count("dport {") + text.count(
        "daddr {"
    )


def test_a_nodes_listeners_are_the_applications_ports(shop: Shop) -> None:
    done = gitmesh("intercept", shop.bare, "--node", "mesh/shop/virtualNode/web", "--json")
    assert done.code == 0
    assert done.json()["appPorts"] == ["8080"]
    assert "tcp dport { 8080 } redirect to :15000" in done.json()["ruleset"]
    logged = gitmesh(
        "intercept", "--log", shop.log, "--node", "mesh/shop/virtualNode/web", "--json"
    )
    assert logged.json() == done.json()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--node", "mesh/shop/virtualNode/nobody"), "is not in this mesh"),
        (("--node", "mesh/shop/virtualGateway/entrance"), "is a gateway"),
        (("--node", "mesh/shop/virtualNode/web", "--app-ports", "1"), "--node and --app-ports"),
    ],
)
def test_a_node_that_says_nothing_about_ports_is_refused(
    shop: Shop, arguments: tuple[str, ...], said: str
) -> None:
    done = gitmesh("intercept", shop.bare, *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_ports_that_no_proxy_of_ours_listens_on_are_warned_of() -> None:
    done = gitmesh("intercept", APPMESH_ENVOY_EGRESS_PORT="15101")
    assert done.code == 0
    assert "redirect to :15101" in done.out
    assert "warning: proxies that gitmesh serves listen on 15000 and 15001" in done.err


def test_removal_works_whatever_else_is_said() -> None:
    done = gitmesh("intercept", "--remove", APPMESH_APP_PORTS="nonsense")
    assert rules(done.out)[1:] == ["table inet gitmesh", "delete table inet gitmesh"]
    assert gitmesh("intercept", "--remove", "--json").json() == {"remove": done.out}


def test_the_page_and_the_help_name_every_variable_and_option() -> None:
    page = (Path(__file__).parents[3] / "docs" / "addressing.md").read_text()
    help_ = gitmesh("intercept", "--help").out
    for field in FIELDS:
        option = f"--{field.replace('_', '-')}"
        assert f"| `APPMESH_{variable(field)}` | `{option}` |" in page
        assert f"APPMESH_{variable(field)}" in help_
        assert f"{option} " in help_


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("APPMESH_")]:
        monkeypatch.delenv(name)
