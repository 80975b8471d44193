"""The forms of a review: complete where a machine reads, short and harmless where a person does."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mlc import data
from mlc.ir.review import FieldChange, ResourceReview, Review
from mlc.report import review_json, review_markdown, review_text
from mlc.report.review_markdown import MOST_CHARACTERS, Options
from mlc.report.terminal import Paint
from stages.review.reviews import cause, many, review, saying

OFFICIAL = Path(__file__).parents[4] / "shared" / "official"
HOSTILE = (
    "</details><img src=x onerror=alert(1)>",
    "a\n\n# Heading\n/merge\n::error::x",
    "@everyone @acme/team #1 GH-2 acme/x#3 !4 %v1 ~bug :rocket: www.evil.example https://evil.example a@evil.example",
    "``` ` `` ~~~",
    "` ",
    " `",
    "|",
    "\\",
    "\\`",
    "![x](https://evil.example/p.png)",
    "[x](javascript:alert(1))",
    "[x]: https://e.example",
    "<!-- mlc review: . -->",
    "-->",
    "\u202egnp\u2066",
    "\u200b",
    "\ud800",
    "\0",
    "&lt;b&gt; &#64;x",
    "$x^2$",
    "---",
    "1. x",
    "> x",
    "",
    " ",
    "***",
    "{{ x }} ${{ x }}",
    "\r",
    "\u2028",
    "<https://evil.example>",
    "x</code></summary>",
    "```diff",
)
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
LINKS = Options(links="https://git.example/acme/models/blob", mention_owners=True)


def naughty() -> list[str]:
    path = OFFICIAL / "naughty_strings.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    strings: list[str] = json.loads(path.read_text(encoding="utf-8"))
    return [*strings, *HOSTILE]


def structure(text: str) -> list[str]:
    """What a reader's browser is given, without the words: every element, and every piece of HTML."""
    found: list[str] = []
    for token in MARKDOWN.parse(text):
        html = token.content if token.type == "html_block" else ""
        found.append(f"{token.type} {token.tag} {re.sub('<code>[^<]*</code>', '<code/>', html)}")
        for child in token.children or ():
            if child.type in ("html_inline", "link_open", "image"):
                href = str(child.attrGet("href") or "")
                found.append(f"{child.type} {child.content} {href.split('/blob/')[0]}")
            elif child.type not in ("text", "text_special", "code_inline"):
                found.append(child.type)
    return found


def live(text: str) -> list[str]:
    """What GitHub and GitLab would make live of the words outside code, once Markdown is HTML."""
    found: list[str] = []
    for token in MARKDOWN.parse(text):
        for child in token.children or ():
            if child.type == "text":
                found += re.findall(
                    r"@\w+|(?<!\w)#\d+|\bGH-\d|https?://|www\.|:[\w+-]+:|[!$&]\d+|[%~]\w", child.content
                )
    return found


def fitted(text: str) -> str:
    """A text as `saying` says it: what makes the folder of the marker is not the point here."""
    return review_markdown.comment(saying(text), LINKS)


WANTED = structure(fitted("value").split("\n", 1)[1])


def held(text: str) -> None:
    written = fitted(text or " ")  # an empty text is left out, and says nothing
    body = written.split("\n", 1)
    assert re.fullmatch(r"<!-- mlc review: ml/[A-Za-z0-9/_.-]* -->", body[0])
    assert structure(body[1]) == WANTED
    assert live(written) == []
    assert len(written) < MOST_CHARACTERS
    assert {unicodedata.category(char) for char in written.replace("\n", "")} & UNSEEN == set()
    written.encode("utf-8")


def test_no_naughty_string_changes_the_structure_of_a_comment() -> None:
    assert "link_open" in " ".join(WANTED)
    for text in naughty():
        held(text)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(alphabet=st.sampled_from("`~<>[]()!@#|\\*_&;:/ \n\t$-+=.'\"ax1\u202e\u200b{}"), max_size=30))
def test_no_mixture_of_markup_changes_the_structure_of_a_comment(text: str) -> None:
    held(text)


