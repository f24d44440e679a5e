"""Counts and latencies in Prometheus' format."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_FIRST_TOKEN_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_TOKEN_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Metrics:
    """One registry per server: several in one process count separately."""

    def __init__(self):
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "codelm_requests", "Requests answered.", ["path", "status"], registry=self._registry
        )
        self.prompt_tokens = Counter("codelm_prompt_tokens", "Tokens of prompts.", registry=self._registry)
        self._generated = Counter("codelm_generated_tokens", "Tokens generated.", registry=self._registry)
        self._first_token = Histogram(
            "codelm_first_token_seconds",
            "From a request to the first token of each completion.",
            buckets=_FIRST_TOKEN_SECONDS,
            registry=self._registry,
        )
        self._token = Histogram(
            "codelm_token_seconds",
            "From one token of a completion to the next; those of a chunk share its time.",
            buckets=_TOKEN_SECONDS,
            registry=self._registry,
        )

    def gauge(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Adds a value that is read at each request for the metrics."""
        Gauge(f"codelm_{name}", description, registry=self._registry).set_function(read)

    def observe(self, seconds: float, tokens: int, is_first: bool) -> None:
        """Counts tokens of one completion, and the seconds they took."""
        self._generated.inc(tokens)
        if is_first:
            self._first_token.observe(seconds)
        else:
            for _ in range(tokens):
                self._token.observe(seconds / tokens)

    def text(self) -> bytes:
        """All metrics."""
        return generate_latest(self._registry)
