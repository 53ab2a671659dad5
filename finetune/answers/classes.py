"""Classes of whole texts: one each, or several above their thresholds."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from finetune.answers.pooling import pooled
from finetune.data.pieces import Chunk, frame_of, kept, plain_ids
from finetune.metrics import softmax
from finetune.multi_metrics import sigmoid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Self  # an export must run on Python 3.10, which has none

    from numpy.typing import NDArray

    from finetune.data.labels import LabelSet
    from finetune.data.pieces import Read, Tokenizer

    Verdict = tuple[NDArray[np.float64], tuple[int, ...]]


@dataclass(frozen=True)
class OneLabel:
    """Names one of several labels for each text."""

    labels: LabelSet
    max_length: int = 128
    long_texts: str = "head"

    @classmethod
    def from_facts(cls, labels: LabelSet, facts: Mapping[str, Any]) -> Self:
        """Undo facts()."""
        return cls(labels, int(facts["max_seq_length"]), facts.get("long_texts", "head"))

    def facts(self) -> dict[str, Any]:
        """Name what must be known to answer, besides the label names."""
        lengths = {"max_seq_length": self.max_length, "long_texts": self.long_texts}
        return {**lengths, "numbered": self.labels.numbered}

    @property
    def windowed(self) -> bool:
        """Tell whether a text may have several rows."""
        return self.long_texts == "windows"

    def reader(self, tokenizer: Tokenizer) -> Read:
        """Frame what the model reads of each text: one row, or with windows as many as it takes."""
        frame = frame_of(tokenizer)
        room = self.max_length - frame.size

        def read(texts: list[Any], labels: list[Any]) -> Chunk:
            plain = plain_ids(tokenizer, texts) if texts else []
            rows = [(at, one) for at, ids in enumerate(plain) for one in kept(ids, room, self.long_texts)]
            cut = 0 if self.windowed else sum(len(one) > room for one in plain)
            framed = [frame.around(one) for _, one in rows]
            return Chunk(framed, [labels[at] for at, _ in rows], [at for at, _ in rows], cut)

        return read

    def texts(self, lines: Sequence[str]) -> list[Any]:
        """Take lines as training does: without the white space at their ends."""
        return [one.strip() for one in lines]

    def answers(
        self, logits: Sequence[NDArray[np.float32]], texts: Sequence[Any], chunk: Chunk
    ) -> Iterator[dict[str, Any]]:
        """Name what holds, how sure the model is of the likeliest, and the probability of every label."""
        del texts
        for probabilities, chosen in self.verdicts(logits, chunk):
            named = dict(zip(self.labels.names, map(float, probabilities), strict=True))
            yield {
                "label": self.named(chosen),
                "confidence": float(probabilities.max()),
                "probabilities": named,
            }

    def verdicts(self, logits: Sequence[NDArray[np.float32]], chunk: Chunk) -> Iterator[Verdict]:
        """Yield the probabilities of each text's labels and the number of the likeliest."""
        for probabilities in softmax(pooled(logits, chunk.rows).logits) if logits else ():
            yield probabilities, (int(probabilities.argmax()),)

    def named(self, chosen: tuple[int, ...]) -> Any:  # noqa: ANN401 - one name or a list of names
        """Write the verdict as a name."""
        return self.labels.names[chosen[0]]


@dataclass(frozen=True)
class SeveralLabels(OneLabel):
    """Names any number of labels for each text; what is not said here is as with one label."""

    thresholds: tuple[float, ...] = ()

    @classmethod
    def from_facts(cls, labels: LabelSet, facts: Mapping[str, Any]) -> Self:
        """Undo facts()."""
        return dataclasses.replace(super().from_facts(labels, facts), thresholds=tuple(facts["thresholds"]))

    def facts(self) -> dict[str, Any]:
        """Name what must be known to answer, besides the label names."""
        return {**super().facts(), "thresholds": list(self.thresholds)}

    @property
    def limits(self) -> NDArray[np.float64]:
        """The threshold of each label: one half until they are tuned."""
        return np.array(self.thresholds or (0.5,) * len(self.labels.names))

    def verdicts(self, logits: Sequence[NDArray[np.float32]], chunk: Chunk) -> Iterator[Verdict]:
        """Yield the probabilities of each text's labels and the numbers of those above their thresholds."""
        for probabilities in sigmoid(pooled(logits, chunk.rows).logits) if logits else ():
            yield probabilities, tuple(np.flatnonzero(probabilities >= self.limits).tolist())

    def named(self, chosen: tuple[int, ...]) -> Any:  # noqa: ANN401 - see OneLabel
        """Write the verdict as a list of names."""
        return [self.labels.names[n] for n in chosen]
