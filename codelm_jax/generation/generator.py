"""Text in, text out: a model with its tokenizer, ready to complete, to score and to show what it would say next."""

import dataclasses
import os
from collections.abc import Iterator, Sequence
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from codelm_jax.checkpoint.load import Loaded
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.errors import UserError
from codelm_jax.generation.admission import Sizes
from codelm_jax.generation.decode import Vocabulary, last_logits
from codelm_jax.generation.engine import Batch, Engine, chunk_steps
from codelm_jax.generation.healing import NO_HEALING, heal
from codelm_jax.generation.job import Job, Prompt, Ranked
from codelm_jax.generation.params import Overflow, SamplingParams
from codelm_jax.generation.scoring import Score, score_texts, score_windows
from codelm_jax.generation.stopping import stop_rule
from codelm_jax.generation.syntax import syntax_tokens
from codelm_jax.generation.transcript import Completion, Transcript
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import Transformer
from codelm_jax.ops.backend import ComputeDtype, backend_for
from codelm_jax.schema import parse
from codelm_jax.weights import load_weights

_MAX_ROWS_CPU, _MAX_ROWS_ACCELERATOR = 64, 1024


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One possible next token."""

    token_id: int
    text: str
    probability: float


class Generator:
    """A model, its parameters and its tokenizer; every text it sees is preceded by <|endoftext|>."""

    def __init__(
        self,
        config: ModelConfig,
        params: dict,
        tokenizer: CodeTokenizer,
        compute_dtype: ComputeDtype = "auto",
        *,
        max_rows: int | None = None,
        sizes: Sizes | None = None,
    ):
        """Takes live parameters.

        Args:
            config: of the model.
            params: its parameters; they are not donated, and cast once where the compute type differs.
            tokenizer: of its vocabulary.
            compute_dtype: "auto" is bfloat16 on accelerators and float32 on a CPU.
            max_rows: completions decoded at once; more wait for a free row.
            sizes: which sizes of arrays are compiled.

        Raises:
            UserError: model and tokenizer do not belong together.
        """
        if tokenizer.vocab_size > config.vocab_size:
            raise UserError(
                f"the tokenizer has {tokenizer.vocab_size} tokens, the model knows {config.vocab_size}: "
                "they do not belong together"
            )
        backend = backend_for(jax.devices()[0], dtype=compute_dtype)
        self.config = config
        self.tokenizer = tokenizer
        self._model = Transformer(config, backend)
        # Ids that the model has and the tokenizer lacks have no bytes and are never sampled.
        unused = [b""] * (config.vocab_size - tokenizer.vocab_size)
        self._token_bytes = [tokenizer.token_bytes(i) for i in range(tokenizer.vocab_size)] + unused
        never_V = np.array([not piece for piece in self._token_bytes])
        never_V[tokenizer.endoftext_id] = False
        self._vocabulary = Vocabulary(
            never_V=jnp.asarray(never_V),
            syntax_V=jnp.asarray(syntax_tokens(self._token_bytes)),
            endoftext=jnp.asarray(tokenizer.endoftext_id, jnp.int32),
        )
        self._engine = Engine(
            self._model,
            self._vocabulary,
            self._token_bytes,
            max_rows=max_rows or (_MAX_ROWS_CPU if backend.on_cpu else _MAX_ROWS_ACCELERATOR),
            chunk=chunk_steps(backend.on_cpu),
            sizes=sizes,
        )
        self._params = _cast_kernels(params, backend.dtype)

    @classmethod
    def from_checkpoint(
        cls,
        path: str | os.PathLike[str],
        which: Literal["best", "latest"] | int = "best",
        compute_dtype: ComputeDtype = "auto",
    ) -> "Generator":
        """Opens a run directory, its checkpoints, one step, or an exported directory, with its config and tokenizer.

        Raises:
            UserError: there is no valid checkpoint or export.
        """
        return cls.from_loaded(load_weights(path, which=which), compute_dtype)

    @classmethod
    def from_loaded(
        cls,
        loaded: Loaded,
        compute_dtype: ComputeDtype = "auto",
        *,
        max_rows: int | None = None,
        sizes: Sizes | None = None,
    ) -> "Generator":
        """Takes a checkpoint that has been opened; see `__init__` for the rest."""
        return cls(
            parse(ModelConfig, loaded.meta.model, "config.model"),
            loaded.params,
            CodeTokenizer.from_json(loaded.meta.tokenizer_json),
            compute_dtype,
            max_rows=max_rows,
            sizes=sizes,
        )

    def with_params(self, params: dict) -> "Generator":
        """The same generator with other parameters of the same model; nothing is compiled anew."""
        other = object.__new__(Generator)
        other.__dict__.update(self.__dict__)
        other._params = _cast_kernels(params, self._model.backend.dtype)
        return other

    @property
    def context_length(self) -> int:
        """Tokens that the model sees at most, <|endoftext|> included."""
        return self.config.max_seq_length

    @property
    def max_rows(self) -> int:
        """Completions decoded at once."""
        return self._engine.max_rows

    def generate(
        self, prompts: Sequence[str], params: SamplingParams | Sequence[SamplingParams]
    ) -> list[list[Completion]]:
        """Completes each prompt `params.n` times.

        Args:
            prompts: any texts, the empty one included.
            params: for all prompts, or one a prompt.

        Returns:
            For each prompt its completions.

        Raises:
            UserError: a prompt does not fit in the context and `params.overflow` is "error".
        """
        _require_list(prompts, "prompts")
        each = [params] * len(prompts) if isinstance(params, SamplingParams) else list(params)
        if len(each) != len(prompts):
            raise ValueError(f"{len(prompts)} prompts need as many params, not {len(each)}")
        jobs = [
            self.jobs(text, own, number=i) for i, (text, own) in enumerate(zip(prompts, each, strict=True))
        ]
        for _ in self._engine.run(self._params, [job for group in jobs for job in group]):
            pass
        return [[job.transcript.completion() for job in group] for group in jobs]

    def stream(self, prompt: str, params: SamplingParams) -> Iterator[str]:
        """Completes one prompt, piece by piece: together the pieces are the text that `generate` gives.

        No piece ends within a character, or reaches beyond what a stop rule may still cut.
        """
        if params.n != 1:
            raise ValueError(f"a stream is one completion: n = {params.n}")
        (job,) = self.jobs(prompt, params)
        for _ in self._engine.run(self._params, [job]):
            if piece := job.transcript.take_piece():
                yield piece

    def jobs(
        self, prompt: str | Sequence[int], params: SamplingParams, *, number: int = 0, alternatives: int = 0
    ) -> list[Job]:
        """The `params.n` completions of a prompt, not yet begun, for a batch of `start`.

        Args:
            prompt: a text; or token ids, which are not healed, and may bring their own <|endoftext|>.
            params: of the sampling.
            number: how errors name the prompt.
            alternatives: how many of the most probable tokens each place keeps, up to `MAX_ALTERNATIVES`.

        Raises:
            UserError: the prompt does not fit in the context and `params.overflow` is "error", or an id is no token.
        """
        ids = self.token_ids(prompt)
        text = prompt if isinstance(prompt, str) else self.tokenizer.decode(ids)
        heals = params.heal and isinstance(prompt, str)
        start = self._prompt(text, ids, params, number, heals=heals)
        return [
            Job(start, params, sample, Transcript(stop_rule(params, text)), alternatives=alternatives)
            for sample in range(params.n)
        ]

    def start(self) -> Batch:
        """An empty batch, whose completions may join and leave at any time."""
        return Batch(self._engine, self._params)

    def compile_ahead(self) -> Iterator[tuple[int, int]]:
        """Compiles what batches of single prompts need, so that no completion waits for it.

        Yields:
            How many groups of programs are compiled, and how many there are; first 0 of them.
        """
        return self._engine.compile_ahead(self._params)

    def score(self, texts: Sequence[str], overflow: Overflow = "error") -> list[Score]:
        """Log-probability of every token of each text.

        Args:
            texts: any texts.
            overflow: of a text beyond the context: "slide" scores it in windows that overlap by half,
                "truncate_left" its end only.

        Raises:
            UserError: a text exceeds the context and `overflow` is "error".
        """
        _require_list(texts, "texts")
        return score_texts(self._model, self._params, [self._encode(text) for text in texts], overflow)

    def rank(self, prompt: str | Sequence[int]) -> list[Ranked]:
        """The tokens of a prompt after its <|endoftext|>, each with what could have stood there.

        Raises:
            UserError: the prompt exceeds the context, or an id is no token.
        """
        ids = self.token_ids(prompt)
        if len(ids) > self.context_length:
            raise UserError(f"the prompt has {len(ids)} tokens, the context takes {self.context_length}")
        return self._engine.rank(self._params, ids)

    def score_windows(self, windows: np.ndarray) -> np.ndarray:
        """Scores windows of token ids `[B, T + 1]`: log-probability of all but the first, float32 `[B, T]`."""
        return score_windows(self._model, self._params, windows)

    def next_token_logprobs(self, prompt: str) -> np.ndarray:
        """Log-probabilities of all tokens after the prompt as it stands, float32 `[V]`, in nats.

        Raises:
            UserError: the prompt does not fit in the context.
        """
        ids = self._encode(prompt)
        if len(ids) > self.context_length:
            raise UserError(f"the prompt has {len(ids)} tokens, the context takes {self.context_length}")
        width = min(max(16, 1 << (len(ids) - 1).bit_length()), self.context_length)
        tokens = np.zeros((1, width), np.int32)
        tokens[0, : len(ids)] = ids
        logits = last_logits(self._model, self._params, jnp.asarray(tokens), jnp.asarray([len(ids)]))
        return np.asarray(jax.nn.log_softmax(logits[0]))

    def next_token(self, prompt: str, k: int = 10) -> list[Candidate]:
        """The `k` most probable next tokens after the prompt as it stands, most probable first.

        Raises:
            UserError: the prompt does not fit in the context.
        """
        if k < 1:
            raise ValueError(f"k = {k}: at least one token must be asked for")
        logprobs = self.next_token_logprobs(prompt)
        top = np.argsort(-logprobs, kind="stable")[:k]
        return [Candidate(int(i), self._token_name(int(i)), float(np.exp(logprobs[i]))) for i in top]

    def _token_name(self, token_id: int) -> str:
        if token_id >= self.tokenizer.vocab_size:
            return f"<unused {token_id}>"
        return self.tokenizer.decode([token_id], skip_special=False)

    def _encode(self, text: str) -> list[int]:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UserError(
                f"a text holds half a surrogate pair at character {error.start}, which is no Unicode text: remove it"
            ) from None
        return [self.tokenizer.endoftext_id, *self.tokenizer.encode(text)]

    def token_ids(self, prompt: str | Sequence[int]) -> list[int]:
        """Token ids of a prompt, which begin with <|endoftext|>.

        Raises:
            UserError: an id is no token, or the text no Unicode.
        """
        if isinstance(prompt, str):
            return self._encode(prompt)
        for token in prompt:
            if not 0 <= token < self.tokenizer.vocab_size:
                raise UserError(f"token id {token}: the tokenizer knows 0 to {self.tokenizer.vocab_size - 1}")
        begins = [] if list(prompt[:1]) == [self.tokenizer.endoftext_id] else [self.tokenizer.endoftext_id]
        return [*begins, *prompt]

    def _prompt(
        self, text: str, ids: list[int], params: SamplingParams, number: int, *, heals: bool
    ) -> Prompt:
        needed = len(ids) + params.max_new_tokens
        shift = 0
        if needed > self.context_length:
            if params.overflow == "error":
                raise UserError(
                    f"prompt {number}: its {len(ids)} tokens and max_new_tokens = {params.max_new_tokens} exceed "
                    f"the context of {self.context_length} tokens; shorten one or set overflow to "
                    '"truncate_left" or "slide"'
                )
            if params.overflow == "truncate_left":
                if params.max_new_tokens >= self.context_length:
                    raise UserError(
                        f"max_new_tokens = {params.max_new_tokens} leaves no room for a prompt in the context of "
                        f'{self.context_length} tokens; lower it or set overflow to "slide"'
                    )
                shift = needed - self.context_length
            elif len(ids) >= self.context_length:
                shift = len(ids) - self.context_length // 2
        ids = ids[shift:]
        # The first token stays, for something must come before the tokens that healing chooses.
        healing = heal(text, [self._token_bytes[i] for i in ids[1:]]) if heals else NO_HEALING
        return Prompt(tuple(ids), healing, shift)


def _require_list(texts: Sequence[str], name: str) -> None:
    """Refuses a single text, which is a sequence of texts of one character each."""
    if isinstance(texts, str):
        raise TypeError(f"{name} must be a list of texts; for a single one give [{texts[:20]!r}]")


def _cast_kernels(params: dict, dtype: DTypeLike) -> dict:
    """Casts the matrices to the compute type, which the model would do at every step; the rest stays float32."""

    def cast(path: tuple, leaf: jax.Array) -> jax.Array:
        leaf = jnp.asarray(leaf)
        if len(leaf.sharding.device_set) > 1:
            # Training holds one copy a device; decoding needs one.
            leaf = leaf.addressable_data(0)
        return leaf.astype(dtype) if getattr(path[-1], "key", None) == "kernel" else leaf

    return jax.tree_util.tree_map_with_path(cast, params)
