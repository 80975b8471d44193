"""describe: writes the Croissant metadata of a dataset, JSON-LD, for tools and search engines of data sets.

Inputs: the parts, so that only data that keep their contract are described; the file `source` where the rows lie in the
project. Output: `croissant`. Rows themselves are not in it: it says where the file lies, from its own folder, and by
which digest it is known.

Source of the format: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = False

_ENCODINGS = {"csv": "text/csv", "jsonl": "application/jsonlines", "parquet": "application/x-parquet"}
_TYPES = {
    "integer": "sc:Integer",
    "number": "sc:Float",
    "string": "sc:Text",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "datetime": "sc:DateTime",
}
_TERMS = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet",
    "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet",
    "references", "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{term: f"cr:{term}" for term in _TERMS},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}
"""The context that the specification asks for, word for word."""


def run(work: Work) -> Product:
    """Write the metadata."""
    document = content(work.spec, work.digests.get("source", ""))
    written = work.folder / "croissant.json"
    written.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    return Product({"croissant": written}, {"fields": len(work.spec["columns"])})


def content(spec: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """The document as plain data. `digest` is the SHA-256 of the source; empty where it is no file of the project."""
    document: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": spec["name"],
    }
    if spec["description"]:
        document["description"] = spec["description"]
    if spec["licence"]:
        document["license"] = spec["licence"]["name"]
        document["citeAs"] = spec["licence"]["origin"]
    if spec["owner"]:
        document["creator"] = {"@type": "sc:Organization", "name": spec["owner"]}
    if spec["tags"]:
        document["keywords"] = sorted(set(spec["tags"]))
    if not spec["file"]:
        return document
    document["distribution"] = [
        {
            "@type": "cr:FileObject",
            "@id": "source",
            "name": "source",
            "contentUrl": spec["file"]["from_here"],
            "encodingFormat": _ENCODINGS[spec["file"]["format"]],
            "sha256": digest.removeprefix("sha256:"),
        }
    ]
    if spec["columns"]:
        document["recordSet"] = [
            {
                "@type": "cr:RecordSet",
                "@id": "rows",
                "name": "rows",
                "field": [_field(name, column) for name, column in spec["columns"].items()],
            }
        ]
    return document


def _field(name: str, column: Mapping[str, Any]) -> dict[str, Any]:
    described = {"description": column["description"]} if column["description"] else {}
    return {
        "@type": "cr:Field",
        # an identifier is part of a URL; the name itself stands beside it
        "@id": f"rows/{quote(name, safe='')}",
        "name": name,
        **described,
        "dataType": _TYPES[column["type"]],
        "source": {"fileObject": {"@id": "source"}, "extract": {"column": name}},
    }
