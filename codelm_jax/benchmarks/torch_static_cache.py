"""The PyTorch loop of the decoding benchmark: hand-written, with a static cache. Imports PyTorch (the `peers` extra)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch  # pyright: ignore[reportMissingImports]
from torch.nn import functional  # pyright: ignore[reportMissingImports]

from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import NORM_EPSILON
from codelm_jax.ops.rotary import ROPE_BASE


class StaticCacheLoop:
    """A PyTorch loop as one would write it for speed: preallocated cache, fused attention, no Python per head."""

    def __init__(self, config: ModelConfig, params: Mapping[str, Any], dtype: str):
        """Copies the parameters to PyTorch, on a CUDA device where there is one."""
        self._config = config
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._dtype = getattr(torch, dtype)
        width = config.hidden_dim
        self._layers = []
        for i in range(config.num_layers):
            layer = params[f"layers_{i}"]
            self._layers.append(
                (
                    self._norm(layer["attention_norm"]),
                    self._linear(layer["attention"]["qkv"], 3 * width),
                    self._linear(layer["attention"]["output"], width),
                    self._norm(layer["ffn_norm"]),
                    self._linear(layer["ffn"]["up"], config.ffn_dim),
                    self._linear(layer["ffn"]["down"], width),
                )
            )
        self._embedding = self._tensor(params["embedding"]["embedding"])
        self._head = self._linear(params["head"], config.vocab_size)
        self._final_norm = self._norm(params["final_norm"])
        half = torch.arange(0, config.head_dim, 2, device=self._device).float()
        positions = torch.arange(config.max_seq_length, device=self._device).float()
        angles = positions[:, None] * ROPE_BASE ** (-half / config.head_dim)
        self._cos, self._sin = (
            torch.cat([f(angles)] * 2, -1).to(self._dtype) for f in (torch.cos, torch.sin)
        )

    def __call__(self, prompts: np.ndarray, new_tokens: int) -> np.ndarray:
        """See `Contender`."""
        batch, length = prompts.shape
        shape = (batch, self._config.num_heads, length + new_tokens, self._config.head_dim)
        with torch.inference_mode():
            cache = [
                tuple(torch.zeros(shape, device=self._device, dtype=self._dtype) for _ in range(2))
                for _ in self._layers
            ]
            tokens = torch.from_numpy(prompts.astype(np.int64)).to(self._device)
            produced = []
            start = 0
            for _ in range(new_tokens):
                token = self._next_token(tokens, start, cache)
                produced.append(token)
                start += tokens.shape[1]
                tokens = token[:, None]
            return torch.stack(produced, 1).cpu().numpy()

    def _next_token(self, tokens: Any, start: int, cache: Sequence[Any]) -> Any:
        config, width = self._config, self._config.hidden_dim
        batch, count = tokens.shape
        stop = start + count
        x = functional.embedding(tokens, self._embedding)
        for (norm1, qkv, output, norm2, up, down), (keys, values) in zip(self._layers, cache, strict=True):
            y = functional.linear(functional.layer_norm(x, (width,), *norm1, NORM_EPSILON), qkv)
            heads = y.view(batch, count, 3, config.num_heads, config.head_dim)
            q, k, v = heads.permute(2, 0, 3, 1, 4)
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

    def _rotate(self, x: Any, start: int, stop: int) -> Any:
        first, second = x.chunk(2, -1)
        return x * self._cos[start:stop] + torch.cat([-second, first], -1) * self._sin[start:stop]

    def _tensor(self, array: Any) -> Any:
        values = torch.from_numpy(np.array(array, np.float32))
        return values.to(self._device, self._dtype).contiguous()

    def _linear(self, layer: Mapping[str, Any], outputs: int) -> Any:
        return self._tensor(np.asarray(layer["kernel"], np.float32).reshape(-1, outputs).T)

    def _norm(self, layer: Mapping[str, Any]) -> tuple[Any, Any]:
        return self._tensor(layer["scale"]), self._tensor(layer["bias"])
