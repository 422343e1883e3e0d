"""Routes that take any path, so that a request which no operation fits gets an answer of the API.

The library's own ``{path:path}`` ends at a line break, which an encoded path may contain.
"""

from typing import Final

from starlette.convertors import StringConvertor, register_url_convertor


class _AnyText(StringConvertor):
    """Path convertor that matches any text; names in it are checked once the operation is known."""

    regex = r"(?s:.*)"


register_url_convertor("any", _AnyText())

ANY_PATH: Final = "{path:any}"
"""The end of such a route: ``Route(f"/prefix/{ANY_PATH}", …)``."""
