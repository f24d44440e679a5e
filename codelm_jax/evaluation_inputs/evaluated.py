"""A checkpoint and its data as evaluations take them: here generation, training and evals meet."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from codelm_jax.checkpoint.load import Loaded, load_checkpoint
from codelm_jax.checkpoint.locate import run_directory
from codelm_jax.data.batches import eval_batches
from codelm_jax.data.prepared import PreparedData, load_prepared
from codelm_jax.data.progress import Advance, console_report
from codelm_jax.data.text_files import encode_file
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.data.tokens import TokenFile
from codelm_jax.errors import UserError
from codelm_jax.evals.interfaces import Completion, Generate
from codelm_jax.evals.results import ResultFiles, digest
from codelm_jax.evals.settings import choose_settings
from codelm_jax.evals.suites import Corpus, Evaluation, HeldOut, Model
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.scoring import next_token_logprobs
from codelm_jax.interop.hf_files import is_export
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import Transformer
from codelm_jax.ops.backend import Backend
from codelm_jax.training.compile import compile_score_step
from codelm_jax.training.config import saved_scoring_config
from codelm_jax.training.mesh import all_devices, backend_of, put_batch, replicated, split_over_batch

# Logits that scoring holds at once on one device, in numbers: 128 MiB in float32.
_SCORED_LOGITS = 2**25


def generate_with(generator: Generator) -> Generate:
    """Sampling as evaluations ask for it.

    A completion's randomness depends on its seed, not on its prompt: one seed for all would give every prompt the same
    luck, and intervals take prompts for independent. So each prompt draws a seed of its own from the one given.
    """

    def generate(
        prompts: Sequence[str],
        n: int,
        *,
        temperature: float,
        top_k: int,
        top_p: float,
        max_new_tokens: int | Sequence[int],
        stop: Sequence[str],
        seed: int,
    ) -> Sequence[Sequence[Completion]]:
        values = {
            "n": n,
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "stop": tuple(stop),
        }
        limits = [max_new_tokens] * len(prompts) if isinstance(max_new_tokens, int) else max_new_tokens
        params = [
            SamplingParams.parse(
                {**values, "max_new_tokens": limit, "seed": _seed_of(prompt, seed)}, "sampling"
            )
            for prompt, limit in zip(prompts, limits, strict=True)
        ]
        return generator.generate(prompts, params)

    return generate


def model(loaded: Loaded) -> Model:
    """A checkpoint as evaluations see it.

    Raises:
        UserError: its config can't be read by this version.
    """
    tokenizer = CodeTokenizer.from_json(loaded.meta.tokenizer_json)
    config = saved_scoring_config(loaded.meta.config)
    generator = Generator(config.model, loaded.params, tokenizer, config.compute_dtype)
    mesh = all_devices()
    backend = backend_of(config, mesh)
    score = compile_score_step(config, mesh)
    by_batch = split_over_batch(mesh)
    statistics = jax.jit(
        partial(token_statistics, config.model, backend),
        in_shardings=(replicated(mesh), by_batch),
        out_shardings=by_batch,
    )
    return Model(
        generate=generate_with(generator),
        score=lambda windows: score(loaded.params, windows),
        statistics=lambda windows: cast(
            Mapping[str, Any], jax.device_get(statistics(loaded.params, put_batch(mesh, windows)))
        ),
        next_token=lambda text: np.exp(next_token_logprobs(generator.text_model, text).astype(np.float64)),
        codec=tokenizer,
        byte_lengths=tokenizer.byte_lengths(),
        context_length=config.model.max_seq_length,
        label_smoothing=config.label_smoothing,
        band=loaded.meta.human_band,
        identity={
            "step": loaded.step,
            "decontaminated": list(loaded.meta.decontaminated),
            "trained_on": loaded.meta.data_fingerprint,
            "config_sha256": digest(loaded.meta.config),
            "weights_sha256": _weights_digest(loaded.params),
            "tokenizer_sha256": digest(loaded.meta.tokenizer_json),
            "human_band_sha256": digest(loaded.meta.human_band),
            "compute_dtype": jnp.dtype(backend.dtype).name,
            "attention": backend.attention,
            "label_smoothing": config.label_smoothing,
        },
    )


def token_statistics(
    config: ModelConfig, backend: Backend, params: Any, windows_BT: Array
) -> dict[str, Array]:
    """What the model believes at every target, dropout off: `top1_prob`, `entropy` (nats), `top1_correct`, `[B, T]`."""
    model = Transformer(config, backend)
    logits_BTV = cast(Array, model.apply({"params": params}, windows_BT[:, :-1], deterministic=True))
    log_probs_BTV = jax.nn.log_softmax(logits_BTV.astype(jnp.float32))
    return {
        "top1_prob": jnp.exp(log_probs_BTV.max(axis=-1)),
        "entropy": -(jnp.exp(log_probs_BTV) * log_probs_BTV).sum(axis=-1),
        "top1_correct": log_probs_BTV.argmax(axis=-1) == windows_BT[:, 1:],
    }


def find_corpus(
    loaded: Loaded, model: Model, directory: str | None, max_tokens: int | None
) -> tuple[Corpus | None, str]:
    """The data to evaluate on, and a line about it: what was asked for, or the training data if it is there.

    Raises:
        UserError: what was asked for is not there or was made with another tokenizer.
    """
    chosen = directory or loaded.meta.prepared_dir
    if chosen is None:
        return None, "no held-out data: --data=DIR or --text=FILE names some"
    if directory is None and not Path(chosen).is_dir():
        return None, "its prepared data is not here"
    prepared = load_prepared(chosen)
    if directory is None and prepared.fingerprint != loaded.meta.data_fingerprint:
        return None, f"{chosen} is not the data it was trained on"
    if prepared.tokenizer.to_json() != loaded.meta.tokenizer_json:
        raise UserError(
            f"--data={directory}: made with another tokenizer than this model's; prepare it with that one"
        )
    same = prepared.fingerprint == loaded.meta.data_fingerprint
    return _corpus(
        prepared, model, max_tokens
    ), f"data: {chosen}{'' if same else ', NOT what it was trained on'}"


def text_corpus(loaded: Loaded, model: Model, path: str, max_tokens: int | None) -> tuple[Corpus, str]:
    """A text of the user's own as held-out data, and a line about it.

    Raises:
        UserError: the file can't be read, is not UTF-8 or holds no text.
    """
    tokenizer = CodeTokenizer.from_json(loaded.meta.tokenizer_json)
    tokens = encode_file(path, "--text", tokenizer)
    corpus = Corpus(
        held_out={"text": _held_out(tokens, model, max_tokens)},
        train_ids=None,
        endoftext_id=tokenizer.endoftext_id,
        train_files=(),
        identity={"text_tokens_sha256": tokens.header.sha256, "max_tokens": max_tokens},
    )
    return corpus, f"held-out text: {path}"


def held_out(run: str | Path, prepared: PreparedData, max_tokens: int) -> dict[str, Any]:
    """The held-out suite of a run's best checkpoint on the data it was trained on, written among its results."""
    loaded = load_checkpoint(run)
    its_model = model(loaded)
    corpus = _corpus(prepared, its_model, max_tokens)
    settings = choose_settings(["heldout"], seed=0)
    files = ResultFiles(results_directory(str(run), loaded.step, None))
    with console_report() as report:
        evaluation = Evaluation(
            its_model, corpus, settings, files, lambda _: [], lambda *done: report(Advance(*done))
        )
        return evaluation.run("heldout")


