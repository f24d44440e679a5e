"""Serving under load: many clients at once, one by one, and (optionally) a loop around transformers' `generate`.

Everything goes over real HTTP on loopback, servers and clients in one process. Contenders take turns, so that whatever
else the machine does falls on all of them. Each text of ours is compared with the one that `Generator` writes alone.
"""

import asyncio
import dataclasses
import itertools
import json
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.errors import UserError
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams
from codelm_jax.model.config import ModelConfig
from codelm_jax.serving.app import create_app
from codelm_jax.serving.loading import SERVING_BUCKETS
from codelm_jax.serving.server import configuration, listen
from codelm_jax.serving.settings import ServingSettings

OURS = "codelm_jax"
PEER = "transformers loop"
# It takes one request after the other, whatever the number of clients: a few tell its speed.
_PEER_CLIENTS = 4
_FEWEST_REQUESTS = 8
_PATIENCE_SECONDS = 3600.0
# Special tokens and bytes: the cost of a step is that of the model's vocabulary.
_TOKENIZER_SIZE = 261
_SAMPLED = SamplingParams(temperature=0.8, top_k=40, heal=False)


@dataclasses.dataclass(frozen=True)
class Arrival:
    """One request as its client saw it.

    Attributes:
        number: which of the requests.
        first: seconds to its first token.
        gaps: seconds from one token to the next; tokens that come together share their time.
        tokens: how many there were.
        text: what was written.
    """

    number: int
    first: float
    gaps: tuple[float, ...]
    tokens: int
    text: str


@dataclasses.dataclass(frozen=True)
class ServeTiming:
    """One contender with so many clients at once.

    Attributes:
        contender: its name.
        clients: requests under way at any time.
        requests: in all, each round.
        tokens_per_second: over all clients, the median of the rounds.
        spread: the same in the slowest and in the fastest round.
        first_token_ms: 50th and 99th percentile over the requests of all rounds.
        token_ms: the same for the time from one token of a request to the next.
        differing: texts that are not the ones that `Generator` writes alone; rounding decides near-ties differently.
        compared: texts that were compared.
    """

    contender: str
    clients: int
    requests: int
    tokens_per_second: float
    spread: tuple[float, float]
    first_token_ms: tuple[float, float]
    token_ms: tuple[float, float]
    differing: int
    compared: int


# Sends the request of this number and waits for its end.
Ask = Callable[[httpx.AsyncClient, int], Awaitable[Arrival]]


def compare(
    config: ModelConfig,
    params: dict,
    dtype: str,
    *,
    client_counts: Sequence[int],
    prompt_tokens: int,
    new_tokens: int,
    rounds: int,
    with_peers: bool,
) -> list[ServeTiming]:
    """Measures each number of clients.

    Args:
        config: of the model.
        params: its parameters, for every contender.
        dtype: of the computation of the peer; ours takes the same by itself.
        client_counts: requests under way at any time.
        prompt_tokens: of each request.
        new_tokens: of each request; fewer where the model ends a text of ours.
        rounds: turns each contender takes, after one to warm up.
        with_peers: whether the loop around transformers takes part.

    Raises:
        UserError: prompt and new tokens exceed the context, or a peer is not installed.
    """
    if prompt_tokens + new_tokens > config.max_seq_length:
        raise UserError(
            f"--prompt_tokens={prompt_tokens} and --new_tokens={new_tokens} exceed the context of "
            f"{config.max_seq_length} tokens: lower one"
        )
    tokenizer = CodeTokenizer.train(["a"], _TOKENIZER_SIZE)
    count = max(_FEWEST_REQUESTS, *client_counts)
    letters = np.random.default_rng(0).integers(ord("!"), ord("~"), (count, prompt_tokens - 1)).tolist()
    requests = [
        ("".join(map(chr, row)), _SAMPLED.replace(max_new_tokens=new_tokens, seed=seed))
        for seed, row in enumerate(letters)
    ]
    reference = Generator(config, params, tokenizer)
    alone = [reference.generate([prompt], own)[0][0].text for prompt, own in requests]
    settings = ServingSettings(
        model_name="benchmark",
        max_queue=count,
        queue_timeout=_PATIENCE_SECONDS,
        request_timeout=_PATIENCE_SECONDS,
    )
    generator = Generator(config, params, tokenizer, buckets=SERVING_BUCKETS, max_rows=max(client_counts))
    with _served(create_app(generator, settings, band={}, created=0)) as address:
        ask = _streaming(address, [_body(prompt, own) for prompt, own in requests])
        entrants = [_Entrant(OURS, clients, max(_FEWEST_REQUESTS, clients), ask) for clients in client_counts]
        if not with_peers:
            return _measure(entrants, rounds, alone)
        with _served(_transformers_server(config, params, dtype)) as peer_address:
            ask = _posting(peer_address, letters, new_tokens)
            return _measure([*entrants, _Entrant(PEER, _PEER_CLIENTS, _FEWEST_REQUESTS, ask)], rounds, alone)


def _body(prompt: str, params: SamplingParams) -> dict[str, Any]:
    """A streaming request of our server, with the log-probabilities that count its tokens."""
    return {
        "prompt": prompt,
        "seed": params.seed,
        "max_tokens": params.max_new_tokens,
        "temperature": params.temperature,
        "top_k": params.top_k,
        "heal": params.heal,
        "stream": True,
        "logprobs": 0,
    }


