"""Runs on disk as training and evaluation leave them, made with the evaluations themselves on a toy model."""

import dataclasses
import json
import math
import random

import numpy as np

from codelm_jax.evals import registry
from codelm_jax.evals.interfaces import EvaluatedModel, EvaluationData, HeldOutSet
from codelm_jax.evals.results import ResultFiles
from codelm_jax.evals.runner import SuiteRunner
from codelm_jax.sandbox.verdict import Outcome, Rung, Verdict

ENDOFTEXT = 256
SUITES = (
    "heldout",
    "few_shot",
    "short_prompt",
    "context",
    "token_frequency",
    "confidence",
    "memorisation",
    "mini_benchmark",
)
DATA = "0123abcd"
GOOD = "\n    total = a - b\n    return total\n"
COLLAPSED = "):" * 12
HOSTILE = '\n    x = "</pre><script>alert(1)</script>"\x00 \u202e ![x](http://evil.example/x.png)\n'


class Bytes:
    """A codec of one token a byte, `<|endoftext|>` and `):`."""

    vocab_size = 258

    def encode(self, text):
        ids = list(text.encode())
        return self._joined(ids)

    def _joined(self, ids):
        joined, i = [], 0
        while i < len(ids):
            pair = ids[i : i + 2] == [41, 58]
            joined.append(257 if pair else ids[i])
            i += 2 if pair else 1
        return joined

    def decode(self, ids, skip_special=True):
        return b"".join(self.token_bytes(token) for token in ids).decode(errors="replace")

    def token_bytes(self, token):
        return {ENDOFTEXT: b"", 257: b"):"}.get(token) or (bytes([token]) if token < 256 else b"")


@dataclasses.dataclass(frozen=True)
class Written:
    text: str
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: str


def generate(answers):
    """Answers prompts with `answers`, one after the other."""

    def sampled(prompts, sampling):
        rows = []
        for number, _ in enumerate(prompts):
            texts = [answers[(number + i) % len(answers)] for i in range(sampling.n)]
            rows.append([_written(text, number) for text in texts])
        return rows

    return sampled


def _written(text, seed):
    ids = tuple(Bytes().encode(text))
    draw = random.Random(f"{seed}/{text}")
    sure = text == COLLAPSED
    logprobs = tuple(-0.01 if sure else -5 * draw.random() ** 2 for _ in ids)
    return Written(text, ids, logprobs, "length" if sure else "endoftext")


def model(answers):
    codec = Bytes()

    def next_token(text):
        probabilities = np.full(codec.vocab_size, 0.1 / codec.vocab_size)
        probabilities[10] += 0.9 - 0.8 * math.exp(-len(text) / 200)
        probabilities[257] += 0.8 * math.exp(-len(text) / 200)
        return probabilities

    def statistics(windows):
        sure = (windows[:, 1:] % 10) / 10 + 0.05
        return {"top1_prob": sure, "entropy": 2 - sure, "top1_correct": windows[:, 1:] % 3 == 0}

    return EvaluatedModel(
        generate=generate(answers),
        score=lambda windows: {
            "nll": np.full(windows[:, 1:].shape, 1.25),
            "smoothed_loss": np.full(windows[:, 1:].shape, 1.75),
        },
        statistics=statistics,
        next_token=next_token,
        codec=codec,
        byte_lengths=np.array([len(codec.token_bytes(i)) for i in range(codec.vocab_size)], np.int32),
        context_length=4096,
        label_smoothing=0.1,
        band={},
        identity={"step": 400, "decontaminated": [], "trained_on": DATA},
    )


def corpus():
    text = "def add(a, b):\n    return a + b\n\n\nclass Pile:\n    def push(self, item):\n        self.items.append(item)\n"
    document = Bytes().encode(text)
    held_out = HeldOutSet(
        batches=lambda: [(np.array([document[:97]], np.uint16), np.ones((1, 96), bool))],
        batch_count=1,
        documents=[document],
    )
    return EvaluationData(
        held_out={"val": held_out, "test": held_out},
        train_ids=np.array([ENDOFTEXT, *document] * 3, np.uint16),
        endoftext_id=ENDOFTEXT,
        train_files=["one.py", "two.py", "three.py"],
        identity={},
    )


def judge_all(jobs):
    """Every third program passes."""
    outcomes: tuple[tuple[Outcome, Rung, str], ...] = (
        ("passed", "passes", ""),
        ("wrong answer", "runs", ""),
        ("runtime error", "defines", "NameError"),
    )
    return [
        Verdict(outcome, rung, exception, 3, 0.01, ("namespaces",))
        for outcome, rung, exception in (outcomes[i % 3] for i in range(len(jobs)))
    ]


