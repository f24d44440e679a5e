"""Results of the training benchmark as text: the arithmetic of MFU, and one line per contender."""

from collections.abc import Mapping, Sequence
from typing import Any

from codelm_jax.benchmarks.variants import VARIANTS
from codelm_jax.training.config import TrainConfig

_HEAD = (
    f"{'batch':>5}  {'':34}{'tokens/s':>11}{'step':>11}{'least':>9}{'most':>9}{'MFU':>7}{'x ours':>8}"
    f"{'(spread)':>14}{'compile':>9}{'memory':>9}"
)
_FOOT = (
    "spread: least to most; compile <: all until the first step was taken; memory: ours as planned for one device, "
    "PyTorch's as held, by tensors on a GPU, by the process on a CPU"
)


def formula(config: TrainConfig) -> str:
    """FLOP per token as MFU counts them, term by term."""
    model = config.model
    length = model.max_seq_length
    flops = model.flops_per_token(length)
    return (
        f"FLOP a token: 6 x {model.matmul_params:,} matrix parameters + 12 x {model.num_layers} layers x {length} tokens"
        f" x {model.hidden_dim} = {flops / 1e6:.1f} MFLOP (attention's whole square; no embedding);"
        " MFU = tokens/s x that / the device's bfloat16 peak"
    )


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """Aligned text; `x ours` is a contender's time as a multiple of ours in the same round. Profiles are left out."""
    lines = [_HEAD]
    for result in results:
        if result["part"] == "profile":
            continue
        name = result["contender"]
        what = VARIANTS[name].what if name in VARIANTS else ""
        label = f"{name}: {what}" if what else name
        if "error" in result:
            lines.append(f"{result['batch']:>5}  {label[:33]:34}failed: {result['error']}")
            continue
        mfu = "" if result["mfu"] is None else f"{result['mfu']:.1%}"
        ratio, spread = "", ""
        if result["times_ours"] is not None:
            ratio = f"{result['times_ours']:.2f}"
            spread = f"{result['times_ours_least']:.2f}-{result['times_ours_most']:.2f}"
        compiled = f"{result['compile_seconds'] or result['preparation_seconds']:.1f} s"
        if result["compile_seconds"] is None:
            compiled = f"< {compiled}"
        memory = "" if result["memory_bytes"] is None else f"{result['memory_bytes'] / 2**20:,.0f} M"
        lines.append(
            f"{result['batch']:>5}  {label[:33]:34}{result['tokens_per_second']:>11,.0f}{result['step_ms']:>8.1f} ms"
            f"{result['step_ms_least']:>9.1f}{result['step_ms_most']:>9.1f}{mfu:>7}{ratio:>8}{spread:>14}"
            f"{compiled:>9}{memory:>9}"
        )
    return "\n".join([*lines, _FOOT])
