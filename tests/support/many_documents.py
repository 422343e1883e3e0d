"""A commit of many documents that parse, link, and are all wrong: its cost is memory."""

_DOCUMENT = """\
---
kind: VirtualNode
meshName: nowhere-{n}
virtualNodeName: faulty-{n}
spec:
  listeners:
    - portMapping: {{port: 8080, protocol: http}}
  serviceDiscovery: {{dns: {{hostname: faulty-{n}.example}}}}
  backends:
    - virtualService: {{virtualServiceName: missing-{n}.shop.internal}}
"""
_PER_FILE = 100


def faulty_documents(count: int) -> dict[str, str | bytes]:
    """Return files of the sample shop with so many documents; each names a missing mesh.

    Reading them takes about 9 kilobytes of memory for each.
    """
    return {
        f"shop/faulty/{first:05}.yaml": "".join(
            _DOCUMENT.format(n=n) for n in range(first, min(first + _PER_FILE, count))
        )
        for first in range(0, count, _PER_FILE)
    }