def test_the_comparison_of_structures_would_find_a_break() -> None:
    text = fitted("value")
    assert structure(text.replace("`value`", "<img src=x>", 1)) != WANTED
    assert structure(text.replace("`value`", "*value*", 1)) != WANTED
    assert live(text + "\n@somebody and https://evil.example\n") == ["@somebody", "https://"]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_text_form_steers_no_terminal_and_no_log(text: str) -> None:
    found = msgspec.structs.replace(saying(text), new=())  # a diagnostic has a form of its own
    written = review_text.review(found, {}, Paint(), verbose=True)
    assert {unicodedata.category(char) for char in written.replace("\n", "")} & UNSEEN == set()
    assert not re.search(r"^\s*(::|##\[|/merge)", written, re.MULTILINE)
    written.encode("utf-8")


def test_owners_are_notified_only_where_that_is_asked_for() -> None:
    found = saying("@acme/risk")
    asked = review_markdown.comment(found, Options(mention_owners=True))
    assert "\nPlease look: @acme/risk\n" in asked
    assert "Please look" not in review_markdown.comment(found, Options())
    assert live(review_markdown.comment(found, Options())) == []
    assert "Please look" not in review_markdown.comment(
        saying("@acme/risk please"), Options(mention_owners=True)
    )


def test_a_change_of_a_thousand_models_is_told_once() -> None:
    found = many(1000, ("dev", "staging", "prod"))
    written = review_markdown.comment(found, Options())
    assert "### mlc: 1,000 models train again, 1,000 deployments are deployed again" in written
    assert written.count("train.params.max_iter") == 1
    assert (
        "**1,000 models: `m0000`, `m0001`, `m0002`, `m0003`, `m0004` and 995 more**: train again" in written
    )
    assert "are deployed again because its model changes" in written
    assert "`generated/*/docker/*/Dockerfile` +1 −1 in 3,000 files" in written
    assert len(written) < 3000
    shown = review_text.review(found, {}, Paint())
    assert "~ 1,000 models" in shown
    assert len(shown.splitlines()) < 15
    assert len(json.loads(review_json.review(found))["resources"]) == 6000


def test_what_does_not_fit_is_said_and_stands_in_the_attachment() -> None:
    def changed(number: int) -> ResourceReview:
        change = FieldChange(
            "description", "changed", "x" * 70, f"{number} " + "y" * 60, "metadata", cause("a")
        )
        return ResourceReview("dev", f"model.m{number:04}", "changed", "metadata", "", (change,))

    found = review(resources=tuple(changed(number) for number in range(2000)))
    written = review_markdown.comment(found, Options(), has_attachment=True)
    assert 55_000 < len(written) < MOST_CHARACTERS
    assert re.search(r"\*\*[0-9,]+ more are left out here for their length\.\*\*", written)
    assert "The whole is in the attachment of this run." in written
    assert written.count("<details>") == written.count("</details>")
    whole = review_markdown.whole(found, Options())
    assert all(f"`model.m{number:04}`" in whole for number in range(2000))
    assert "left out" not in whole


def test_characters_outside_the_basic_plane_count_twice() -> None:
    wide = FieldChange("description", "changed", "", "😀" * 70, "metadata", None)
    found = review(
        resources=tuple(
            ResourceReview("dev", f"model.m{n}", "changed", "metadata", str(n), (wide,)) for n in range(900)
        )
    )
    written = review_markdown.comment(found, Options())
    assert len(written.encode("utf-16-le")) // 2 < MOST_CHARACTERS


@pytest.mark.parametrize(
    "found", [review(), saying("x"), saying("\ud800"), many(2, ("dev",))], ids=["no", "a", "b", "c"]
)
def test_the_json_form_is_as_its_schema_says(found: Review) -> None:
    schema: dict[str, Any] = json.loads(data.path("schemas", "diff.json").read_bytes())
    document = json.loads(review_json.review(found))
    jsonschema.Draft202012Validator(schema).validate(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({**document, "resources": [{}]})


def test_nothing_that_differs_is_said_in_one_line() -> None:
    assert "### mlc: nothing differs\n" in review_markdown.comment(review(), Options())
    assert review_text.review(review(), {}, Paint()).endswith("Diff: nothing differs · 7 resources alike\n")
