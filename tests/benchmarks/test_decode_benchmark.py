import dataclasses
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from codelm_jax.benchmarks import decode, torch_decode
from codelm_jax.errors import UserError
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import init_params

CONFIG = ModelConfig(
    arch_type="transformer",
    num_layers=1,
    hidden_dim=32,
    num_heads=2,
    ffn_multiplier=2.0,
    normalization="layernorm",
    activation="gelu",
    position_encoding="rope",
    attention_dropout=0.0,
    residual_dropout=0.0,
    vocab_size=300,
    max_seq_length=32,
    init="normal",
)


def compare(with_peers=False, **changes) -> list[decode.Timing]:
    params = jax.tree.map(
        lambda leaf: leaf * 8.0 if leaf.ndim > 1 else leaf, init_params(CONFIG, jax.random.key(0))
    )
    settings = {
        "batch_sizes": [1, 3],
        "prompt_tokens": 8,
        "new_tokens": 12,
        "rounds": 1,
        "with_naive": True,
        "peers": torch_decode.peers(CONFIG, params, "float32") if with_peers else {},
    }
    return decode.compare(CONFIG, params, "float32", **(settings | changes))


def test_all_contenders_write_the_same_tokens():
    timings = compare()
    assert [(t.contender, t.batch) for t in timings] == [
        (name, batch) for batch in (1, 3) for name in (decode.OURS, decode.SAMPLED, decode.NAIVE)
    ]
    assert all(t.agreement == 1.0 for t in timings if t.contender != decode.SAMPLED)
    assert all(t.ms_spread[0] <= t.ms_per_token <= t.ms_spread[1] for t in timings)
    assert all(t.ms_per_token > 0 and t.prefill_ms > 0 for t in timings if t.contender == decode.NAIVE)


def test_ratios_are_multiples_of_our_time():
    ours = decode.Timing(decode.OURS, 8, 10.0, 2.0, (1.9, 2.1), 4000.0, 1.0)
    other = dataclasses.replace(ours, contender="other", ms_per_token=5.0)
    _, first, second = decode.table([ours, other]).splitlines()
    assert " 1.00 " in first
    assert " 2.50 " in second


def test_what_exceeds_the_context_is_refused():
    with pytest.raises(UserError, match="--new_tokens=25"):
        compare(new_tokens=25)


@pytest.mark.peers
def test_peers_write_the_same_tokens():
    timings = compare(with_peers=True)
    assert len(timings) == 10
    assert all(t.agreement == 1.0 for t in timings if t.contender != decode.SAMPLED)


def test_a_place_for_the_figures_that_is_not_there_is_told_before_anything_is_measured(tmp_path):
    script = Path(__file__).parents[2] / "scripts" / "benchmark.py"
    place = tmp_path / "none" / "x.json"
    command = [sys.executable, str(script), "decode", "--config=tiny", "--nopeers", f"--json={place}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: --json={place}: there is no directory")
