"""Print the JSON Schema of a kind, of the project, of an estimator's parameters, or of a document that mlc writes;
or install them for editors.

`mlc schema estimators` lists the estimators with what they are and whether this version of mlc serves them, and
`mlc schema sklearn.linear_model.LogisticRegression` prints the parameters of one.

`mlc schema install` writes the editors' form of the schemas to .vscode/mlc-schemas/ and maps the project's files
to them in .vscode/settings.json, where all else stays as it is. Commit both: then everybody who opens the
project has them, also without mlc, and in the same version. `--editor other` writes the schemas and prints the
setting for any other editor that uses yaml-language-server.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from mlc.cli._console import guarded, project_folder

_FOLDER = Path(".vscode", "mlc-schemas")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        nargs="?",
        help="a schema, such as model or plan; an estimator's full name; estimators; or install. The schemas are "
        "listed where none is named",
    )
    parser.add_argument(
        "--editor",
        choices=("vscode", "other"),
        default="vscode",
        help="whose settings install writes (vscode)",
    )
    parser.add_argument(
        "--workspace",
        metavar="DIR",
        help="the folder that the editor opens, where that is not the project's own",
    )


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc import data
    from mlc.rules._words import did_you_mean

    if arguments.name == "install":
        return _install(arguments)
    if arguments.name == "estimators":
        return _list_estimators()
    names = sorted(["estimators", *(file.stem for file in data.path("schemas").glob("*.json"))])
    if arguments.name is None:
        print("\n".join(names))
        return 0
    if arguments.name not in names:
        from mlc.kinds import _estimators
        from mlc.rules.unknown_estimator import meant

        if _estimators.parameter_schema(arguments.name) is not None:
            sys.stdout.write(
                data.path("schemas", "estimators", f"{arguments.name}.json").read_text(encoding="utf-8")
            )
            return 0
        estimator = meant(arguments.name, _estimators.estimator_names())
        if "." in arguments.name or estimator is not None:
            told = f'Did you mean "{estimator}"?' if estimator else "`mlc schema estimators` lists them."
            print(f'There is no estimator "{arguments.name}". {told}', file=sys.stderr)
            return 1
        print(
            f'There is no schema "{arguments.name}". {did_you_mean(arguments.name, names)}', file=sys.stderr
        )
        return 1
    sys.stdout.write(data.path("schemas", f"{arguments.name}.json").read_text(encoding="utf-8"))
    return 0


def _list_estimators() -> int:
    from mlc.kinds._estimators import catalogue
    from mlc.report import estimators_text

    sys.stdout.write(estimators_text.listing(catalogue()))
    return 0


def _install(arguments: argparse.Namespace) -> int:
    from mlc.store.files import write_if_changed

    root = project_folder(arguments)
    workspace = root if arguments.workspace is None else Path(arguments.folder, arguments.workspace).resolve()
    if not root.is_relative_to(workspace):
        print(
            f"{workspace} does not hold the project {root}, so an editor that opens it does not see the "
            "project. Name a folder above the project.",
            file=sys.stderr,
        )
        return 1
    mapping = _mapping(root, workspace)
    _write_schemas(root)
    if arguments.editor == "other":
        print(_setting(mapping))
        return 0
    settings = workspace / ".vscode" / "settings.json"
    try:
        written = _merged(settings, mapping)
    except ValueError as reason:  # UnicodeDecodeError is one too
        print(
            f"{settings} cannot be read as JSON with comments, so it was left as it is: {reason}.\n"
            f"The schemas are in {root / _FOLDER}. Mend the file and run this again, or add to it yourself:\n"
            f"{_setting(mapping)}",
            file=sys.stderr,
        )
        return 1
    changed = write_if_changed(settings, written, mode=0o644)
    if not arguments.quiet:
        said = "Wrote" if changed else "Nothing to change in"
        print(
            f"{said} {os.path.relpath(settings)}; the schemas are in {os.path.relpath(root / _FOLDER)}. Commit both. "
            'VS Code needs the extension "YAML" (redhat.vscode-yaml).'
        )
    return 0


def _merged(settings: Path, mapping: dict[str, list[str]]) -> bytes:
    """The settings with the mapping among them. Raises ValueError where they cannot be read."""
    from mlc.cli import _jsonc

    text = settings.read_bytes().decode() if settings.exists() else ""
    return _jsonc.with_lists(text, "yaml.schemas", mapping).encode()


def _mapping(root: Path, workspace: Path) -> dict[str, list[str]]:
    """The path of each schema, from the folder that the editor opens, and the files it is for."""
    from mlc import kinds

    inside = root.relative_to(workspace)
    folder = f"./{(inside / _FOLDER).as_posix()}"
    mapping = {f"{folder}/project.json": [f"/{(inside / 'mlc.yaml').as_posix()}"]}
    mapping[f"{folder}/mlctest.json"] = [f"/{(inside / '**' / '*.mlctest.yaml').as_posix()}"]
    mapping[f"{folder}/backend.json"] = [f"/{(inside / '**' / 'backend.yaml').as_posix()}"]
    for name in ("env", *kinds.names()):
        mapping[f"{folder}/{name}.json"] = [f"/{(inside / name).as_posix()}/*.yaml"]
    return mapping


def _write_schemas(root: Path) -> None:
    """The schemas without white space: nobody reads them, and a repository holds them."""
    import json

    from mlc import data
    from mlc.store.files import write_if_changed

    for file in sorted(data.path("schemas", "editor").glob("*.json")):
        schema = json.loads(file.read_bytes())
        text = json.dumps(schema, separators=(",", ":"), ensure_ascii=False) + "\n"
        write_if_changed(root / _FOLDER / file.name, text.encode(), mode=0o644)


def _setting(mapping: dict[str, list[str]]) -> str:
    import json

    return json.dumps({"yaml.schemas": mapping}, indent=2)
