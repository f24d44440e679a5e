"""Decoding speed, side by side: this package, a loop without a cache, and (optionally) PyTorch and transformers.

All contenders continue the same prompts greedily with the same weights. They take turns, so that whatever else the
machine does falls on all of them; figures are medians over the rounds, and ratios compare medians.
"""

import dataclasses
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from codelm_jax.errors import UserError
from codelm_jax.generation.engine import Engine
from codelm_jax.generation.healing import NO_HEALING
from codelm_jax.generation.next_token import Vocabulary
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.request import DecodeRequest, Prompt
from codelm_jax.generation.scheduler import BatchScheduler
from codelm_jax.generation.stopping import stop_rule
from codelm_jax.generation.transcript import Transcript
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import Transformer
from codelm_jax.ops.backend import backend_for

# Continues token ids [B, P] by so many tokens: [B, N].
Contender = Callable[[np.ndarray, int], np.ndarray]

OURS = "codelm_jax"
SAMPLED = "codelm_jax, sampled"
NAIVE = "no cache"
# The loop without a cache costs the same for every token: beyond one row, a few tell its speed.
_NAIVE_TOKENS = 4


@dataclasses.dataclass(frozen=True)
class Timing:
    """One contender at one batch size.

    Attributes:
        contender: its name.
        batch: rows.
        prefill_ms: from the prompts to the first new token of all rows.
        ms_per_token: from one new token of all rows to the next; the median of the rounds.
        ms_spread: the same in the fastest and in the slowest round.
        tokens_per_second: over all rows, prefill apart.
        agreement: share of the new tokens that equal ours; rounding decides near-ties differently.
    """

    contender: str
    batch: int
    prefill_ms: float
    ms_per_token: float
    ms_spread: tuple[float, float]
    tokens_per_second: float
    agreement: float


def compare(
    config: ModelConfig,
    params: dict,
    dtype: str,
    *,
    batch_sizes: Sequence[int],
    prompt_tokens: int,
    new_tokens: int,
    rounds: int,
    with_naive: bool,
    peers: Mapping[str, Contender],
) -> list[Timing]:
    """Measures all contenders at each batch size, on random prompts.

    Args:
        config: of the model.
        params: its parameters, for every contender.
        dtype: of the computation, for every contender.
        batch_sizes: rows decoded together.
        prompt_tokens: of each row.
        new_tokens: of each row.
        rounds: turns each contender takes.
        with_naive: whether the loop without a cache takes part.
        peers: further contenders, by name, with the same weights.

    Raises:
        UserError: prompt and new tokens exceed the context.
    """
    if prompt_tokens + new_tokens > config.max_seq_length:
        raise UserError(
            f"--prompt_tokens={prompt_tokens} and --new_tokens={new_tokens} exceed the context of "
            f"{config.max_seq_length} tokens: lower one"
        )
    others: dict[str, Contender] = {NAIVE: naive(config, params, dtype)} if with_naive else {}
    others |= peers
    timings = []
    for batch in batch_sizes:
        prompts = np.random.default_rng(batch).integers(0, config.vocab_size, (batch, prompt_tokens))
        own = {
            OURS: ours(config, params, dtype, batch, sampled=False),
            SAMPLED: ours(config, params, dtype, batch, sampled=True),
        }
        timings += measure(own | others, prompts, new_tokens, rounds)
    return timings


def ours(config: ModelConfig, params: dict, dtype: str, batch: int, *, sampled: bool) -> Contender:
    """Ours: the engine as `Generator` runs it, with nothing that ends a text early."""
    model = Transformer(config, backend_for(jax.devices()[0], dtype=dtype))
    vocab = config.vocab_size
    none_V = jnp.zeros(vocab, jnp.bool_)
    vocabulary = Vocabulary(suppressed_V=none_V, syntax_V=none_V, endoftext=jnp.asarray(-1, jnp.int32))
    engine = Engine(model, vocabulary, [b"x"] * vocab, max_rows=batch)
    greedy = SamplingParams(temperature=0.0, heal=False)
    base = SamplingParams(temperature=0.8, top_k=40, top_p=0.95, heal=False) if sampled else greedy

    def run(prompts: np.ndarray, new_tokens: int) -> np.ndarray:
        own = base.replace(max_new_tokens=new_tokens)
        requests = [
            DecodeRequest(Prompt(tuple(row), NO_HEALING, 0), own, 0, Transcript(stop_rule(own, "")))
            for row in prompts.tolist()
        ]
        for _ in BatchScheduler(engine, params).run(requests):
            pass
        return np.asarray([request.ids[prompts.shape[1] :] for request in requests])

    return run


