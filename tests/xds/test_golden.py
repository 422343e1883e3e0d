"""What proxies get, case by case: ``tests/xds/golden/<case>`` is to be read beside this."""

from pathlib import Path

import pytest

from tests.support.envoy import static_bootstrap, validate
from tests.support.golden import GoldenCase, golden_cases

FOLDER = Path(__file__).parent / "golden"
CASES = golden_cases(FOLDER)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_translation(case: GoldenCase, update_golden: bool) -> None:
    case.check(update=update_golden)


@pytest.mark.envoy
@pytest.mark.parametrize("case", CASES, ids=str)
def test_envoy_accepts_the_translation(case: GoldenCase, tmp_path: Path) -> None:
    assert validate(static_bootstrap([case.translation]), tmp_path) == ""


def test_every_folder_is_a_case() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {str(case) for case in CASES}
