"""Classes of whole texts: one each, or several above their thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from finetune.data.pieces import Chunk, cut, frame_of, plain_ids
from finetune.metrics import softmax
from finetune.multi_metrics import sigmoid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from finetune.data.labels import LabelSet
    from finetune.data.pieces import Read, Tokenizer


@dataclass(frozen=True)
class OneLabel:
    """Names one of several labels for each text."""

    labels: LabelSet
    max_length: int = 128

    @classmethod
    def from_facts(cls, labels: LabelSet, facts: Mapping[str, Any]) -> Self:
        """Undo facts()."""
        return cls(labels, max_length=int(facts["max_seq_length"]))

    def facts(self) -> dict[str, Any]:
        """Name what must be known to answer, besides the label names."""
        return {"max_seq_length": self.max_length, "numbered": self.labels.numbered}

    def reader(self, tokenizer: Tokenizer) -> Read:
        """Frame each text, cut to the length limit."""
        frame = frame_of(tokenizer)
        room = self.max_length - frame.size

        def read(texts: list[Any], labels: list[Any]) -> Chunk:
            plain = plain_ids(tokenizer, texts) if texts else []
            ids = [frame.around(cut(one, room)) for one in plain]
            return Chunk(ids, labels, list(range(len(ids))), sum(len(one) > room for one in plain))

        return read

    def texts(self, lines: Sequence[str]) -> list[Any]:
        """Take lines as they are."""
        return list(lines)

    def answers(
        self, logits: Sequence[NDArray[np.float32]], texts: Sequence[Any], chunk: Chunk
    ) -> Iterator[dict[str, Any]]:
        """Name the label, how sure the model is, and the probability of every label."""
        del chunk  # one array of logits for each text, in order
        for probabilities in softmax(np.stack(logits)) if texts else ():
            best = int(probabilities.argmax())
            named = dict(zip(self.labels.names, map(float, probabilities), strict=True))
            yield {
                "label": self.labels.names[best],
                "confidence": named[self.labels.names[best]],
                "probabilities": named,
            }


@dataclass(frozen=True)
class SeveralLabels(OneLabel):
    """Names any number of labels for each text; what is not said here is as with one label."""

    thresholds: tuple[float, ...] = ()

    @classmethod
    def from_facts(cls, labels: LabelSet, facts: Mapping[str, Any]) -> Self:
        """Undo facts()."""
        return cls(labels, max_length=int(facts["max_seq_length"]), thresholds=tuple(facts["thresholds"]))

    def facts(self) -> dict[str, Any]:
        """Name what must be known to answer, besides the label names."""
        return {**super().facts(), "thresholds": list(self.thresholds)}

    @property
    def limits(self) -> NDArray[np.float64]:
        """The threshold of each label: one half until they are tuned."""
        return np.array(self.thresholds or (0.5,) * len(self.labels.names))

    def answers(
        self, logits: Sequence[NDArray[np.float32]], texts: Sequence[Any], chunk: Chunk
    ) -> Iterator[dict[str, Any]]:
        """Name the labels above their thresholds; confidence is that of the surest one."""
        del chunk  # one array of logits for each text, in order
        names = self.labels.names
        for probabilities in sigmoid(np.stack(logits)) if texts else ():
            held = [names[n] for n in np.flatnonzero(probabilities >= self.limits)]
            named = dict(zip(names, map(float, probabilities), strict=True))
            yield {"label": held, "confidence": float(probabilities.max()), "probabilities": named}
