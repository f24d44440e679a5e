"""The PyTorch side of the decoding benchmark: a hand-written loop with a static cache, and transformers' `generate`.

PyTorch is imported here only, and this module only where it is asked for (the `peers` extra).
"""

import importlib.util
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from codelm_jax.benchmarks.decode import Contender
from codelm_jax.errors import UserError
from codelm_jax.interop.gpt_neox import to_gpt_neox
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import NORM_EPSILON
from codelm_jax.ops.rotary import ROPE_BASE

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
    return {
        STATIC_CACHE: static_cache_loop(config, params, dtype),
        TRANSFORMERS: transformers_generate(config, params, dtype),
    }


def static_cache_loop(config: ModelConfig, params: Mapping[str, Any], dtype: str) -> Contender:
    """A PyTorch loop as one would write it for speed: preallocated cache, fused attention, no Python per head."""
    import torch
    from torch.nn import functional

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch_dtype = getattr(torch, dtype)
    heads, head_dim = config.num_heads, config.head_dim

    def tensor(array: Any) -> torch.Tensor:
        return torch.from_numpy(np.array(array, np.float32)).to(device, torch_dtype).contiguous()

    def linear(kernel: Any, outputs: int) -> torch.Tensor:
        return tensor(np.asarray(kernel, np.float32).reshape(-1, outputs).T)

    def norm(scale_and_bias: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        return tensor(scale_and_bias["scale"]), tensor(scale_and_bias["bias"])

    width = config.hidden_dim
    layers = []
    for i in range(config.num_layers):
        layer = params[f"layers_{i}"]
        layers.append(
            (
                norm(layer["attention_norm"]),
                tensor(
                    np.asarray(layer["attention"]["qkv"]["kernel"], np.float32).reshape(width, 3 * width).T
                ),
                linear(layer["attention"]["output"]["kernel"], width),
                norm(layer["ffn_norm"]),
                linear(layer["ffn"]["up"]["kernel"], config.ffn_dim),
                linear(layer["ffn"]["down"]["kernel"], width),
            )
        )
    embedding, head = (
        tensor(params["embedding"]["embedding"]),
        linear(params["head"]["kernel"], config.vocab_size),
    )
    final_norm = norm(params["final_norm"])
    frequencies = ROPE_BASE ** (-torch.arange(0, head_dim, 2, device=device).float() / head_dim)
    angles = torch.arange(config.max_seq_length, device=device).float()[:, None] * frequencies
    cos, sin = (torch.cat([f(angles)] * 2, -1).to(torch_dtype) for f in (torch.cos, torch.sin))

    def rotate(x: torch.Tensor, start: int, stop: int) -> torch.Tensor:
        first, second = x.chunk(2, -1)
        return x * cos[start:stop] + torch.cat([-second, first], -1) * sin[start:stop]

    def forward(
        tokens: torch.Tensor, start: int, cache: list[tuple[torch.Tensor, torch.Tensor]]
    ) -> torch.Tensor:
        batch, count = tokens.shape
        stop = start + count
        x = functional.embedding(tokens, embedding)
        for (norm1, qkv, output, norm2, up, down), (keys, values) in zip(layers, cache, strict=True):
            y = functional.linear(functional.layer_norm(x, (width,), *norm1, NORM_EPSILON), qkv)
            q, k, v = y.view(batch, count, 3, heads, head_dim).permute(2, 0, 3, 1, 4)
            keys[:, :, start:stop] = rotate(k, start, stop)
            values[:, :, start:stop] = v
            y = functional.scaled_dot_product_attention(
                rotate(q, start, stop), keys[:, :, :stop], values[:, :, :stop], is_causal=count > 1
            )
            x = x + functional.linear(y.transpose(1, 2).reshape(batch, count, width), output)
            y = functional.linear(functional.layer_norm(x, (width,), *norm2, NORM_EPSILON), up)
            x = x + functional.linear(functional.gelu(y), down)
        last = functional.layer_norm(x[:, -1], (width,), *final_norm, NORM_EPSILON)
        return functional.linear(last, head).argmax(-1)

    @torch.inference_mode()
    def run(prompts: np.ndarray, new_tokens: int) -> np.ndarray:
        batch, length = prompts.shape
        shape = (batch, heads, length + new_tokens, head_dim)
        cache = [
            tuple(torch.zeros(shape, device=device, dtype=torch_dtype) for _ in range(2)) for _ in layers
        ]
        tokens = torch.from_numpy(prompts.astype(np.int64)).to(device)
        produced = []
        start = 0
        for _ in range(new_tokens):
            token = forward(tokens, start, cache)
            produced.append(token)
            start += tokens.shape[1]
            tokens = token[:, None]
        return torch.stack(produced, 1).cpu().numpy()

    return run


def transformers_generate(config: ModelConfig, params: Mapping[str, Any], dtype: str) -> Contender:
    """`generate` of transformers on the exported GPT-NeoX, with its own key-value cache."""
    import torch
    import transformers
    from safetensors.numpy import save_file

    hf_config, weights = to_gpt_neox(config, params)
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