def naive(config: ModelConfig, params: dict, dtype: str) -> Contender:
    """The loop without a cache: the whole padded context again for each token, jitted once."""
    model = Transformer(config, backend_for(jax.devices()[0], dtype=dtype))

    @jax.jit
    def next_token(params: dict, tokens_BT: jax.Array, length: jax.Array) -> jax.Array:
        logits_BTV = model.apply({"params": params}, tokens_BT, deterministic=True)
        assert isinstance(logits_BTV, jax.Array)
        return jnp.argmax(logits_BTV[:, length - 1], axis=-1).astype(jnp.int32)

    @partial(jax.jit, donate_argnums=0)
    def put(tokens_BT: jax.Array, token_B: jax.Array, length: jax.Array) -> jax.Array:
        return tokens_BT.at[:, length].set(token_B)

    def run(prompts: np.ndarray, new_tokens: int) -> np.ndarray:
        batch, length = prompts.shape
        padded = np.zeros((batch, config.max_seq_length), np.int32)
        padded[:, :length] = prompts
        tokens_BT = jnp.asarray(padded)
        for place in range(length, length + new_tokens):
            token_B = next_token(params, tokens_BT, jnp.asarray(place))
            if place < config.max_seq_length:
                tokens_BT = put(tokens_BT, token_B, jnp.asarray(place))
        return np.asarray(tokens_BT[:, length : length + new_tokens])

    return run


def measure(
    contenders: Mapping[str, Contender], prompts: np.ndarray, new_tokens: int, rounds: int
) -> list[Timing]:
    """Times all contenders on the same prompts, in turns.

    Args:
        contenders: by name; `OURS` is what the others are compared with.
        prompts: token ids `[B, P]`.
        new_tokens: of each row.
        rounds: turns each contender takes, after one to warm up.
    """
    batch = prompts.shape[0]
    lengths = {name: _NAIVE_TOKENS if name == NAIVE and batch > 1 else new_tokens for name in contenders}
    first: dict[str, list[float]] = {name: [] for name in contenders}
    whole: dict[str, list[float]] = {name: [] for name in contenders}
    outputs: dict[str, np.ndarray] = {}
    for turn in range(rounds + 1):
        for name, contender in contenders.items():
            one = _seconds(lambda: contender(prompts, 1))  # noqa: B023
            start = time.perf_counter()
            outputs[name] = contender(prompts, lengths[name])
            if turn > 0:
                first[name].append(one)
                whole[name].append(time.perf_counter() - start)
    timings = []
    for name in contenders:
        prefill = statistics.median(first[name])
        steps = [1e3 * (seconds - prefill) / (lengths[name] - 1) for seconds in whole[name]]
        step = statistics.median(steps)
        same = outputs[name] == outputs[OURS][:, : lengths[name]]
        spread = (min(steps), max(steps))
        timings.append(
            Timing(name, batch, prefill * 1e3, step, spread, 1e3 * batch / step, float(same.mean()))
        )
    return timings


def table(timings: Sequence[Timing]) -> str:
    """The figures as aligned text, with each contender's time as a multiple of ours."""
    lines = [
        f"{'batch':>5}  {'':24}{'prefill':>10}{'per token':>12}{'least':>9}{'most':>9}{'tokens/s':>11}{'x ours':>9}"
        f"{'agreement':>11}"
    ]
    base = {timing.batch: timing for timing in timings if timing.contender == OURS}
    for timing in timings:
        ratio = timing.ms_per_token / base[timing.batch].ms_per_token
        lines.append(
            f"{timing.batch:>5}  {timing.contender:24}{timing.prefill_ms:>7.1f} ms{timing.ms_per_token:>9.2f} ms"
            f"{timing.ms_spread[0]:>9.2f}{timing.ms_spread[1]:>9.2f}"
            f"{timing.tokens_per_second:>11.0f}{ratio:>9.2f}{timing.agreement:>11.1%}"
        )
    return "\n".join(lines)


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
