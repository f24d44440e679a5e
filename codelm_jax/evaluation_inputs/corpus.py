"""Prepared data, or a text of the user's own, as evaluations take them."""

import dataclasses
from pathlib import Path

import jax

from codelm_jax.checkpoint.load import Loaded
from codelm_jax.data.batches import eval_batches
from codelm_jax.data.known_tasks import read_known_tasks
from codelm_jax.data.prepared import PreparedData, load_prepared
from codelm_jax.data.text_files import encode_file
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.data.tokens import TokenFile
from codelm_jax.errors import UserError
from codelm_jax.evals.interfaces import EvaluatedModel, EvaluationData, HeldOutSet

# Logits that scoring holds at once on one device, in numbers: 128 MiB in float32.
_SCORED_LOGITS = 2**25


def find_data(
    loaded: Loaded, model: EvaluatedModel, directory: str | None, max_tokens: int | None
) -> tuple[EvaluationData | None, str]:
    """The data to evaluate on, and a line about it: `directory`, or the training data if it is there and unchanged.

    Raises:
        UserError: `directory` holds no prepared data, or was prepared with another tokenizer.
    """
    chosen = directory or loaded.meta.prepared_dir
    if chosen is None:
        return None, "no held-out data: --data=DIR or --text=FILE names some"
    if directory is None and not Path(chosen).is_dir():
        return None, "its prepared data is not here"
    prepared = load_prepared(chosen)
    same = prepared.fingerprint == loaded.meta.data_fingerprint
    if directory is None and not same:
        return None, f"{chosen} is not the data it was trained on"
    if prepared.tokenizer.to_json() != loaded.meta.tokenizer_json:
        raise UserError(
            f"--data={directory}: made with another tokenizer than this model's; prepare it with that one"
        )
    note = f"data: {chosen}{'' if same else ', NOT what it was trained on'}"
    data = prepared_data(prepared, model, max_tokens)
    if not same or loaded.meta.began_from:
        # It learned from other functions too, which nobody searched.
        data = dataclasses.replace(data, is_known={})
    return data, note


def text_data(
    loaded: Loaded, model: EvaluatedModel, path: str, max_tokens: int | None
) -> tuple[EvaluationData, str]:
    """A text of the user's own as held-out data, and a line about it.

    Raises:
        UserError: the file can't be read, is not UTF-8 or holds no text.
    """
    tokenizer = CodeTokenizer.from_json(loaded.meta.tokenizer_json)
    tokens = encode_file(path, "--text", tokenizer)
    data = EvaluationData(
        held_out={"text": _held_out(tokens, model, max_tokens)},
        train_ids=None,
        endoftext_id=tokenizer.endoftext_id,
        train_files=(),
        identity={"text_tokens_sha256": tokens.header.sha256, "max_tokens": max_tokens},
    )
    return data, f"held-out text: {path}"


def prepared_data(prepared: PreparedData, model: EvaluatedModel, max_tokens: int | None) -> EvaluationData:
    """Prepared data, of each held-out set at most the first `max_tokens`.

    Raises:
        UserError: its list of known tasks is damaged.
    """
    names = [name for name in ("val", "test") if name in prepared.manifest["splits"]]
    search = read_known_tasks(prepared.directory, prepared.fingerprint)
    train = [file["source"] for file in prepared.manifest.get("files", ()) if file["split"] == "train"]
    return EvaluationData(
        held_out={name: _held_out(getattr(prepared, name), model, max_tokens) for name in names},
        train_ids=prepared.train.ids,
        endoftext_id=prepared.tokenizer.endoftext_id,
        # Ready text files have no names for their documents.
        train_files=train or [f"document {i}" for i in range(prepared.train.header.documents)],
        identity={"data_fingerprint": prepared.fingerprint, "max_tokens": max_tokens},
        is_known={task: task in search.known for task in search.searched} if search else {},
    )


def _held_out(tokens: TokenFile, model: EvaluatedModel, max_tokens: int | None) -> HeldOutSet:
    length = model.context_length
    # As many windows at once as fit this machine, whatever the model was trained on.
    batch_size = max(1, _SCORED_LOGITS // (length * model.codec.vocab_size)) * jax.device_count()
    available = len(tokens.ids) - 1
    targets = available if max_tokens is None else min(available, max_tokens)
    documents, taken = [], 0
    for document in tokens.documents():
        if taken >= targets:
            break
        documents.append(document[: targets - taken].tolist())
        taken += len(document) + 1
    return HeldOutSet(
        batches=lambda: eval_batches(tokens, batch_size=batch_size, seq_length=length, max_tokens=max_tokens),
        batch_count=-(-targets // (batch_size * length)),
        documents=documents,
    )
