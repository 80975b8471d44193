"""Projects that want to cost time and memory. Each case is laid over a small valid project."""

from __future__ import annotations

from collections.abc import Callable

Files = dict[str, str | bytes]

PROJECT: Files = {
    "mlc.yaml": "mlc: 1\nproject: hostile\nenvironments: [dev]\n",
    "env/dev.yaml": "description: Where changes are tried.\n",
    "dataset/loans.yaml": "source: {type: file, path: data/loans.csv, format: csv}\n"
    "columns:\n  age: {type: integer}\n  repaid: {type: integer, role: label, values: [0, 1]}\n",
}


def _vars(text: str) -> Files:
    return {"env/dev.yaml": f"vars:\n{text}"}


def _mlc(text: str) -> Files:
    return {"mlc.yaml": f"mlc: 1\nproject: hostile\nenvironments: [dev]\n{text}"}


def _diamond(levels: int) -> Files:
    """Two layers a level, each naming both of the next: 2^levels ways to the last."""
    files: Files = {"dataset/loans.yaml": "defaults: [_a0, _b0]\n"}
    for level in range(levels):
        below = f"defaults: [_a{level + 1}, _b{level + 1}]\n" if level < levels - 1 else ""
        for side in "ab":
            files[f"dataset/_{side}{level}.yaml"] = f"{below}description: {side}{level}\n"
    return files


def _wide_diamond() -> Files:
    """300 entries, each a list of the same 300."""
    names = ", ".join(f"_w{index}" for index in range(300))
    files: Files = {f"dataset/_v{index}.yaml": f"defaults: [{names}]\n" for index in range(300)}
    files |= {f"dataset/_w{index}.yaml": "description: w\n" for index in range(300)}
    files["dataset/loans.yaml"] = "defaults: [" + ", ".join(f"_v{index}" for index in range(300)) + "]\n"
    return files


def _laughs(levels: int, copies: int, form: Callable[[list[str]], str]) -> Files:
    """Every variable holds the one before several times."""
    lines = ["  v0: lol\n"]
    for level in range(1, levels):
        lines.append(f"  v{level}: {form([f'${{vars.v{level - 1}}}'] * copies)}\n")
    return _vars("".join(lines))


def _text_of(parts: list[str]) -> str:
    return '"' + "".join(parts) + '"'


def _list_of(parts: list[str]) -> str:
    return "[" + ", ".join(f'"{part}"' for part in parts) + "]"


def _aliases() -> str:
    lines = ["  a0: &a0 [x, x, x, x, x, x, x, x, x]\n"]
    for level in range(1, 30):
        lines.append(f"  a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n")
    return "".join(lines)


def _mapping_aliases() -> str:
    lines = ["  a0: &a0 {x: 1}\n"]
    for level in range(1, 30):
        lines.append(f"  a{level}: &a{level} {{{', '.join(f'k{key}: *a{level - 1}' for key in range(9))}}}\n")
    return "".join(lines)


def _few_aliases() -> str:
    """A thousand characters that stand for 70,000 values."""
    lines = ["  a0: &a0 {x: 1}\n"]
    for level in range(1, 6):
        lines.append(f"  a{level}: &a{level} {{{', '.join(f'k{key}: *a{level - 1}' for key in range(9))}}}\n")
    return "".join(lines)


def _many(folder: str, text: Callable[[int], str], number: int = 5_000, name: str = "n") -> Files:
    return {f"{folder}/{name}{index}.yaml": text(index) for index in range(number)}


def _nested_calls(depth: int) -> str:
    return "${" * depth + "x" + "}" * depth


def _own(template: str, more: str = "", files: Files | None = None) -> Files:
    """A backend of the project's own; `more` is added to its backend.yaml, and 200 columns give it something to do."""
    columns = "".join(f"  c{i}: {{type: integer}}\n" for i in range(200))
    return {
        **_mlc("backends: {own: {}}\n"),
        "dataset/loans.yaml": str(PROJECT["dataset/loans.yaml"]) + columns,
        "backends/own/backend.yaml": "backend: own\ndescription: Hostile.\nemits:\n"
        "  - {kind: dataset, template: a.j2, path: 'own/{{ name }}/a.txt'}\n" + more,
        "backends/own/a.j2": template,
        **(files or {}),
    }


def _loops(depth: int, inside: str = "") -> str:
    names = "abcdefgh"[:depth]
    return (
        "".join(f"{{% for {name} in resource.columns %}}" for name in names) + inside + "{% endfor %}" * depth
    )


