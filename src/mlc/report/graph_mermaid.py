"""The resource graph in Mermaid, which GitHub and GitLab draw in Markdown."""

from __future__ import annotations

from mlc.ir.graph import Graph


def graph(found: Graph) -> str:
    """A flowchart from what is built on to what builds on it; a label on a line is the field that refers."""
    resources = sorted(found.resources, key=lambda resource: resource.address)
    names = {resource.address: f"r{index}" for index, resource in enumerate(resources)}
    lines = ["flowchart LR", f"  %% {quoted(found.project['project'] + ' ' + found.environment)}"]
    lines += [f'  {name}["{quoted(str(address))}"]' for address, name in names.items()]
    lines += [
        f'  {names[edge.target]} -- "{quoted(edge.path)}" --> {names[edge.source]}' for edge in found.edges
    ]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Text within Mermaid's quotes: all but letters, digits and plain punctuation as a character's number."""
    return "".join(
        one if one.isalnum() or one in " ._-/·" else f"#{ord(one)};" for one in " ".join(text.split())
    )
