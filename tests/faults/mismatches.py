"""Pairs of settings, data, tokenizer and checkpoint that do not belong together, and what must be said of each.

A home is a directory with `train.txt` and `val.txt`, what was `prepared/` from them, and a `run/` of 6 steps with
checkpoints of steps 3 and 6. Each pair is a change of a copy of one home, by files or by flags.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mismatch:
    """What is changed, and a part of the one line that must refuse it.

    Attributes:
        name: of the pair.
        message: part of the refusal.
        flags: added to the command that made the run.
        change: made to the home beforehand; it is given the home and a second one, of another corpus and other merges.
    """

    name: str
    message: str
    flags: Sequence[str] = ()
    change: Callable[[Path, Path], object] = lambda home, other: None


SETTINGS = {
    "seed": 7,
    "batch_size": 4,
    "max_steps": 7,
    "learning_rate": 1e-3,
    "final_learning_rate": 1e-5,
    "warmup_steps": 1,
    "beta1": 0.8,
    "beta2": 0.98,
    "weight_decay": 0.3,
    "grad_clip": 0.5,
    "label_smoothing": 0.1,
    "compute_dtype": "bfloat16",
    "model.num_layers": 2,
    "model.hidden_dim": 64,
    "model.num_heads": 2,
    "model.ffn_multiplier": 2.0,
    "model.normalization": "rmsnorm",
    "model.activation": "silu",
    "model.position_encoding": "learned",
    "model.attention_dropout": 0.1,
    "model.residual_dropout": 0.1,
    "model.max_seq_length": 64,
    "model.init": "scaled",
}


def _edit(path: Path, offset: int, mask: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= mask
    path.write_bytes(content)


def _edit_json(path: Path, key: str, value: object) -> None:
    content = json.loads(path.read_bytes())
    assert content[key] != value
    path.write_text(json.dumps({**content, key: value}))


def _edit_items(item: str, key: str, value: object) -> Callable[[Path, Path], object]:
    def change(home: Path, other: Path) -> None:
        for step in (3, 6):
            _edit_json(home / "run" / "checkpoints" / str(step) / item / "metadata", key, value)

    return change


def _take(name: str) -> Callable[[Path, Path], object]:
    """Puts a file of the other home in the place of this one's."""
    return lambda home, other: shutil.copy(other / name, home / name)


def _put_run(name: str) -> Callable[[Path, Path], object]:
    """Puts another run's newest checkpoint next to this run's, as a later step."""

    def change(home: Path, other: Path) -> None:
        shutil.copytree(other / name / "checkpoints" / "9", home / "run" / "checkpoints" / "9")

    return change


def _swap(home: Path, other: Path) -> None:
    prepared = home / "prepared"
    (prepared / "train.tokens").rename(prepared / "swap")
    (prepared / "val.tokens").rename(prepared / "train.tokens")
    (prepared / "swap").rename(prepared / "val.tokens")


def _prepared_of_other(home: Path, other: Path) -> None:
    """The other home's corpus, prepared as this one's."""
    for name in ("prepared", "train.txt", "val.txt"):
        target = home / name
        shutil.rmtree(target) if target.is_dir() else target.unlink()
        (shutil.copytree if (other / name).is_dir() else shutil.copy)(other / name, target)
    # Their sources are as they were when that one was prepared.
    manifest = json.loads((home / "prepared" / "manifest.json").read_bytes())
    assert manifest["inputs"].keys() == {"train.txt", "val.txt"}


def _append(path: str, text: str) -> Callable[[Path, Path], object]:
    def change(home: Path, other: Path) -> None:
        with (home / path).open("a") as file:
            file.write(text)

    return change


def _cut(path: str, keep: int) -> Callable[[Path, Path], object]:
    return lambda home, other: (home / path).write_bytes((home / path).read_bytes()[:keep])


NEW = "--workdir=new"  # a new run on this home's prepared data

