"""Entities in texts: windows over long sentences, the best legal tags, character offsets."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from finetune.answers.viterbi import best_path, legal_moves, marginals
from finetune.data.pieces import Chunk, frame_of
from finetune.data.tags import bio_tags, spans
from finetune.data.windowed import encode_sentence, pieces_of_words
from finetune.data.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Self  # an export must run on Python 3.10, which has none

    from numpy.typing import NDArray

    from finetune.answers.classes import Verdict
    from finetune.data.labels import LabelSet
    from finetune.data.pieces import Read, Tokenizer


@dataclass(frozen=True, eq=False)
class Entities:
    """Finds entities; labels are their types, the model's tags are O, B-type and I-type."""

    labels: LabelSet
    max_length: int = 128
    characters: bool = False
    inner: str = field(default="", kw_only=True)

    def facts(self) -> dict[str, Any]:
        """Name what must be known to answer, besides the types."""
        return {**self.reading(), "moves": self.moves().tolist()}

    def reading(self) -> dict[str, Any]:
        """Name what must be known to read a text as the training texts were read."""
        words = {"characters": self.characters, "inner": self.inner}
        return {"max_seq_length": self.max_length, "numbered": False, **words}

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the model, in the order of its outputs."""
        return bio_tags(self.labels.names)

    def moves(self) -> NDArray[np.float32]:
        """Score every move from tag to tag; the last row starts a sentence."""
        return legal_moves(self.tags)

    def reader(self, tokenizer: Tokenizer) -> Read:
        """Cut sentences into windows; a word's first token carries its tag in the window that owns it."""
        frame = frame_of(tokenizer)

        def read(texts: list[Any], labels: list[Any]) -> Chunk:
            chunk = Chunk([], [], [], 0)
            for row, (words, tags) in enumerate(zip(pieces_of_words(tokenizer, texts), labels, strict=True)):
                for ids, answers in encode_sentence(words, tags or [0] * len(words), frame, self.max_length):
                    chunk.input_ids.append(ids)
                    chunk.labels.append(answers)
                    chunk.rows.append(row)
            return chunk

        return read

    def texts(self, lines: Sequence[Any]) -> list[Any]:
        """Split lines into words as the training data had them; what is words already stays as it is."""
        return [
            one if isinstance(one, Words) else Words(one, characters=self.characters, inner=self.inner)
            for one in lines
        ]

    def decoded(
        self, logits: Sequence[NDArray[np.float32]], labels: Sequence[Any], rows: Sequence[int]
    ) -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]]:
        """Put the windows of each sentence together: (sentence, emissions, best tags, labels)."""
        moves = self.moves()
        for row, members in groupby(range(len(rows)), key=lambda at: rows[at]):
            owned = [(at, np.asarray(labels[at]) >= 0) for at in members]
            emissions = np.concatenate([logits[at][mask] for at, mask in owned])
            truth = np.concatenate([np.asarray(labels[at])[mask] for at, mask in owned])
            yield row, emissions, best_path(emissions, moves), truth

    def verdicts(self, logits: Sequence[NDArray[np.float32]], chunk: Chunk) -> Iterator[Verdict]:
        """Yield the probabilities of tags at each text's words, and the numbers of the best legal tags."""
        for _, emissions, path, _ in self.decoded(logits, chunk.labels, chunk.rows):
            yield marginals(emissions, self.moves()), tuple(path.tolist())

    def answers(
        self, logits: Sequence[NDArray[np.float32]], texts: Sequence[Any], chunk: Chunk
    ) -> Iterator[dict[str, Any]]:
        """List each text's entities with character offsets; a text without words has none."""
        found = {
            row: (emissions, path)
            for row, emissions, path, _ in self.decoded(logits, chunk.labels, chunk.rows)
        }
        for row, words in enumerate(texts):
            entities = self.entities(words, *found[row]) if row in found else []
            yield {"text": words.line, "entities": entities}

    def certainty(self, emissions: NDArray[np.float32], path: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the probability of each word's tag, all legal sequences of the sentence considered."""
        out: NDArray[np.float64] = marginals(emissions, self.moves())[np.arange(len(path)), path]
        return out

    def named(self, numbers: NDArray[np.int64]) -> list[str]:
        """Write tags by their names."""
        return [self.tags[n] for n in numbers]

    def entities(
        self, words: Words, emissions: NDArray[np.float32], path: NDArray[np.int64]
    ) -> list[dict[str, Any]]:
        """Write the entities of one text; confidence is the mean probability of its tags."""
        sure = self.certainty(emissions, path)
        out = []
        for one in spans(self.named(path)):
            start, end = words.places[one.start][0], words.places[one.end - 1][1]
            place = {"text": words.line[start:end], "label": one.kind, "start": start, "end": end}
            out.append({**place, "confidence": float(sure[one.start : one.end].mean())})
        return out


@dataclass(frozen=True, eq=False)
class ScoredEntities(Entities):
    """Finds entities with the scores of moves that a training has learned."""

    scores: NDArray[np.float32] = field(kw_only=True)

    @classmethod
    def from_facts(cls, labels: LabelSet, facts: Mapping[str, Any]) -> Self:
        """Undo facts()."""
        length, inner = int(facts["max_seq_length"]), str(facts.get("inner", ""))
        scores = np.array(facts["moves"], np.float32)
        return cls(labels, length, bool(facts["characters"]), inner=inner, scores=scores)

    def moves(self) -> NDArray[np.float32]:
        """Give the scores."""
        return self.scores