def _emissions(number: int) -> str:
    return "".join(
        f"  - {{kind: dataset, template: a.j2, path: 'own/{{{{ name }}}}/{i}.txt'}}\n" for i in range(number)
    )


CASES: dict[str, Callable[[], Files]] = {
    # the loader
    "alias-bomb": lambda: _vars(_aliases()),
    "alias-bomb-of-maps": lambda: _vars(_mapping_aliases()),
    "alias-cycle": lambda: _vars("  a: &a [*a, *a]\n"),
    "many-anchors": lambda: _vars("".join(f"  k{i}: &a{i} {i}\n" for i in range(20_000))),
    "open-brackets": lambda: {"env/dev.yaml": "[" * 1_000_000},
    "dashes": lambda: {"env/dev.yaml": "- " * 500_000},
    "deep-maps": lambda: {"env/dev.yaml": "".join(" " * depth + "a:\n" for depth in range(1_300))},
    "deep-lists": lambda: _vars("  a: " + "[" * 90 + "]" * 90 + "\n"),
    "huge-scalar": lambda: _vars("  a: " + "x" * 900_000 + "\n"),
    "huge-quoted-scalar": lambda: _vars('  a: "' + "\\u0041" * 150_000 + '"\n'),
    "huge-number": lambda: _vars("  a: " + "9" * 900_000 + "\n"),
    "huge-float": lambda: _vars("  a: 1e" + "9" * 100_000 + "\n"),
    "huge-number-of-digits-and-underscores": lambda: _vars("  a: " + "1_" * 400_000 + "1\n"),
    "huge-sexagesimal": lambda: _vars("  a: 1" + ":59" * 300_000 + "\n"),
    "many-comments": lambda: {"env/dev.yaml": "#\n" * 450_000 + "description: x\n"},
    "long-key": lambda: _vars("  " + "k" * 900_000 + ": 1\n"),
    "long-unknown-key": lambda: {"env/dev.yaml": "? " + "descripton" * 50_000 + "\n: 1\n"},
    "long-list": lambda: _vars("  a: [" + "1, " * 99_000 + "1]\n"),
    "longer-list": lambda: _vars("  a:\n" + "  - 1\n" * 150_000),
    "long-map": lambda: _vars("".join(f"  k{i}: {i}\n" for i in range(49_000))),
    "many-duplicates": lambda: _vars("  k: 1\n" * 100_000),
    "many-ambiguous": lambda: _vars("".join(f"  k{i}: yes\n" for i in range(20_000))),
    "many-unknown-keys": lambda: {"env/dev.yaml": "".join(f"descriptio{i}: 1\n" for i in range(20_000))},
    "many-not-texts": lambda: {"env/dev.yaml": "".join(f"{i}: 1\n" for i in range(20_000))},
    "many-documents": lambda: {"env/dev.yaml": "---\na: 1\n" * 80_000},
    "many-tags": lambda: _vars("  a: [" + "!!python/name:os.system x, " * 30_000 + "x]\n"),
    "merge-keys": lambda: _vars("  a: &a {x: 1}\n" + "".join(f"  m{i}: {{<<: *a}}\n" for i in range(20_000))),
    "control-characters": lambda: {"env/dev.yaml": "\x01" * 500_000},
    "not-utf-8": lambda: {"env/dev.yaml": b"\xff\xfe" * 400_000},
    "large-file": lambda: {"env/dev.yaml": "description: x\n" + "#" * 30_000_000},
    "tabs": lambda: {"env/dev.yaml": "vars:\n" + "\ta: 1\n" * 100_000},
    "large-plain-lines": lambda: _vars("  a:\n" + "    word\n" * 100_000),
    # defaults lists
    "defaults-300": lambda: {
        "dataset/loans.yaml": "defaults: [" + ", ".join(f"_l{i}" for i in range(300)) + "]\n",
        **{f"dataset/_l{i}.yaml": "description: x\n" for i in range(300)},
    },
    "defaults-300-missing": lambda: {
        "dataset/loans.yaml": "defaults: [" + ", ".join(f"_l{i}" for i in range(300)) + "]\n"
    },
    "defaults-30000-missing": lambda: {
        "dataset/loans.yaml": "defaults: [" + ", ".join(f"_l{i}" for i in range(30_000)) + "]\n"
    },
    "defaults-same-30000": lambda: {
        "dataset/loans.yaml": "defaults: [" + "_l, " * 30_000 + "_self_]\n",
        "dataset/_l.yaml": "description: x\n",
    },
    "defaults-diamond": lambda: _diamond(40),
    "defaults-diamond-deep": lambda: _diamond(200),
    "defaults-wide-diamond": _wide_diamond,
    "defaults-chain": lambda: {
        "dataset/loans.yaml": "defaults: [_l0]\n",
        **{f"dataset/_l{i}.yaml": f"defaults: [_l{i + 1}]\n" for i in range(1_000)},
    },
    "defaults-cycle": lambda: {
        "dataset/loans.yaml": "defaults: [" + "_l, " * 1_000 + "_self_]\n",
        "dataset/_l.yaml": "defaults: [" + "loans, " * 1_000 + "_self_]\n",
    },
    "defaults-of-large-layers": lambda: {
        "dataset/loans.yaml": "defaults: [" + "_l, " * 300 + "_self_]\n",
        "dataset/_l.yaml": "columns:\n" + "".join(f"  c{i}: {{type: integer}}\n" for i in range(10_000)),
    },
    # interpolations
    "laughs-in-texts": lambda: _laughs(40, 10, _text_of),
    "laughs-in-lists": lambda: _laughs(40, 10, _list_of),
    "laughs-in-one-text": lambda: _vars("  a: x\n  b: " + "${vars.a}" * 60_000 + "\n"),
    "interpolation-chain": lambda: _vars(
        "  v0: x\n" + "".join(f'  v{i}: "${{vars.v{i - 1}}}"\n' for i in range(1, 20_000))
    ),
    "interpolation-cycle": lambda: _vars(
        "".join(f'  v{i}: "${{vars.v{(i + 1) % 20_000}}}"\n' for i in range(20_000))
    ),
    "many-small-cycles": lambda: _vars(
        "".join(f'  a{i}: "${{vars.b{i}}}"\n  b{i}: "${{vars.a{i}}}"\n' for i in range(15_000))
    ),
    "many-missing-references": lambda: _vars("".join(f'  v{i}: "${{vars.w{i}}}"\n' for i in range(20_000))),
    "many-environment-reads": lambda: _vars("".join(f'  v{i}: "${{oc.env:HOME}}"\n' for i in range(20_000))),
    "nested-interpolation": lambda: _vars("  a: '" + _nested_calls(20_000) + "'\n"),
    "dotted-reference": lambda: _vars("  a: '${" + "a." * 200_000 + "a}'\n"),
    "backslashes": lambda: _vars("  a: '${vars.a}" + "\\" * 400_000 + "'\n"),
    "copies-of-a-large-list": lambda: _vars(
        "  big: [" + "1, " * 20_000 + "1]\n" + "".join(f'  v{i}: "${{vars.big}}"\n' for i in range(5_000))
    ),
    "texts-of-a-large-list": lambda: _vars(
        "  big: [" + "1, " * 20_000 + "1]\n" + "".join(f'  v{i}: "x${{vars.big}}"\n' for i in range(5_000))
    ),
    # what is checked
    "many-columns": lambda: {
        "dataset/loans.yaml": "source: {type: file, path: d.csv, format: csv}\ncolumns:\n"
        + "".join(f"  c{i}: {{type: integer}}\n" for i in range(10_000))
    },
    "many-wrong-columns": lambda: {
        "dataset/loans.yaml": "source: {type: file, path: d.csv, format: csv}\ncolumns:\n"
        + "".join(f"  c{i}: {{type: integr}}\n" for i in range(10_000))
    },
    "many-unmatched-patches": lambda: {
        "env/dev.yaml": "patch:\n  dataset:\n" + "".join(f"    loan{i}: {{}}\n" for i in range(30_000))
    },
    "many-unknown-environments": lambda: {
        "mlc.yaml": "mlc: 1\nproject: hostile\nenvironments: ["
        + ", ".join(f"e{i}" for i in range(30_000))
        + "]\n"
    },
    "many-moves": lambda: _mlc(
        "moved:\n" + "".join(f"  - {{from: model.a{i}, to: model.b{i}}}\n" for i in range(15_000))
    ),
    "many-resources": lambda: {f"gate/g{i}.yaml": "descripton: x\n" for i in range(1_000)},
    "names": lambda: {f"gate/G{i}.yaml": "description: x\n" for i in range(1_000)},
    # thousands of files
    "files-of-unknown-keys": lambda: _many("gate", lambda i: f"descripton{i}: x\n"),
    "files-of-many-unknown-keys": lambda: _many(
        "gate", lambda i: "".join(f"descripton{key}: {i}\n" for key in range(200)), 500
    ),
    "files-that-are-not-yaml": lambda: _many("gate", lambda i: f"a: [{i}\n"),
    "files-of-ambiguous-values": lambda: _many("dataset", lambda _: "description: yes\n"),
    "files-without-their-layer": lambda: _many("dataset", lambda i: f"defaults: [_nope{i}]\n"),
    "files-of-a-large-layer": lambda: {
        **_many("dataset", lambda _: "defaults: [_l, _self_]\n"),
        "dataset/_l.yaml": "columns:\n" + "".join(f"  c{i}: {{type: integer}}\n" for i in range(10_000)),
    },
    "files-of-many-layers": lambda: {
        **_many("dataset", lambda _: "defaults: [_w]\n"),
        "dataset/_w.yaml": "defaults: [" + ", ".join(f"_w{i}" for i in range(300)) + "]\n",
        **{f"dataset/_w{i}.yaml": "description: w\n" for i in range(300)},
    },
    "files-of-aliases": lambda: _many("dataset", lambda _: "columns:\n" + _few_aliases()),
    "files-that-are-large": lambda: _many(
        "dataset", lambda _: "columns:\n" + "  c: {type: integer}\n" * 3_000, 400
    ),
    "files-of-long-texts": lambda: {
        **_many("dataset", lambda _: 'description: "${vars.a}"\n'),
        **_vars("  a: " + "x" * 20_000 + "\n"),
    },
    "files-of-copied-lists": lambda: {
        **_many("dataset", lambda _: 'tags: "${vars.a}"\n'),
        **_vars("  a: [" + "x, " * 20_000 + "x]\n"),
    },
    "files-under-a-large-preset": lambda: {
        **_many("dataset", lambda i: f"description: d{i}\n"),
        **_mlc(
            "presets:\n  dataset:\n    columns:\n" + "".join(f"      c{i}: {{}}\n" for i in range(10_000))
        ),
    },
    "files-of-missing-references": lambda: _many("deployment", lambda i: f"model: m{i}\ntarget: t{i}\n"),
    "folders-like-kinds": lambda: {f"datase{i}/x.yaml": "description: x\n" for i in range(5_000)},
    "names-of-thousands": lambda: _many("gate", lambda _: "description: x\n", name="G"),
    # templates of the project's own
    "template-of-loops": lambda: _own(_loops(8)),
    "template-of-loops-that-write": lambda: _own(_loops(2, "x" * 10_000)),
    "template-of-loops-that-quote": lambda: _own(
        _loops(2, "{% if resource | json == 'x' %}{% endif %}{% if resource in [] %}{% endif %}")
    ),
    "template-that-doubles": lambda: _own(
        "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 60 + "{{ a | yaml }}"
    ),
    "template-that-doubles-lists": lambda: _own(
        "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 60 + "{{ a | json }}"
    ),
    "template-that-multiplies": lambda: _own(
        "{{ ('x' * 9999999999) | yaml }}{{ (9 ** 9 ** 9 ** 9) | yaml }}"
    ),
    "template-of-brackets": lambda: _own("{{ " + "(" * 40_000 + "1" + ")" * 40_000 + " | yaml }}"),
    "template-of-conditions": lambda: _own("{% if name %}" * 5_000 + "{% endif %}" * 5_000),
    "template-of-many-values": lambda: _own("{{ [" + "name, " * 16_000 + "] | json }}"),
    "template-of-many-mistakes": lambda: _own("{{ a }}" * 14_000),
    "template-that-is-large": lambda: _own("x" * 90_000),
    "template-that-is-too-large": lambda: _own("x" * 4_000_000),
    "template-with-a-hostile-path": lambda: _own(
        "x", "  - {kind: dataset, template: a.j2, path: '" + "a/" * 50_000 + "b'}\n"
    ),
    "template-of-many-artifacts": lambda: {
        **_own(_loops(2), _emissions(99)),
        **{f"dataset/d{i}.yaml": PROJECT["dataset/loans.yaml"] for i in range(100)},
    },
    "template-of-many-files": lambda: _own("x", files={f"backends/own/f{i}.j2": "x" for i in range(3_000)}),
}
