"""The PyTorch side of the decoding benchmark: a hand-written loop with a static cache, and transformers' `generate`.

PyTorch (the `peers` extra) is imported only when a contender is made.
"""

import importlib.util
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from codelm_jax.benchmarks.decode import Contender
from codelm_jax.errors import UserError
from codelm_jax.interop.gpt_neox import GPT_NEOX
from codelm_jax.model.config import ModelConfig

STATIC_CACHE = "PyTorch, static cache"
TRANSFORMERS = "transformers generate"


def peers(config: ModelConfig, params: Mapping[str, Any], dtype: str) -> dict[str, Contender]:
    """Both PyTorch contenders, on a CUDA device where there is one.

    Raises:
        UserError: PyTorch or transformers is not installed.
    """
    for package in ("torch", "transformers"):
        if importlib.util.find_spec(package) is None:
            raise UserError(
                f'--peers: {package} is not installed: pip install -e ".[peers]", or pass --nopeers'
            )
    from codelm_jax.benchmarks.torch_static_cache import StaticCacheLoop

    return {
        STATIC_CACHE: StaticCacheLoop(config, params, dtype),
        TRANSFORMERS: transformers_generate(config, params, dtype),
    }


def transformers_generate(config: ModelConfig, params: Mapping[str, Any], dtype: str) -> Contender:
    """`generate` of transformers on the exported GPT-NeoX, with its own key-value cache."""
    import torch
    import transformers
    from safetensors.numpy import save_file

    hf_config, weights = GPT_NEOX.write(config, params)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        transformers.GPTNeoXConfig(**hf_config).save_pretrained(path)
        save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
        model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=getattr(torch, dtype)).eval()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device)

    @torch.inference_mode()
    def run(prompts: np.ndarray, new_tokens: int) -> np.ndarray:
        tokens = torch.from_numpy(prompts.astype(np.int64)).to(device)
        output = model.generate(
            tokens,
            attention_mask=torch.ones_like(tokens),
            do_sample=False,
            min_new_tokens=new_tokens,
            max_new_tokens=new_tokens,
            eos_token_id=None,
            pad_token_id=0,
        )
        return output[:, prompts.shape[1] :].cpu().numpy()

    return run
