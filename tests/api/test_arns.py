"""ARNs name the resources that they were made of, whatever the names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmesh.api.answers import Account
from gitmesh.api.arns import read_arn
from gitmesh.api.errors import ApiError
from mesh.keys import APP_MESH_KINDS, Kind, ResourceKey

parts = st.sampled_from([*"ab/.:*é", "/virtualNode/", "/route/", "virtualRouter/"])
names = st.lists(parts, min_size=1, max_size=6).map("".join)


@given(st.sampled_from(APP_MESH_KINDS), names, names, names)
def test_an_arn_may_name_what_it_was_made_of(kind: Kind, mesh: str, parent: str, name: str) -> None:
    key = ResourceKey.of_mesh(mesh)
    if kind is not Kind.MESH:
        key = ResourceKey.of(kind, mesh, name, parent if kind.within else "")
    arn = read_arn(Account("123456789012", "eu-west-1").arn(key))
    assert key in arn.keys
    assert (arn.account, arn.region) == ("123456789012", "eu-west-1")
    assert {Account("123456789012", "eu-west-1").arn(each) for each in arn.keys} == {arn.text}


@pytest.mark.parametrize(
    "text", ["", "arn:", "arn:aws:s3:::a", "arn:aws:appmesh:eu-west-1:1:mesh/", "mesh/shop"]
)
def test_what_is_no_arn_of_app_mesh_is_refused(text: str) -> None:
    with pytest.raises(ApiError, match="ARN"):
        read_arn(text)
