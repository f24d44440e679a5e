"""The model: a causal, pre-norm, decoder-only transformer.

Axes: B batch, T position, D hidden_dim, H heads, K head_dim, F feed-forward, V vocabulary.
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from codelm_jax.model.config import ModelConfig
from codelm_jax.model.kv_cache import KVCache, LayerCache
from codelm_jax.model.projection import Projection
from codelm_jax.ops.attention import cached_attention, causal_attention
from codelm_jax.ops.backend import Backend
from codelm_jax.ops.dropout import LayerSeeds, dropout, layer_seeds
from codelm_jax.ops.matmul import unstack3
from codelm_jax.ops.rotary import apply_rope

INIT_STDDEV = 0.02
NORM_EPSILON = 1e-5


class Attention(nn.Module):
    """Multi-head self-attention; a position attends to itself and to those before it."""

    config: ModelConfig
    backend: Backend

    @nn.compact
    def __call__(
        self, x_BTD: Array, positions_BT: Array, dropout_seed: Array | None, cache: LayerCache | None
    ) -> tuple[Array, LayerCache | None]:
        """Returns B T D, and the cache with the keys and values of these positions."""
        c = self.config
        heads = (c.num_heads, c.head_dim)
        qkv_BT3HK = Projection((c.hidden_dim,), (3, *heads), self.backend, _normal(), name="qkv")(x_BTD)
        q_BTHK, k_BTHK, v_BTHK = unstack3(qkv_BT3HK)
        if c.position_encoding == "rope":
            q_BTHK, k_BTHK = apply_rope(q_BTHK, positions_BT), apply_rope(k_BTHK, positions_BT)
        if cache is None:
            out_BTHK = causal_attention(
                q_BTHK,
                k_BTHK,
                v_BTHK,
                dropout_rate=c.attention_dropout,
                dropout_seed=dropout_seed,
                backend=self.backend,
            )
        else:
            cache = cache.write(k_BTHK, v_BTHK, positions_BT)
            out_BTHK = cached_attention(q_BTHK, cache.k_NSK, cache.v_NSK, positions_BT)
        out_BTD = Projection(heads, (c.hidden_dim,), self.backend, _residual(c), name="output")(out_BTHK)
        return out_BTD, cache


class FeedForward(nn.Module):
    """Two matrices around an activation, or three with a gate (Shazeer 2020)."""

    config: ModelConfig
    backend: Backend

    @nn.compact
    def __call__(self, x_BTD: Array, dropout_seed: Array | None) -> Array:
        """Returns B T D."""
        c = self.config

        def dense(inputs: int, outputs: int, init: nn.initializers.Initializer, name: str) -> Projection:
            return Projection((inputs,), (outputs,), self.backend, init, name=name)

        activate = _ACTIVATIONS[c.activation]
        hidden_BTF = dense(c.hidden_dim, c.ffn_dim, _normal(), "up")(x_BTD)
        if c.is_gated:
            hidden_BTF = hidden_BTF * activate(dense(c.hidden_dim, c.ffn_dim, _normal(), "gate")(x_BTD))
        else:
            hidden_BTF = activate(hidden_BTF)
        hidden_BTF = dropout(hidden_BTF, dropout_seed, c.residual_dropout)
        return dense(c.ffn_dim, c.hidden_dim, _residual(c), "down")(hidden_BTF)


class Block(nn.Module):
    """One layer: attention, then feed-forward, each on normalised input and added to the residual stream."""

    config: ModelConfig
    backend: Backend

    @nn.compact
    def __call__(
        self, x_BTD: Array, positions_BT: Array, seeds: LayerSeeds, cache: LayerCache | None = None
    ) -> tuple[Array, LayerCache | None]:
        """Returns the residual stream after this layer, and the layer's cache."""
        c = self.config
        attention = Attention(c, self.backend, name="attention")
        ffn = FeedForward(c, self.backend, name="ffn")
        normed_BTD = _norm(c, self.backend, "attention_norm")(x_BTD)
        branch_BTD, cache = attention(normed_BTD, positions_BT, seeds.attention, cache)
        x_BTD = x_BTD + dropout(branch_BTD, seeds.attention_branch, c.residual_dropout)
        branch_BTD = ffn(_norm(c, self.backend, "ffn_norm")(x_BTD), seeds.ffn)
        return x_BTD + dropout(branch_BTD, seeds.ffn_branch, c.residual_dropout), cache


