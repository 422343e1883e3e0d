"""Fetch pip's own wheel as pip would: for a Python that came without pip. Standard library only."""

import configparser
import hashlib
import html.parser
import os
import re
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import NamedTuple

DEFAULT_INDEX = "https://pypi.org/simple"
WHEEL = re.compile(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl")
FLOOR = re.compile(r">=\s*3\.(\d+)")


class Failed(Exception):
    """Something that a person must mend; the message says what, and how."""


class Link(NamedTuple):
    """A wheel that an index offers; the greatest is the newest."""

    version: tuple[int, ...]
    url: str


def fetch_pip(folder: Path) -> Path:
    """Fetch the newest pip for this Python into ``folder``, from the first index that has one.

    :raises Failed: no configured index has it.
    """
    reasons = []
    for index in indexes():
        try:
            return _fetch(newest(f"{index.rstrip('/')}/pip/"), folder)
        except (OSError, LookupError, ValueError) as error:
            reasons.append(f"  {index}: {error}")
    raise Failed(
        "pip could not be fetched:\n" + "\n".join(reasons) + "\n  hint: install python3-venv, or "
        "set PIP_INDEX_URL to a package index that can be reached"
    )


def indexes() -> list[str]:
    """Return the package indexes that pip is told to use: by environment, by its configuration."""
    main = setting("index-url") or DEFAULT_INDEX
    return [main, *setting("extra-index-url").split()]


def setting(name: str) -> str:
    """Return what pip is told for ``name``, or an empty string."""
    if value := os.environ.get(f"PIP_{name.upper().replace('-', '_')}"):
        return value
    parser = configparser.ConfigParser(interpolation=None)
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME", home / ".config"))
    parser.read(
        [
            "/etc/xdg/pip/pip.conf",
            "/etc/pip.conf",
            home / ".pip" / "pip.conf",
            config / "pip" / "pip.conf",
            os.environ.get("PIP_CONFIG_FILE", os.devnull),
        ]
    )
    for section in ("install", "global"):
        if value := parser.get(section, name, fallback=""):
            return value
    return ""


class _Page(html.parser.HTMLParser):
    """Collects the wheels of an index page (the "simple" API, PEP 503) that fit this Python."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.links: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        url = urllib.parse.urljoin(self.base, given.get("href", ""))
        name = urllib.parse.unquote(urllib.parse.urlsplit(url).path.rsplit("/", 1)[-1])
        floor = FLOOR.search(given.get("data-requires-python", ""))
        fits = floor is None or int(floor[1]) <= sys.version_info[1]
        if tag == "a" and fits and "data-yanked" not in given and (match := WHEEL.fullmatch(name)):
            self.links.append(Link(tuple(map(int, match[1].split("."))), url))


def newest(page: str) -> Link:
    """Return the newest wheel that the index page offers.

    :raises LookupError: it offers none.
    """
    if page.startswith("file:") and Path(urllib.request.url2pathname(page[7:])).is_dir():
        page += "index.html"
    parsed = _Page(page)
    parsed.feed(_get(page).decode("utf-8", "replace"))
    if not parsed.links:
        raise LookupError("no pip there for this Python")
    return max(parsed.links)


def _fetch(link: Link, folder: Path) -> Path:
    address, _, fragment = link.url.partition("#")
    body = _get(address)
    algorithm, _, expected = fragment.partition("=")
    if algorithm == "sha256" and hashlib.sha256(body).hexdigest() != expected:
        raise ValueError("the wheel does not have the content that its index promises")
    wheel = folder / urllib.parse.unquote(address.rsplit("/", 1)[-1])
    wheel.write_bytes(body)
    return wheel


def _get(url: str) -> bytes:
    if urllib.parse.urlsplit(url).scheme not in ("https", "http", "file"):
        raise ValueError("not a web address")
    context = ssl.create_default_context(cafile=setting("cert") or None)
    request = urllib.request.Request(url, headers={"Accept": "text/html"})
    with urllib.request.urlopen(request, timeout=60, context=context) as response:
        body: bytes = response.read()
        return body
