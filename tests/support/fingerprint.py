"""Hash of the translations of some golden cases, for comparison between processes."""

import hashlib
import sys
from pathlib import Path

from tests.support.golden import golden_cases
from xds.wire.encode import encode


def fingerprint(golden: Path) -> str:
    """Return the hash of every eighth case."""
    digest = hashlib.sha256()
    for case in golden_cases(golden)[::8]:
        for messages in case.translation.values():
            digest.update(b"".join(map(encode, messages)))
    return digest.hexdigest()


if __name__ == "__main__":
    print(fingerprint(Path(sys.argv[1])))