class Transformer(nn.Module):
    """Token ids in, next-token logits out."""

    config: ModelConfig
    backend: Backend = Backend()

    def setup(self) -> None:
        """Names every part of the parameter tree."""
        c = self.config
        # Rows are gathered in float32 and cast afterwards, so that their gradients are added up in float32.
        self.embedding = nn.Embed(c.vocab_size, c.hidden_dim, embedding_init=_normal(), dtype=jnp.float32)
        if c.position_encoding == "learned":
            self.positions = nn.Embed(
                c.max_seq_length, c.hidden_dim, embedding_init=_normal(), dtype=jnp.float32
            )
        self.layers = [Block(c, self.backend) for _ in range(c.num_layers)]
        self.final_norm = _norm(c, self.backend, None)
        self.head = nn.Dense(c.vocab_size, use_bias=False, dtype=self.backend.dtype, kernel_init=_normal())

    def __call__(self, tokens_BT: Array, *, deterministic: bool, dropout_key: Array | None = None) -> Array:
        """Logits of every position, `[B, T, V]` in the compute type.

        Args:
            tokens_BT: integer ids; T at most `max_seq_length` where positions are learned.
            deterministic: True turns dropout off.
            dropout_key: PRNG key, needed unless `deterministic`; the same key gives the same masks.

        Raises:
            ValueError: the sequence is too long, or there is no key.
        """
        return self.head(self.hidden_states(tokens_BT, deterministic=deterministic, dropout_key=dropout_key))

    def hidden_states(
        self, tokens_BT: Array, *, deterministic: bool, dropout_key: Array | None = None
    ) -> Array:
        """The input of the head, `[B, T, D]` in the compute type; arguments and errors as for `__call__`."""
        c, length = self.config, tokens_BT.shape[1]
        if not deterministic and dropout_key is None:
            raise ValueError("dropout needs a dropout_key; pass one, or deterministic=True")
        if c.position_encoding == "learned" and length > c.max_seq_length:
            raise ValueError(f"{length} tokens are more than max_seq_length = {c.max_seq_length}")
        positions_BT = jnp.arange(length)[None, :]
        x_BTD = self.embed(tokens_BT, positions_BT)
        all_seeds = layer_seeds(None if deterministic else dropout_key, c.num_layers)
        for block, seeds in zip(self.layers, all_seeds, strict=True):
            x_BTD, _ = block(x_BTD, positions_BT, seeds)
        return self.final_norm(x_BTD)

    def extend(self, tokens_BT: Array, positions_BT: Array, cache: KVCache) -> tuple[Array, KVCache]:
        """Runs further tokens of sequences whose past is in the cache: a prefill, or one step of decoding.

        Args:
            tokens_BT: integer ids; rows may be right-padded, real positions never see the padding.
            positions_BT: int32, the position of each token in its row.
            cache: positions beyond its length are dropped.

        Returns:
            The residual stream `[B, T, D]`, the input of `unembed`, and the new cache.
        """
        x_BTD = self.embed(tokens_BT, positions_BT)
        layers = []
        for block, seeds, layer in zip(
            self.layers, layer_seeds(None, len(self.layers)), cache.layers, strict=True
        ):
            x_BTD, layer = block(x_BTD, positions_BT, seeds, layer)
            layers.append(layer)
        return x_BTD, KVCache(tuple(layers))

    def embed(self, tokens_BT: Array, positions_BT: Array) -> Array:
        """The start of the residual stream, `[B, T, D]`."""
        x_BTD = self.embedding(tokens_BT.astype(jnp.int32))
        if self.config.position_encoding == "learned":
            x_BTD = x_BTD + self.positions(positions_BT)
        return x_BTD.astype(self.backend.dtype)

    def unembed(self, x_BTD: Array) -> Array:
        """Logits of the residual stream: final normalisation, then the head, which is not tied to the embedding."""
        return self.head(self.final_norm(x_BTD))


def init_params(config: ModelConfig, key: Array) -> dict:
    """Fresh float32 parameters; the tree is the same for every backend."""
    tokens_BT = jnp.zeros((1, 2), jnp.int32)
    return dict(Transformer(config).init(key, tokens_BT, deterministic=True)["params"])


def count_params(config: ModelConfig) -> int:
    """Number of parameters, without making any."""
    shapes = jax.eval_shape(lambda: init_params(config, jax.random.key(0)))
    return sum(leaf.size for leaf in jax.tree.leaves(shapes))


def _exact_gelu(x: Array) -> Array:
    return jax.nn.gelu(x, approximate=False)


_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "gelu": _exact_gelu,
    "geglu": _exact_gelu,
    "silu": jax.nn.silu,
    "swiglu": jax.nn.silu,
}


def _normal() -> nn.initializers.Initializer:
    return nn.initializers.normal(INIT_STDDEV)


def _residual(config: ModelConfig) -> nn.initializers.Initializer:
    # Each layer adds two branches to the residual stream (Radford 2019 scales them down; the reference did not).
    shrink = (2 * config.num_layers) ** -0.5 if config.init == "scaled" else 1.0
    return nn.initializers.normal(INIT_STDDEV * shrink)


def _norm(config: ModelConfig, backend: Backend, name: str | None) -> nn.Module:
    kind = nn.LayerNorm if config.normalization == "layernorm" else nn.RMSNorm
    return kind(epsilon=NORM_EPSILON, dtype=backend.dtype, name=name)
