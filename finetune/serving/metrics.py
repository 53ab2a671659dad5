"""What Prometheus can ask for at /metrics."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SIZES = tuple(2**n for n in range(11))
TOKENS = tuple(2**n for n in range(4, 18))


class Metrics:
    """All of them, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = self._counter("requests", "Requests by route and status.", "route", "status")
        self.latency = self._histogram(
            "request_seconds", "From the request's head to its last byte.", SECONDS, "route"
        )
        self.reloads = self._counter("reloads", "Models loaded again, by outcome.", "model", "outcome")
        self.texts = self._counter("texts", "Texts answered.", "model")
        self.tokens = self._counter("tokens", "Tokens computed, without padding.", "model")
        self.padding = self._counter("padding_tokens", "Tokens of padding computed.", "model")
        self.failures = self._counter("failures", "Texts that the model could not answer.", "model")
        self.refused = self._counter("queue_full", "Requests refused because the queue was full.", "model")
        self.gone = self._counter("clients_gone", "Requests whose client went away.", "model")
        self.queue = self._gauge("queue_texts", "Texts, or pieces of long ones, not yet answered.", "model")
        self.waited = self._histogram(
            "queue_seconds", "From the queue to the start of the batch.", SECONDS, "model"
        )
        self.batch = self._histogram("batch_size", "Rows in a batch.", SIZES, "model")
        self.batch_tokens = self._histogram(
            "batch_tokens", "Tokens in a batch, with padding.", TOKENS, "model"
        )
        self.computed = self._histogram("batch_seconds", "Computing one batch.", SECONDS, "model")

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"finetune_{name}", what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"finetune_{name}", what, labels, registry=self.registry)

    def _histogram(self, name: str, what: str, buckets: tuple[float, ...], label: str) -> Histogram:
        return Histogram(f"finetune_{name}", what, (label,), buckets=buckets, registry=self.registry)

    def of(self, model: str) -> ModelMetrics:
        """Those of one model."""
        return ModelMetrics(
            **{name: getattr(self, name).labels(model) for name in ModelMetrics.__dataclass_fields__}
        )

    def text(self) -> bytes:
        """Write them in Prometheus' text format."""
        return generate_latest(self.registry)


@dataclass(frozen=True)
class ModelMetrics:
    """The metrics of one model, looked up once."""

    texts: Counter
    tokens: Counter
    padding: Counter
    failures: Counter
    refused: Counter
    gone: Counter
    queue: Gauge
    waited: Histogram
    batch: Histogram
    batch_tokens: Histogram
    computed: Histogram
