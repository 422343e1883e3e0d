"""Creating Envoy messages skips validation that is not needed."""

import subprocess
import sys

LOOK = """
import pydantic.dataclasses
decorator = pydantic.dataclasses.dataclass
import xds.translate
from envoy_data_plane.envoy.config.cluster.v3 import Cluster
from envoy_data_plane.envoy.config.route.v3 import RouteConfiguration
from mesh.spec import RouteSpec
assert pydantic.dataclasses.dataclass is decorator
kinds = (Cluster, RouteConfiguration, RouteSpec)
print([hasattr(kind, "__pydantic_validator__") for kind in kinds])
first = Cluster._type_hints()
print(Cluster._type_hints() is first, first["name"])
"""


def test_envoys_messages_are_not_validated_and_specs_are() -> None:
    # In a process of its own: here, tests have imported messages before.
    done = subprocess.run(
        [sys.executable, "-c", LOOK], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines() == ["[False, False, True]", "True <class 'str'>"], done.stderr
