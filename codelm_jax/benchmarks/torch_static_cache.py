"""A PyTorch loop as one would write it for speed: preallocated cache, fused attention, no Python per head."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import NORM_EPSILON
from codelm_jax.ops.rotary import ROPE_BASE

# Keys and values of one layer, `[B, H, S, K]`.
LayerTensors = tuple[torch.Tensor, torch.Tensor]


class StaticCacheLoop:
    """Continues prompts greedily; on a CUDA device where there is one."""

    def __init__(self, config: ModelConfig, params: Mapping[str, Any], dtype: str):
        self._config = config
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._dtype = getattr(torch, dtype)
        layers = [params[f"layers_{i}"] for i in range(config.num_layers)]
        self._layers = [self._layer(layer) for layer in layers]
        self._embedding = self._tensor(params["embedding"]["embedding"])
        self._head = self._linear(params["head"], config.vocab_size)
        self._final_norm = self._norm(params["final_norm"])
        head_dim = config.head_dim
        frequencies = ROPE_BASE ** (-torch.arange(0, head_dim, 2, device=self._device).float() / head_dim)
        angles = torch.arange(config.max_seq_length, device=self._device).float()[:, None] * frequencies
        self._cos, self._sin = (
            torch.cat([f(angles)] * 2, -1).to(self._dtype) for f in (torch.cos, torch.sin)
        )

    @torch.inference_mode()
    def __call__(self, prompts: np.ndarray, new_tokens: int) -> np.ndarray:
        """Token ids `[B, P]` to new ones `[B, N]`."""
        config, (batch, length) = self._config, prompts.shape
        shape = (batch, config.num_heads, length + new_tokens, config.head_dim)
        cache = [(self._zeros(shape), self._zeros(shape)) for _ in self._layers]
        tokens = torch.from_numpy(prompts.astype(np.int64)).to(self._device)
        produced, start = [], 0
        for _ in range(new_tokens):
            token = self._next(tokens, start, cache)
            produced.append(token)
            start += tokens.shape[1]
            tokens = token[:, None]
        return torch.stack(produced, 1).cpu().numpy()

    def _next(self, tokens: torch.Tensor, start: int, cache: Sequence[LayerTensors]) -> torch.Tensor:
        width, heads = self._config.hidden_dim, self._config.num_heads
        batch, count = tokens.shape
        stop = start + count
        x = functional.embedding(tokens, self._embedding)
        for (norm1, qkv, output, norm2, up, down), (keys, values) in zip(self._layers, cache, strict=True):
            y = functional.linear(functional.layer_norm(x, (width,), *norm1, NORM_EPSILON), qkv)
            q, k, v = y.view(batch, count, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            keys[:, :, start:stop] = self._rotate(k, start, stop)
            values[:, :, start:stop] = v
            y = functional.scaled_dot_product_attention(
                self._rotate(q, start, stop), keys[:, :, :stop], values[:, :, :stop], is_causal=count > 1
            )
            x = x + functional.linear(y.transpose(1, 2).reshape(batch, count, width), output)
            y = functional.linear(functional.layer_norm(x, (width,), *norm2, NORM_EPSILON), up)
            x = x + functional.linear(functional.gelu(y), down)
        last = functional.layer_norm(x[:, -1], (width,), *self._final_norm, NORM_EPSILON)
        return functional.linear(last, self._head).argmax(-1)

    def _rotate(self, x: torch.Tensor, start: int, stop: int) -> torch.Tensor:
        first, second = x.chunk(2, -1)
        return x * self._cos[start:stop] + torch.cat([-second, first], -1) * self._sin[start:stop]

    def _layer(self, layer: Mapping[str, Any]) -> tuple[Any, ...]:
        width, attention, ffn = self._config.hidden_dim, layer["attention"], layer["ffn"]
        return (
            self._norm(layer["attention_norm"]),
            self._linear(attention["qkv"], 3 * width),
            self._linear(attention["output"], width),
            self._norm(layer["ffn_norm"]),
            self._linear(ffn["up"], self._config.ffn_dim),
            self._linear(ffn["down"], width),
        )

    def _linear(self, parameters: Mapping[str, Any], outputs: int) -> torch.Tensor:
        return self._tensor(np.asarray(parameters["kernel"], np.float32).reshape(-1, outputs).T)

    def _norm(self, parameters: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        return self._tensor(parameters["scale"]), self._tensor(parameters["bias"])

    def _tensor(self, array: Any) -> torch.Tensor:
        return torch.from_numpy(np.array(array, np.float32)).to(self._device, self._dtype).contiguous()

    def _zeros(self, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.zeros(shape, device=self._device, dtype=self._dtype)
