"""Generated data with the length distributions of well-known data sets: token ids, no text, no network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

VOCABULARY, SEED = 21128, 0
BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
SMALL = {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 1024}
PERCENTS = (0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 100)
# tokens with [CLS] and [SEP] at these percentiles, counted with BERT's own vocabularies
TITLES = (5, 11, 14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 24, 26, 32)
FILMS = (27, 56, 86, 124, 158, 176, 202, 237, 282, 351, 440, 635, 832, 1277, 2132)
ENTITIES = (4, 15, 18, 21, 26, 31, 35, 41, 46, 53, 62, 77, 88, 99, 102)


@dataclass(frozen=True)
class Shape:
    """One kind of data: how long its texts are, where they are cut, what the tutorials pad to, the labels."""

    name: str
    quantiles: tuple[int, ...]
    max_length: int
    tutorial_length: int
    labels: int
    tagging: bool = False

    def lengths(self, rows: int) -> NDArray[np.int64]:
        """Draw lengths in tokens, cut to the limit."""
        shares = np.random.default_rng(SEED).uniform(0, 100, rows)
        drawn = np.interp(shares, PERCENTS, self.quantiles)
        return np.minimum(np.rint(drawn), self.max_length).astype(np.int64)


SHAPES = {
    one.name: one
    for one in (
        Shape("imdb-256", FILMS, 256, 256, 2),
        Shape("imdb-512", FILMS, 512, 512, 2),
        Shape("thucnews-titles", TITLES, 64, 128, 10),
        Shape("msra", ENTITIES, 128, 128, 7, tagging=True),
    )
}


@dataclass(frozen=True)
class Generated:
    """Token ids of every row, and a label for each row or, where words are tagged, for each token."""

    shape: Shape
    ids: list[list[int]]
    labels: list[int] | list[list[int]]
    lengths: NDArray[np.int64]


def generate(shape: Shape, rows: int) -> Generated:
    """Draw ids, framed by [CLS] and [SEP], and labels."""
    generator = np.random.default_rng(SEED)
    lengths = shape.lengths(rows)
    ids = [[101, *generator.integers(200, VOCABULARY, length - 2).tolist(), 102] for length in lengths]
    if shape.tagging:
        tags = [[-100, *generator.integers(0, shape.labels, length - 2).tolist(), -100] for length in lengths]
        return Generated(shape, ids, tags, lengths)
    return Generated(shape, ids, generator.integers(0, shape.labels, rows).tolist(), lengths)