def table(timings: Sequence[ServeTiming]) -> str:
    """The figures as aligned text, with throughput as a multiple of ours with one client."""
    lines = [
        f"{'clients':>7}  {'':20}{'tokens/s':>9}{'least':>9}{'most':>9}{'x one by one':>14}"
        f"{'first token p50':>17}{'p99':>9}{'token p50':>12}{'p99':>9}{'differing':>11}"
    ]
    base = min((t for t in timings if t.contender == OURS), key=lambda timing: timing.clients)
    for t in timings:
        lines.append(
            f"{t.clients:>7}  {t.contender:20}{t.tokens_per_second:>9.1f}{t.spread[0]:>9.1f}{t.spread[1]:>9.1f}"
            f"{t.tokens_per_second / base.tokens_per_second:>14.2f}"
            f"{t.first_token_ms[0]:>14.0f} ms{t.first_token_ms[1]:>6.0f} ms"
            f"{t.token_ms[0]:>9.1f} ms{t.token_ms[1]:>6.0f} ms{f'{t.differing} of {t.compared}':>11}"
        )
    return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class _Entrant:
    name: str
    clients: int
    requests: int
    ask: Ask


def _measure(entrants: Sequence[_Entrant], rounds: int, alone: Sequence[str]) -> list[ServeTiming]:
    rates: list[list[float]] = [[] for _ in entrants]
    arrivals: list[list[Arrival]] = [[] for _ in entrants]
    for turn in range(rounds + 1):
        for entrant, rate, seen in zip(entrants, rates, arrivals, strict=True):
            start = time.perf_counter()
            came = asyncio.run(_load(entrant))
            if turn > 0:
                rate.append(sum(each.tokens for each in came) / (time.perf_counter() - start))
                seen += came
    return [_timing(*each, alone) for each in zip(entrants, rates, arrivals, strict=True)]


def _timing(
    entrant: _Entrant, rates: Sequence[float], arrivals: Sequence[Arrival], alone: Sequence[str]
) -> ServeTiming:
    def percentiles(seconds: Sequence[float]) -> tuple[float, float]:
        p50, p99 = np.percentile(np.asarray(seconds) * 1e3, (50, 99))
        return float(p50), float(p99)

    compared = [each for each in arrivals if entrant.name == OURS]
    return ServeTiming(
        contender=entrant.name,
        clients=entrant.clients,
        requests=entrant.requests,
        tokens_per_second=statistics.median(rates),
        spread=(min(rates), max(rates)),
        first_token_ms=percentiles([each.first for each in arrivals]),
        token_ms=percentiles([gap for each in arrivals for gap in each.gaps]),
        differing=sum(each.text != alone[each.number] for each in compared),
        compared=len(compared),
    )


async def _load(entrant: _Entrant) -> list[Arrival]:
    """Sends all requests; each client sends the next one when it has its answer."""
    numbers = iter(range(entrant.requests))
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS, limits=limits) as session:

        async def client() -> list[Arrival]:
            return [await entrant.ask(session, number) for number in numbers]

        groups = await asyncio.gather(*(client() for _ in range(entrant.clients)))
    return list(itertools.chain(*groups))


def _streaming(address: str, bodies: Sequence[Mapping[str, Any]]) -> Ask:
    """Requests to our server."""

    async def ask(session: httpx.AsyncClient, number: int) -> Arrival:
        start = last = time.perf_counter()
        first, gaps, tokens, text, ended = 0.0, [], 0, "", False
        async with session.stream("POST", f"{address}/v1/completions", json=bodies[number]) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                ended |= line == "data: [DONE]"
                if not line.startswith("data: {"):
                    continue
                (choice,) = json.loads(line.removeprefix("data: "))["choices"]
                now, count = time.perf_counter(), len(choice["logprobs"]["tokens"])
                text += choice["text"]
                # The end of a text may come without a token.
                if not count:
                    continue
                if not tokens:
                    first = now - start
                else:
                    gaps += [(now - last) / count] * count
                last, tokens = now, tokens + count
        if not ended:
            raise RuntimeError(f"the stream of request {number} broke off")
        return Arrival(number, first, tuple(gaps), tokens, text)

    return ask


def _posting(address: str, prompts: Sequence[Sequence[int]], new_tokens: int) -> Ask:
    """Requests to the loop around transformers, which answers all at once."""

    async def ask(session: httpx.AsyncClient, number: int) -> Arrival:
        start = time.perf_counter()
        body = {"prompt": prompts[number], "max_tokens": new_tokens}
        answer = await session.post(f"{address}/v1/completions", json=body)
        tokens = len(answer.raise_for_status().json()["tokens"])
        seconds = time.perf_counter() - start
        return Arrival(number, seconds, (seconds / tokens,), tokens, "")

    return ask


def _transformers_server(config: ModelConfig, params: dict, dtype: str) -> ASGIApp:
    """What a server around `generate` comes to: one request at a time."""
    from codelm_jax.benchmarks.torch_decode import TRANSFORMERS, peers

    generate = peers(config, params, dtype)[TRANSFORMERS]
    one_at_a_time = asyncio.Lock()

    async def complete(request: Request) -> Response:
        body = await request.json()
        async with one_at_a_time:
            tokens = await asyncio.to_thread(generate, np.asarray([body["prompt"]]), body["max_tokens"])
        return JSONResponse({"tokens": tokens[0].tolist()})

    async def health(request: Request) -> Response:
        return Response()

    return Starlette(routes=[Route("/v1/completions", complete, methods=["POST"]), Route("/health", health)])


@contextmanager
def _served(app: ASGIApp) -> Iterator[str]:
    """The address of a server that is ready."""
    listening = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(configuration(app))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        while httpx.get(f"{address}/health", timeout=_PATIENCE_SECONDS).status_code != 200:
            time.sleep(0.1)
        yield address
    finally:
        server.should_exit = True
        thread.join()
