"""A checkpoint of a model that has learnt nothing, with its tokenizer and its data, for the tests of evaluate.py."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp

from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.config_files import load_config
from codelm_jax.data.prepared import PreparedData
from codelm_jax.model.transformer import init_params
from codelm_jax.preparation.config import parse_data_config
from codelm_jax.preparation.prepare import prepare
from codelm_jax.training.config import TrainConfig, parse_train_config
from codelm_jax.training.resume import run_meta

STEP = 3
FUNCTION = '''
def function_{0}(first_{0}, second):
    """Returns {0} things."""
    if first_{0} > second:
        return [first_{0}, {0}]
    return second + {0}
'''
TEMPLATES = """
[[category]]
name = "functions"
prefix = "def one():\\n    return 1\\n\\n\\n"
prompts = ["def two():", "def three():"]

[context]
prompt = "def foo(n):"
examples = ["def one():\\n    return 1\\n\\n\\n"]

[tasks]
prefix = ""
"""


def raw_config(directory: Path, **changes) -> dict:
    """Strongreg, shrunk; its data is a small text in `directory`."""
    raw = load_config("strongreg").to_dict()
    model = {"num_layers": 1, "hidden_dim": 16, "num_heads": 2, "vocab_size": 320, "max_seq_length": 128}
    data = {
        "source": "text",
        "train_path": str(directory / "train.txt"),
        "val_path": str(directory / "val.txt"),
        "decontaminate": [],
        "prepared_dir": str(directory / "prepared"),
    }
    return json.loads(json.dumps(raw | changes | {"model": raw["model"] | model, "data": raw["data"] | data}))


def prepare_data(directory: Path, raw: dict) -> PreparedData:
    for name, numbers in (("train", range(60)), ("val", range(60, 64))):
        documents = "\n<|endoftext|>\n".join(FUNCTION.format(number) for number in numbers)
        (directory / f"{name}.txt").write_text(documents)
    config = parse_data_config(raw["data"])
    return prepare(config, vocab_size=raw["model"]["vocab_size"], report=lambda event: None)


def params_of(config: TrainConfig, scale: float = 20.0):
    """Fresh parameters, made sharp so that no two tokens are as good as equally probable."""
    return jax.tree.map(lambda leaf: scale * leaf, init_params(config.model, jax.random.key(0)))


def save_run(directory: Path, raw: dict, prepared: PreparedData, params) -> Path:
    run = directory / "run"
    meta = run_meta(
        raw,
        tokenizer_json=prepared.tokenizer.to_json(),
        human_band=prepared.human_band,
        data_fingerprint=prepared.fingerprint,
        decontaminated=raw["data"]["decontaminate"],
        began_from=None,
        attention_path="xla",
    )
    with CheckpointStore(run / "checkpoints") as store:
        store.save(STEP, state={"params": params, "step": jnp.int32(STEP)}, data={}, meta=meta, metrics=None)
        store.wait()
    return run


def parsed(raw: dict) -> TrainConfig:
    return parse_train_config(raw)
