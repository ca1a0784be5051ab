"""Stands in for GitHub's gh: keeps comments, pull requests and labels in the file STUB_GITHUB."""

import json
import os
import pathlib
import sys

FILE = pathlib.Path(os.environ["STUB_GITHUB"])
STATE = json.loads(FILE.read_text())
WORDS = sys.argv[1:]
READS = (["issue", "view"], ["pr", "list"], ["pr", "view"])
AT = "https://github.com/shop/infra/issues/"


def option(*names):
    for at, word in enumerate(WORDS):
        for name in names:
            if word == name:
                return WORDS[at + 1]
            if word.startswith(name + "="):
                return word.partition("=")[2]
    return None


def comments():
    for comment in STATE["comments"]:
        mine = comment["author"] == "github-actions[bot]"
        yield {"body": comment["body"], "url": f"{AT}5#issuecomment-{comment['id']}", "viewerDidAuthor": mine}


def body():
    return pathlib.Path(option("--body-file")).read_text()


def issue():
    if WORDS[1] == "view":
        print(json.dumps({"comments": list(comments())}))
    else:
        made = {"id": 100 + len(STATE["comments"]), "author": "github-actions[bot]", "body": body(), "issue": WORDS[2]}
        STATE["comments"].append(made)
        print(f"{AT}{made['issue']}#issuecomment-{made['id']}")


def api():
    assert WORDS[1:3] == ["--method", "PATCH"], WORDS
    number = int(WORDS[3].rpartition("/")[2])
    key, _, said = option("--field").partition("=@")
    assert key == "body"
    (comment,) = [each for each in STATE["comments"] if each["id"] == number]
    comment["body"] = pathlib.Path(said).read_text()
    print(f"{AT}5#issuecomment-{number}")


def pr():
    if WORDS[1] == "list":
        assert option("--state") == "open"
        print(*[p["number"] for p in STATE["pulls"] if p["head"] == option("--head")][:1])
    elif WORDS[1] == "create":
        pull = {"number": 30 + len(STATE["pulls"]), "head": option("--head"), "base": option("--base"), "labels": []}
        STATE["pulls"].append({**pull, "title": option("--title"), "body": body()})
    else:
        (pull,) = [each for each in STATE["pulls"] if str(each["number"]) == WORDS[2]]
        if WORDS[1] == "view" and option("--json") == "labels":
            print(",".join(label for label in pull["labels"] if label.startswith("risk: ")))
        elif WORDS[1] == "view":
            print(f"https://github.com/shop/infra/pull/{pull['number']}")
        else:
            gone = (option("--remove-label") or "").split(",")
            pull["labels"] = [label for label in pull["labels"] if label not in gone]
            pull["labels"] += [w.partition("=")[2] for w in WORDS if w.startswith("--add-label=")]
            assert set(pull["labels"]) <= set(STATE["labels"]), "a label that there is not"
            if option("--title"):
                pull["title"], pull["body"] = option("--title"), body()


if os.environ.get("GH_TOKEN") != "writing-token" and WORDS[:2] not in READS:
    print("GraphQL: Resource not accessible by integration (addComment)", file=sys.stderr)
    sys.exit(1)
if WORDS[0] in ("issue", "api") and "404" in WORDS:
    print("GraphQL: Could not resolve to an issue or pull request with the number of 404.", file=sys.stderr)
    sys.exit(1)
if WORDS[0] == "label":
    STATE["labels"] = sorted({*STATE["labels"], WORDS[2]})
else:
    {"issue": issue, "api": api, "pr": pr}[WORDS[0]]()
FILE.write_text(json.dumps(STATE))
