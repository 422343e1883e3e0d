"""Credentials and regions are found where AWS tools find them."""

from pathlib import Path

import pytest

from gitmesh.client.aws_settings import aws_credentials, aws_region
from mesh.errors import UsageError

CREDENTIALS = """\
[default]
aws_access_key_id = AKIDDEFAULT
aws_secret_access_key = one

[work]
aws_access_key_id = AKIDWORK
aws_secret_access_key = two%three
aws_session_token = four
"""
CONFIG = """\
[profile work]
region = eu-central-1

[profile single]
sso_session = company
"""


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(CREDENTIALS)
    (tmp_path / ".aws" / "config").write_text(CONFIG)
    return {"HOME": str(tmp_path)}


def test_the_environment_comes_before_the_profile(home: dict[str, str]) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "five"}
    found = aws_credentials({**home, **keys, "AWS_PROFILE": "work"})
    assert found is not None
    assert (found.access_key_id, found.session_token) == ("AKIDENV", None)


def test_profiles(home: dict[str, str]) -> None:
    found = aws_credentials(home)
    assert found is not None
    assert found.access_key_id == "AKIDDEFAULT"
    work = aws_credentials({**home, "AWS_PROFILE": "work"})
    assert work is not None
    assert (work.secret_access_key, work.session_token) == ("two%three", "four")
    assert "two" not in repr(work)
    assert aws_credentials({}) is None
    for name in ("single", "unknown"):
        with pytest.raises(UsageError, match=name) as error:
            aws_credentials({**home, "AWS_PROFILE": name})
        assert "export-credentials" in error.value.hint


def test_regions(home: dict[str, str]) -> None:
    aws = "appmesh.ap-south-1.amazonaws.com"
    here = {**home, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}
    assert aws_region("us-west-2", aws, here) == "us-west-2"
    assert aws_region(None, aws, here) == "ap-south-1"
    assert aws_region(None, "127.0.0.1", here) == "eu-west-1"
    assert aws_region(None, "127.0.0.1", {**home, "AWS_PROFILE": "work"}) == "eu-central-1"
    assert aws_region(None, "127.0.0.1", {}) == "us-east-1"
    with pytest.raises(UsageError):
        aws_region("EU West", "127.0.0.1", {})