MISMATCHES = [
    *(Mismatch(f"setting {key}", f"config.{key} is {value!r}", [f"--config.{key}={value}"]) for key, value in SETTINGS.items()),
    Mismatch("other corpus", "its training data is not what the run", change=_prepared_of_other),
    Mismatch("changed text", "train.txt changed since the data was prepared", [NEW], _append("train.txt", "x = 1\n")),
    Mismatch("changed held-out text", "val.txt changed since the data was prepared", [NEW], _append("val.txt", "x = 1\n")),
    Mismatch("other split seed", "config.data.split_seed was 0, is 5", ["--config.data.split_seed=5"]),
    Mismatch("other cap", "config.data.max_bytes was", ["--config.data.max_bytes=1000"]),
    Mismatch("other vocabulary", "config.model.vocab_size was 400, is 500", [NEW, "--config.model.vocab_size=500"]),
    Mismatch("other merges", "do not belong together", change=_take("prepared/tokenizer.json")),
    Mismatch("larger tokenizer", "made with vocab_size 400, asked for 420", change=lambda home, other: shutil.copy(other / "larger.json", home / "prepared" / "tokenizer.json")),
    Mismatch("tokenizer cut", "prepared/tokenizer.json", change=_cut("prepared/tokenizer.json", 2000)),
    Mismatch("other tokens", "do not belong together", change=_take("prepared/train.tokens")),
    Mismatch("other held-out tokens", "do not belong together", change=_take("prepared/val.tokens")),
    Mismatch("train and val swapped", "do not belong together", change=_swap),
    Mismatch("tokens cut", "it was cut or appended to", change=_cut("prepared/train.tokens", 9000)),
    Mismatch("tokens appended to", "it was cut or appended to", change=_append("prepared/train.tokens", "\1\0")),
    Mismatch("a token edited", "contents do not match their sha256", change=lambda home, other: _edit(home / "prepared" / "train.tokens", 5000, 1)),
    Mismatch("a token out of range", "the vocabulary ends at 399", change=lambda home, other: _edit(home / "prepared" / "train.tokens", 5001, 128)),
    Mismatch("header edited", "its header is damaged", change=lambda home, other: _edit(home / "prepared" / "val.tokens", 80, 1)),
    Mismatch("tokens missing", "train.tokens: cannot read the token file", change=lambda home, other: (home / "prepared" / "train.tokens").unlink()),
    Mismatch("manifest edited", "contents do not match their sha256", change=lambda home, other: _edit_json(home / "prepared" / "manifest.json", "fingerprint", "0" * 64)),
    Mismatch("manifest cut", "manifest.json: damaged, not JSON", change=_cut("prepared/manifest.json", 500)),
    Mismatch("human band cut", "human_band.json: damaged, not JSON", change=_cut("prepared/human_band.json", 1)),
    Mismatch("a later step of another seed", "config.seed is 0, but the run in run has 5", change=_put_run("seeded")),
    Mismatch("a later step of another shape", "config.model.num_layers is 1, but the run in run has 2", change=_put_run("deeper")),
    Mismatch("a later step of another corpus", "its training data is not what the run", change=_put_run("other_corpus")),
    Mismatch("config of the checkpoints edited", "no step is sound", change=_edit_items("meta", "config", {})),
    Mismatch("tokenizer of the checkpoints edited", "no step is sound", change=_edit_items("meta", "tokenizer_json", "{}")),
    Mismatch("position in the data edited", "no step is sound", change=_edit_items("data", "next_index", 4)),
    Mismatch("format of the checkpoints", "no step is sound", change=_edit_items("digests", "format", 2)),
    Mismatch("weights from nowhere", "nowhere: no such directory", [NEW, "--init_from=nowhere"]),
    Mismatch("weights from prepared data", "prepared: holds no checkpoint", [NEW, "--init_from=prepared"]),
    Mismatch("weights of another width", "config.model.hidden_dim is 64, but --init_from=run has 32", [NEW, "--init_from=run", "--config.model.hidden_dim=64"]),
    Mismatch("weights of another vocabulary", "config.model.vocab_size is 500, but --init_from=run has 400", [NEW, "--init_from=run", "--config.model.vocab_size=500"]),
    Mismatch("weights of another tokenizer than the data", "config.data.tokenizer_path was", [NEW, "--init_from=run"], _prepared_of_other),
    Mismatch("damaged weights", "run/checkpoints/", [NEW, "--init_from=run", "--config.data.prepared_dir=new_data"], _edit_items("meta", "vocab_size", 1)),
    Mismatch("tokenizer file of another size", "has 420 entries, config.model.vocab_size is 400", [NEW, "--config.data.prepared_dir=new_data", "--config.data.tokenizer_path=larger.json"], lambda home, other: shutil.copy(other / "larger.json", home)),
    Mismatch("tokenizer file that is none", "config.data.tokenizer_path: val.txt", [NEW, "--config.data.prepared_dir=new_data", "--config.data.tokenizer_path=val.txt"]),
]  # fmt: skip
