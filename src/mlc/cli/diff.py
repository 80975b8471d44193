"""Show what a change does, in every environment: for the review of a pull request.

Compares two revisions of git without touching the checkout: what is affected, with effective values before and after
and the edited line that causes each, what runs again because of it, bounds that are loosened, and who owns what.
BASE...HEAD compares with where the two parted. No HEAD is the working tree, with what is not committed. No state is
read: it compares descriptions, not what was applied. --select state:modified+ is about what differs from BASE.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mlc.cli._console import exit_code, guarded, paint, project_folder, show_diagnostics
from mlc.cli._selection import add_selection_arguments, selection_of

_FORMS = ("text", "json", "markdown")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "base", metavar="BASE", nargs="?", default="HEAD", help="the revision to compare with, or BASE...HEAD"
    )
    parser.add_argument("head", metavar="HEAD", nargs="?", help="the revision to look at; the working tree")
    parser.add_argument("--env", metavar="NAME", help="the environment (or several with commas); all of them")
    parser.add_argument(
        "--input", action="append", default=[], metavar="NAME=VALUE", help="give an input a value"
    )
    parser.add_argument("--format", choices=_FORMS, default="text", help="the form of the output")
    parser.add_argument("--detailed-exitcode", action="store_true", help="exit with 2 when something differs")
    add_selection_arguments(parser)
    markdown = parser.add_argument_group("for --format markdown")
    markdown.add_argument("--attachment", metavar="FILE", help="write the whole of it there, of any length")
    markdown.add_argument(
        "--links", metavar="URL", default="", help="link lines: https://github.com/acme/lending/blob"
    )
    markdown.add_argument(
        "--mention-owners", action="store_true", help="mention (notify) the code owners of what is loosened"
    )


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc import review

    wrong = _misused(arguments)
    if wrong:
        print(f"mlc diff: {wrong}", file=sys.stderr)
        return 1
    base, head, from_merge_base = _revisions(arguments.base, arguments.head)
    environments = tuple(name.strip() for name in (arguments.env or "").split(",") if name.strip())
    reviewed = review.run(
        project_folder(arguments),
        base,
        head,
        from_merge_base=from_merge_base,
        environments=environments,
        inputs=tuple(arguments.input),
        selection=selection_of(arguments),
    )
    if reviewed.review is None:
        if arguments.format == "markdown":
            arguments.format = "text"  # nothing to comment on; the reason is for the log
        show_diagnostics(reviewed.found, reviewed.sources, arguments)
        return exit_code(reviewed.found)
    if arguments.format == "json":
        from mlc.report import review_json

        sys.stdout.write(review_json.review(reviewed.review))
    elif arguments.format == "markdown":
        from mlc.report import review_markdown

        options = review_markdown.Options(links=arguments.links, mention_owners=arguments.mention_owners)
        sys.stdout.write(review_markdown.comment(reviewed.review, options, bool(arguments.attachment)))
        if arguments.attachment:
            from mlc.store.files import write_atomically

            whole = review_markdown.whole(reviewed.review, options)
            write_atomically(Path(arguments.attachment), whole.encode("utf-8"), mode=0o644)
    else:
        from mlc.report import review_text

        colours = paint(arguments, sys.stdout)
        sys.stdout.write(
            review_text.review(reviewed.review, reviewed.sources, colours, verbose=arguments.verbose)
        )
    code = exit_code(reviewed.found)
    return code or (2 if arguments.detailed_exitcode and not reviewed.review.is_empty else 0)


def _revisions(base: str, head: str | None) -> tuple[str, str | None, bool]:
    """BASE and HEAD as two words, as `BASE..HEAD` or as `BASE...HEAD`; what is left out there is HEAD."""
    for dots in ("...", ".."):
        first, found, second = base.partition(dots)
        if found:
            return first or "HEAD", second or "HEAD", dots == "..."
    return base, head, False


def _misused(arguments: argparse.Namespace) -> str:
    """What is wrong with the words of the command line taken together, or nothing."""
    if ".." in arguments.base and arguments.head is not None:
        return f"{arguments.base} names two revisions already; leave {arguments.head} out."
    if arguments.format != "markdown":
        for name in ("attachment", "links", "mention_owners"):
            if getattr(arguments, name):
                return f"--{name.replace('_', '-')} belongs to --format markdown."
    return ""
