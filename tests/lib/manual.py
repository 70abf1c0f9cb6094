# SPDX-License-Identifier: MIT
"""What man pages tell people to type."""

import os

import builds


def blocks(page, heading):
    """The literal blocks of a page's section, as they are read: of `page`.scd, below `heading` with its marks."""
    with open(os.path.join(builds.PLAIN, "man", page + ".scd"), encoding="utf-8") as f:
        text = f.read()
    found, literal = [], False
    for line in text.split(f"\n{heading}\n", 1)[1].splitlines():
        if line == "```":
            literal = not literal
            if literal:
                found.append("")
        elif literal:
            found[-1] += line.replace("\\\\", "\\") + "\n"
        elif line.startswith("#"):
            break
    return found


def typed(page, heading):
    """The same without the prompts of root."""
    return ["".join(line.removeprefix("# ") for line in block.splitlines(keepends=True)) if block.startswith("# ") else block
            for block in blocks(page, heading)]
