# SPDX-License-Identifier: MIT
"""What man pages tell people to type."""

import os
import re

import builds


def blocks(page, heading):
    """The literal blocks of a page's section, as they are read: of `page`.scd, below `heading` with its marks."""
    with open(os.path.join(builds.PLAIN, "man", page + ".scd"), encoding="utf-8") as f:
        text = f.read()
    section = re.split(r"^#+ ", text.split(f"\n{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return [block.replace("\\\\", "\\") for block in re.findall(r"^```\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)]
