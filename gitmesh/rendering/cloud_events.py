"""Events in other formats: CloudEvents 1.0, and table rows. Pure."""

from typing import Final
from urllib.parse import quote

from events.encoding.codec import decode
from events.types import Record
from gitmesh.rendering.narration import narrate
from gitmesh.safe_text import visible

COLUMNS: Final = (
    "chain",
    "seq",
    "at",
    "kind",
    "subject",
    "commit",
    "actor",
    "summary",
    "prev_hash",
    "hash",
)
_SIGNS: Final = "=+-@"
# Their full-width forms mean the same to a spreadsheet that is set to Japanese or Chinese.
_FORMULA: Final = (*_SIGNS, *(chr(ord(sign) + 0xFEE0) for sign in _SIGNS), "\t", "\r")


def cloud_event(record: Record, repository: str) -> dict[str, object]:
    """Return an event in CloudEvents' structured form.

    ``id`` is unique within ``source``: chain and position. Fields without an attribute in the
    specification are extensions, whose names consist of lower-case letters and digits.
    """
    return {
        "specversion": "1.0",
        "id": f"{record.chain.value}/{record.seq}",
        "source": f"gitmesh://{quote(repository)}/{record.chain.value}",
        "type": f"io.gitmesh.{record.kind}.v{record.v}",
        "subject": record.subject,
        "time": record.at,
        "datacontenttype": "application/json",
        "sequence": f"{record.seq:020}",
        "commit": record.commit,
        "actor": record.actor,
        "prevhash": record.prev_hash,
        "hash": record.hash,
        "data": record.data,
    }


def row(record: Record) -> tuple[str, ...]:
    """Return an event as a row under :data:`COLUMNS`; no cell begins like a spreadsheet formula."""
    summary = narrate(decode(record)).replace("\n", "; ")
    cells = (
        record.chain.value,
        str(record.seq),
        record.at,
        record.kind,
        record.subject,
        record.commit,
        record.actor,
        summary,
        record.prev_hash,
        record.hash,
    )
    return tuple(_harmless(visible(cell)) for cell in cells)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