def results_directory(checkpoint: str, step: int, chosen: str | None) -> Path:
    """Where results go: what was chosen, or `evals/step_N` beside the run's checkpoints.

    Raises:
        UserError: nothing was chosen for an exported directory, which holds what its record describes and no more.
    """
    if chosen is not None:
        return Path(chosen)
    if is_export(Path(checkpoint)):
        raise UserError(f"--checkpoint={checkpoint}: an export keeps no results; add --out=DIRECTORY")
    return run_directory(checkpoint) / "evals" / f"step_{step}"


def decontamination(loaded: Loaded) -> str:
    """Whether benchmarks were kept out of the training data, as the checkpoint's config says."""
    benchmarks = loaded.meta.decontaminated
    if not benchmarks:
        return "its corpus was NOT decontaminated: benchmark problems may be in it"
    return f"its corpus was decontaminated against {', '.join(Path(path).name for path in benchmarks)}"


def _corpus(prepared: PreparedData, model: Model, max_tokens: int | None) -> Corpus:
    names = [name for name in ("val", "test") if name in prepared.manifest["splits"]]
    train = [file["source"] for file in prepared.manifest.get("files", ()) if file["split"] == "train"]
    return Corpus(
        held_out={name: _held_out(getattr(prepared, name), model, max_tokens) for name in names},
        train_ids=prepared.train.ids,
        endoftext_id=prepared.tokenizer.endoftext_id,
        # Ready text files have no names for their documents.
        train_files=train or [f"document {i}" for i in range(prepared.train.header.documents)],
        identity={"data_fingerprint": prepared.fingerprint, "max_tokens": max_tokens},
    )


def _held_out(tokens: TokenFile, model: Model, max_tokens: int | None) -> HeldOut:
    length, batch_size = model.context_length, _batch_size(model.context_length, model.codec.vocab_size)
    available = len(tokens.ids) - 1
    targets = available if max_tokens is None else min(available, max_tokens)
    documents, taken = [], 0
    for document in tokens.documents():
        if taken >= targets:
            break
        documents.append(document[: targets - taken].tolist())
        taken += len(document) + 1
    return HeldOut(
        batches=lambda: eval_batches(tokens, batch_size=batch_size, seq_length=length, max_tokens=max_tokens),
        batch_count=-(-targets // (batch_size * length)),
        documents=documents,
    )


def _batch_size(length: int, vocab_size: int) -> int:
    """Windows scored at once: what fits this machine, whatever the model was trained on."""
    return max(1, _SCORED_LOGITS // (length * vocab_size)) * jax.device_count()


def _seed_of(prompt: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{prompt}".encode()).digest()[:4], "little")


def _weights_digest(params: Any) -> str:
    weights = hashlib.sha256()
    for leaf in jax.tree.leaves(params):
        weights.update(np.ascontiguousarray(leaf).tobytes())
    return weights.hexdigest()
