"""Stands for GitHub's `gh api`: the comments of one pull request in a file, and no other call."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

LIST = '.[] | select(.user.type == "Bot" and (.body | startswith(env.MARKER))) | .id'


def main(words: list[str]) -> int:
    assert os.environ["GH_TOKEN"] == "t0ken"
    file = Path(os.environ["COMMENTS"])
    comments = json.loads(file.read_text(encoding="utf-8"))
    match words:
        case ["api", "--paginate", "repos/acme/models/issues/7/comments", "--jq", query] if query == LIST:
            marker = os.environ["MARKER"]
            for one in comments:
                if one["user"]["type"] == "Bot" and one["body"].startswith(marker):
                    print(one["id"])
            return 0
        case ["api", "--silent", "--method", "PATCH", place, "-F", field]:
            number = int(place.removeprefix("repos/acme/models/issues/comments/"))
            next(one for one in comments if one["id"] == number)["body"] = read(field)
        case ["api", "--silent", "--method", "POST", "repos/acme/models/issues/7/comments", "-F", field]:
            comments.append({"id": len(comments) + 1, "user": {"type": "Bot"}, "body": read(field)})
        case _:
            print(f"gh was not expected to be called with {words}", file=sys.stderr)
            return 1
    file.write_text(json.dumps(comments), encoding="utf-8")
    return 0


def read(field: str) -> str:
    assert field.startswith("body=@")
    return Path(field.removeprefix("body=@")).read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
