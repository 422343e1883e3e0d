"""Translations case by case; read them beside ``tests/xds/golden/<case>``."""

from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.envoy import static_bootstrap, validate
from tests.support.golden import GoldenCase, golden_cases, golden_cases_of
from xds.nodes import Client

FOLDER = Path(__file__).parents[1] / "golden"
CASES = golden_cases(FOLDER)


@pytest.fixture(scope="module")
def shop_tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every file that the specs of these cases expect under ``/etc/shop/tls``."""
    authority = Authority(tmp_path_factory.mktemp("tls"))
    assert authority.bundle.exists()
    for name in ("cart", "web", "front"):
        authority.issue(name, f"{name}.shop.internal")
    return authority.folder


@pytest.mark.parametrize("case", CASES, ids=str)
def test_translation(case: GoldenCase, update_golden: bool) -> None:
    case.check(update=update_golden)


@pytest.mark.envoy
@pytest.mark.parametrize("case", golden_cases_of(Client.ENVOY, FOLDER), ids=str)
def test_envoy_accepts_the_translation(case: GoldenCase, tmp_path: Path, shop_tls: Path) -> None:
    """What gRPC clients get, gRPC clients try in test_proxyless.py."""
    assert validate(static_bootstrap([case.translation], files=shop_tls), tmp_path) == ""


def test_every_folder_is_a_case() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {str(case) for case in CASES}
