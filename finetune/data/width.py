"""Full-width letters and digits, as input methods write them: Ａ１ is read as A1.

Labels, column names and tags are folded when they are read, texts only when they are tokenised, in training
and prediction alike: Chinese vocabularies know iphone but not ｉｐｈｏｎｅ. One character becomes one, so
places in a text stay true. Punctuation such as ，（） stays: the vocabularies have it.
"""

from __future__ import annotations

import re

FULL_WIDTH = re.compile("[０-９Ａ-Ｚａ-ｚ]")
DISTANCE = ord("Ａ") - ord("A")
HALF = {
    code: code - DISTANCE
    for first, last in ("０９", "ＡＺ", "ａｚ")
    for code in range(ord(first), ord(last) + 1)
}


def fold(text: str) -> str:
    """Write letters and digits in half width: "Ａ股，１２点" becomes "A股，12点", else the text itself."""
    return text.translate(HALF) if FULL_WIDTH.search(text) else text
