"""Colours of a picture that is a file of its own."""

from typing import Final

from gitmesh.topology.model import Mark

MARK_COLOURS: Final = {Mark.ADDED: "#1a7f37", Mark.REMOVED: "#cf222e", Mark.CHANGED: "#9a6700"}
"""Colours of marks in formats that have one theme."""

STYLE: Final = """
.topology{--ground:#fff;--ink:#1b1f24;--soft:#57606a;--line:#818b98;--frame:#8c959f;
--box:#f6f8fa;--accent:#0969da;--good:#1a7f37;--warn:#9a6700;--bad:#cf222e}
@media (prefers-color-scheme:dark){.topology{--ground:#0d1117;--ink:#e6edf3;--soft:#9198a1;
--line:#7d8590;--frame:#656c76;--box:#161b22;--accent:#4493f8;--good:#3fb950;--warn:#d29922;
--bad:#f85149}}
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
fill:var(--ink);white-space:pre}
.caption,.hidden{font:10.5px system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;
fill:var(--soft)}
.name{font-weight:600}
.label{font-size:11px;paint-order:stroke;stroke:var(--ground);stroke-width:3px;
stroke-linejoin:round}
.ground{fill:var(--ground)}
.frame{fill:var(--box);stroke:var(--frame)}
.virtualService .frame{stroke:var(--accent)}
.centre>.frame,.centre>a>.frame{stroke-width:2.5}
.row.centre text{font-weight:700}
.missing .frame{stroke-dasharray:4 3;fill:none}
.rule{stroke:var(--frame);stroke-opacity:.5}
.line{fill:none;stroke:var(--line)}
.head{fill:var(--line)}
.unused .line{stroke-dasharray:3 3}
.added .frame,.added .line{stroke:var(--good)}
.added .head,.added .caption,.added .label,.row.added text{fill:var(--good)}
.removed .frame,.removed .line{stroke:var(--bad);stroke-dasharray:6 3}
.removed .head,.removed .caption,.removed .label,.row.removed text{fill:var(--bad)}
.removed .name,.row.removed text{text-decoration:line-through}
.changed .frame,.changed .line{stroke:var(--warn)}
.changed .head,.changed .caption,.changed .label,.row.changed text{fill:var(--warn)}
.failing .line{stroke:var(--bad)}
.failing .head,.failing .label{fill:var(--bad)}
"""
"""Style sheet of an SVG file, for light and dark."""
