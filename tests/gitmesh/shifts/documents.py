"""Shift documents for tests."""

from gitmesh.shifts.reading import Shift, path_of, read_shift

HEAD = """\
kind: Shift
meshName: shop
virtualRouterName: cart
routeName: all
spec:
  from: cart-v1
  to: cart-v2
"""


def text(*lines: str, steps: str = "[5, 25, 50, 100]") -> str:
    """Return a document with more lines of the spec."""
    return HEAD + "".join(f"  {line}\n" for line in (f"steps: {steps}", *lines))


def shift(*lines: str, steps: str = "[5, 25, 50, 100]", name: str = "cart-v2") -> Shift:
    """Return a shift with more lines of the spec."""
    found = read_shift(path_of(name), text(*lines, steps=steps).encode())
    assert isinstance(found, Shift), found
    return found
