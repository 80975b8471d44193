"""The resource graph as a picture, SVG by itself: for a document or a wiki."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from mlc.ir.graph import Graph
from mlc.report.graph_page import boxes_of, drawing, harmlessly

_STYLE = """
.paper { fill: #ffffff } .box { fill: #f6f7f9; stroke: #586174; stroke-width: 1.5; rx: 6px }
.line { fill: none; stroke: #586174; stroke-width: 1.5; opacity: .6 }
text { font: 13px monospace; fill: #1a1f29 } text.below { font-size: 11px; fill: #586174 }
@media (prefers-color-scheme: dark) {
  .paper { fill: #12151b } .box { fill: #1a1f28; stroke: #a2abba } .line { stroke: #a2abba }
  text { fill: #e6e9ef } text.below { fill: #a2abba }
}
"""


def graph(found: Graph) -> str:
    boxes, edges = boxes_of(found, "r")
    picture = harmlessly(drawing(boxes, edges))
    width, height = picture["width"], picture["height"]
    title = escape(harmlessly(f"{found.project['project']} · {found.environment}"))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" role="img">',
        f"<title>{title}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
    ]
    lines += [f'<path class="line" d={quoteattr(line["path"])}/>' for line in picture["lines"]]
    for box in picture["boxes"]:
        lines += [
            f'<rect class="box" x="{box["x"]}" y="{box["y"]}" width="{box["width"]}" height="{box["height"]}"/>',
            f'<text x="{box["text_x"]}" y="{box["text_y"]}">{escape(box["label"])}</text>',
            f'<text class="below" x="{box["text_x"]}" y="{box["below_y"]}">{escape(box["below"])}</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"
