"""Fixtures of the tests with real Envoys."""

from collections.abc import Iterator

import pytest

from tests.support.crossroads.place import Crossroads, running_crossroads
from tests.support.routing_town import Town, running_town


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Applications behind a node's proxy and a gateway; tests leave it as it is."""
    with running_town(tmp_path_factory.mktemp("town")) as town:
        yield town


@pytest.fixture(scope="package")
def crossroads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crossroads]:
    """The same for every protocol, with everything that routes can say; tests leave it as it is."""
    with running_crossroads(tmp_path_factory.mktemp("crossroads")) as place:
        yield place
