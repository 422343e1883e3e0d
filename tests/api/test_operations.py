"""The table of operations is that of AWS's service model."""

import re
from urllib.parse import quote

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmesh.api.operations import BASE, OPERATIONS, BadName, NoSuchOperation, find

MODEL = botocore.session.get_session().get_service_model("appmesh")


def test_all_operations_of_the_service_are_there_and_no_other() -> None:
    ours = {o.name: (o.method, f"{BASE}/{'/'.join(o.path)}") for o in OPERATIONS}
    theirs = {
        name: (http["method"], http["requestUri"])
        for name in MODEL.operation_names
        for http in [MODEL.operation_model(name).http]
    }
    assert len(ours) == 38
    assert ours == theirs


names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=60
).filter(lambda name: name not in (".", ".."))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
@given(data=st.data())
def test_each_operation_is_found_by_its_path_whatever_the_names(
    operation: object, data: st.DataObject
) -> None:
    assert operation in OPERATIONS
    wanted = next(each for each in OPERATIONS if each is operation)
    given_names = {part[1:-1]: data.draw(names) for part in wanted.path if part.startswith("{")}
    path = re.sub(r"\{(\w+)\}", lambda m: quote(given_names[m[1]], safe=""), "/".join(wanted.path))
    assert find(wanted.method, f"{BASE}/{path}") == (wanted, given_names)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v20181001/meshes",
        "/v20190125",
        "/v20190125/",
        "/v20190125/meshes/",
        "/meshes",
        "/v20190125/meshes/a/virtualNodes/b/c",
        "/v20190125//meshes",
        "/v20190125/meshes/a//b",
    ],
)
def test_other_paths_are_no_operation(path: str) -> None:
    with pytest.raises((NoSuchOperation, BadName)):
        find("GET", path)


@pytest.mark.parametrize("name", ["%ff", "%00", "a%0Ab", ".", "..", "%7f", "a" * 256])
def test_names_that_no_resource_has_are_refused(name: str) -> None:
    with pytest.raises(BadName):
        find("GET", f"{BASE}/meshes/{name}")


def test_an_encoded_separator_belongs_to_the_name() -> None:
    _, found = find("GET", f"{BASE}/meshes/shop/virtualServices/..%2F..%2Fetc")
    assert found == {"meshName": "shop", "virtualServiceName": "../../etc"}
