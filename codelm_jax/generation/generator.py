"""Prompts in, completions out."""

import copy
import os
from collections.abc import Iterator, Sequence
from typing import Literal

import jax.numpy as jnp
import numpy as np

from codelm_jax.checkpoint.load import Loaded
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.generation.buckets import Buckets
from codelm_jax.generation.engine import Engine
from codelm_jax.generation.next_token import Vocabulary
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.prompts import decode_requests, encode_prompt, require_list
from codelm_jax.generation.request import DecodeRequest
from codelm_jax.generation.scheduler import BatchScheduler
from codelm_jax.generation.syntax import syntax_tokens
from codelm_jax.generation.text_model import TextModel, make_text_model
from codelm_jax.generation.transcript import Completion
from codelm_jax.model.config import ModelConfig
from codelm_jax.ops.backend import ComputeDtype
from codelm_jax.schema import parse
from codelm_jax.weights import load_weights

_MAX_ROWS_CPU, _MAX_ROWS_ACCELERATOR = 64, 1024


class Generator:
    """Completes prompts.

    Attributes:
        text_model: the model, its parameters and its tokenizer.
        engine: its programs.
    """

    def __init__(
        self,
        config: ModelConfig,
        params: dict,
        tokenizer: CodeTokenizer,
        compute_dtype: ComputeDtype = "auto",
        *,
        max_rows: int | None = None,
        buckets: Buckets | None = None,
    ):
        """Takes live parameters.

        Args:
            config: of the model.
            params: its parameters; they are not donated.
            tokenizer: of its vocabulary.
            compute_dtype: "auto" is bfloat16 on accelerators and float32 on a CPU.
            max_rows: completions decoded at once; more wait for a free row.
            buckets: array sizes that programs are compiled for.

        Raises:
            UserError: model and tokenizer do not belong together.
        """
        self.text_model = make_text_model(config, params, tokenizer, compute_dtype)
        on_cpu = self.text_model.model.backend.on_cpu
        self.engine = Engine(
            self.text_model.model,
            _vocabulary(self.text_model),
            self.text_model.token_bytes,
            max_rows=max_rows or (_MAX_ROWS_CPU if on_cpu else _MAX_ROWS_ACCELERATOR),
            buckets=buckets,
        )

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
        buckets: Buckets | None = None,
    ) -> "Generator":
        """Takes an open checkpoint; see `__init__` for the rest."""
        return cls(
            parse(ModelConfig, loaded.meta.model, "config.model"),
            loaded.params,
            CodeTokenizer.from_json(loaded.meta.tokenizer_json),
            compute_dtype,
            max_rows=max_rows,
            buckets=buckets,
        )

    def with_params(self, params: dict) -> "Generator":
        """The same generator with other parameters of the same model; compiles nothing."""
        other = copy.copy(self)
        other.text_model = self.text_model.with_params(params)
        return other

    def generate(
        self, prompts: Sequence[str], params: SamplingParams | Sequence[SamplingParams]
    ) -> list[list[Completion]]:
        """Completes each prompt `params.n` times.

        Args:
            prompts: any texts, also the empty one.
            params: for all prompts, or one per prompt.

        Returns:
            The completions of each prompt.

        Raises:
            TypeError: `prompts` is a single text.
            UserError: a prompt does not fit in the context and `params.overflow` is "error".
            ValueError: not as many parameters as prompts.
        """
        require_list(prompts, "prompts")
        each = [params] * len(prompts) if isinstance(params, SamplingParams) else list(params)
        if len(each) != len(prompts):
            raise ValueError(f"{len(prompts)} prompts need as many params, not {len(each)}")
        groups = [
            self._requests(text, own, number)
            for number, (text, own) in enumerate(zip(prompts, each, strict=True))
        ]
        for _ in self.scheduler().run([request for group in groups for request in group]):
            pass
        return [[request.transcript.completion() for request in group] for group in groups]

    def stream(self, prompt: str, params: SamplingParams) -> Iterator[str]:
        """Completes one prompt, piece by piece: the pieces join to the text that `generate` gives.

        No piece ends within a character, or contains text that a stop rule may still remove.

        Raises:
            UserError: as `generate`.
            ValueError: `params.n` is not 1.
        """
        if params.n != 1:
            raise ValueError(f"a stream is one completion: n = {params.n}")
        (request,) = self._requests(prompt, params)
        for _ in self.scheduler().run([request]):
            if piece := request.transcript.take_piece():
                yield piece

    def scheduler(self) -> BatchScheduler:
        """An empty batch, whose completions may join and leave at any time."""
        return BatchScheduler(self.engine, self.text_model.params)

    def _requests(self, prompt: str, params: SamplingParams, number: int = 0) -> list[DecodeRequest]:
        encoded = encode_prompt(self.text_model.tokenizer, prompt)
        return decode_requests(self.text_model, encoded, params, number=number)


def _vocabulary(model: TextModel) -> Vocabulary:
    suppressed_V = np.array([not piece for piece in model.token_bytes])
    suppressed_V[model.tokenizer.endoftext_id] = False
    return Vocabulary(
        suppressed_V=jnp.asarray(suppressed_V),
        syntax_V=jnp.asarray(syntax_tokens(model.token_bytes)),
        endoftext=jnp.asarray(model.tokenizer.endoftext_id, jnp.int32),
    )
