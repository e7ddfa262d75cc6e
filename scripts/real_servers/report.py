"""The table of results, and its place in docs/servers.md."""

import os

from .measure import REPOSITORIES
from .work import TOP

STEPS = ["mount, `ls`", "mount, `find -ls`", "reading all after it", "a file", "30 files"]
PAGE = os.path.join(TOP, "docs", "servers.md")
BEGIN, END = "<!-- table of scripts/real-servers -->", "<!-- end of the table -->"


def cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ")


def table(results, kind):
    head = ["", "server", "says it can", *STEPS, "differences", "errors", "log"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    notes = []
    for row, result in results:
        name = f"`{row.key}`" + (" (small)" if row.small and kind == "awkward" else "")
        server = result.about + (": " + row.what if row.what else "")
        lines.append("| " + " | ".join(map(cell, [
            name, server, result.capabilities or "–", *(result.requests.get(step, "–") for step in STEPS),
            result.differences if result.requests else "–", result.errors if result.requests else "–",
            "clean" if result.requests and not result.log_lines else result.log_lines or "–"])) + " |")
        if result.failure:
            notes.append(f"- `{row.key}`: {result.failure[:300]}")
        if row.small and kind == "awkward":
            notes.append(f"- `{row.key}`: the smaller repository: {row.small}")
    repository = "scripts/" + " ".join(REPOSITORIES[kind])
    text = "\n".join(lines) + f"\n\nThe columns from `mount, ls` on are requests; the repository is that of `{repository}`."
    return text + ("\n\n" + "\n".join(notes) if notes else "")


def write(text):
    with open(PAGE) as file:
        page = file.read()
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"real-servers: {PAGE} has no place for the table: it needs the lines '{BEGIN}' and '{END}'")
    with open(PAGE, "w") as file:
        file.write(f"{before}{begin}\n{text}\n{end}{after}")