def evaluate(directory, step, answers, suites=SUITES, **sampling):
    """Writes the suites' results for one step of a run."""
    chosen = registry.named(suites)
    choices = registry.choose(chosen, seed=0, sampling={"n": 3} | sampling)
    files = ResultFiles(directory / "evals" / f"step_{step}")
    runner = SuiteRunner(model(answers), corpus(), choices, files, judge_all, lambda *done: None)
    return {suite.name: runner.run(suite) for suite in chosen}


def train(directory, *, prepared_dir, smoothing=0.1, device="TPU v7"):
    """Writes what a training writes, of 400 steps."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = []
    for step in range(20, 401, 20):
        line = {
            "step": step,
            "train/loss": 8 - step / 100,
            "train/nll": 7.5 - step / 100,
            "train/grad_norm": 1 + 50 / step,
            "train/learning_rate": 1e-3,
            "train/tokens_per_second": 6543.21,
        }
        if step % 100 == 0:
            line |= {
                "val/nll": 7.75 - step / 100,
                "val/bits_per_byte": 4.125 - step / 200,
                "val/smoothed_loss": 8.25 - step / 100,
                "val/smoothed_loss_floor": 1.2237 if smoothing else 0.0,
                "monitor/few_shot_collapsed": 100 / (step + 100),
                "monitor/short_prompt_collapsed": 200 / (step + 150),
                "monitor/few_shot_collapsed_low": 50 / (step + 100),
                "monitor/few_shot_collapsed_high": 110 / (step + 100),
                "monitor/few_shot_collapsed_human": 0.007,
                "monitor/few_shot_seq_rep_4": 0.3 - step / 2000,
                "monitor/few_shot_seq_rep_4_human": 0.06,
                "monitor/few_shot_parses": step / 1000,
                "monitor/few_shot_parses_human": 0.8,
            }
        lines.append(json.dumps(line))
    (directory / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    config = {
        "seed": 0,
        "max_steps": 400,
        "label_smoothing": smoothing,
        "model": {"num_layers": 4, "hidden_dim": 128, "max_seq_length": 256},
        "data": {"source": "python-env", "prepared_dir": str(prepared_dir)},
    }
    (directory / "config.json").write_text(json.dumps(config))
    summary = {
        "step": 400,
        "max_steps": 400,
        "stopped_by": None,
        "best_step": 400,
        "tokens_seen": 819_200,
        "num_params": 123_456,
        "device_kind": device,
        "device_count": 4,
        "first_step_seconds": 12.0,
        "step_seconds": 125.2,
        "eval_seconds": 6.0,
        "save_seconds": 2.0,
        "tokens_per_second": 6543.21,
    }
    (directory / "summary.json").write_text(json.dumps(summary))


def prepare(directory):
    """Writes the manifest of prepared data."""
    directory.mkdir(parents=True, exist_ok=True)
    files = [
        {"source": "a/one.py", "package": "alpha", "version": "1.2", "licence": "MIT", "bytes": 700_000, "split": "train"},
        {"source": "a/two.py", "package": "alpha", "version": "1.2", "licence": "MIT", "bytes": 300_000, "split": "train"},
        {"source": "b.py", "package": "beta", "version": "", "licence": "BSD-3-Clause", "bytes": 250_000, "split": "train"},
        {"source": "c.py", "package": "gamma", "version": "0", "licence": "GPL-3.0-only", "bytes": 9, "split": "test"},
    ]  # fmt: skip
    manifest = {
        "fingerprint": DATA,
        "splits": {
            "train": {"documents": 3, "bytes": 1_250_000, "tokens": 400_000},
            "val": {"documents": 1, "bytes": 60_000, "tokens": 20_000},
            "test": {"documents": 1, "bytes": 9, "tokens": 3},
        },
        "skipped": {"near duplicate": 17},
        "decontamination": {"benchmarks": [], "dropped_files": 0},
        "files": files,
    }
    (directory / "manifest.json").write_text(json.dumps(manifest))


def whole_run(root, name, answers=(GOOD, COLLAPSED, HOSTILE)):
    """A run with everything."""
    prepare(root / "data")
    train(root / name, prepared_dir=root / "data")
    evaluate(root / name, 200, [COLLAPSED], ("few_shot",))
    evaluate(root / name, 400, list(answers))
    return root / name
