"""The model: a pre-norm decoder-only transformer, causal by construction.

Axes: B batch, T query position, S key position, D hidden_dim, H heads, K head_dim, F feed-forward, V vocabulary,
L layers.
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from codelm_jax.model.config import ModelConfig
from codelm_jax.model.kv_cache import KVCache
from codelm_jax.model.projection import Projection
from codelm_jax.ops.attention import cached_attention, causal_attention
from codelm_jax.ops.backend import Backend
from codelm_jax.ops.dropout import dropout, site_seeds
from codelm_jax.ops.matmul import unstack3
from codelm_jax.ops.rotary import apply_rope, rope_tables

INIT_STDDEV = 0.02
NORM_EPSILON = 1e-5

# Where one layer drops: attention probabilities, attention's residual branch, feed-forward hidden, its residual branch.
SITES_PER_LAYER = 4


class Attention(nn.Module):
    """Multi-head self-attention with one fused projection to queries, keys and values."""

    config: ModelConfig
    backend: Backend
    layer: int

    @nn.compact
    def __call__(
        self,
        x_BTD: Array,
        positions_BT: Array,
        rope: tuple[Array, Array] | None,
        dropout_seed: Array | None,
        cache: KVCache | None,
    ) -> tuple[Array, KVCache | None]:
        """Returns the attended values, projected back to D, and the cache with this layer's keys and values."""
        c = self.config
        heads = (c.num_heads, c.head_dim)
        qkv_BT3HK = Projection((c.hidden_dim,), (3, *heads), self.backend, _normal(), name="qkv")(x_BTD)
        q_BTHK, k_BTHK, v_BTHK = unstack3(qkv_BT3HK)
        if rope is not None:
            q_BTHK, k_BTHK = apply_rope(q_BTHK, rope), apply_rope(k_BTHK, rope)
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
            cache = cache.write(self.layer, k_BTHK, v_BTHK, positions_BT)
            k_NSK = cache.k_NSK[self.layer]
            v_NSK = cache.v_NSK[self.layer]
            out_BTHK = cached_attention(q_BTHK, k_NSK, v_NSK, positions_BT)
        out_BTD = Projection(heads, (c.hidden_dim,), self.backend, _residual_init(c), name="output")(out_BTHK)
        return out_BTD, cache


class FeedForward(nn.Module):
    """Two matrices around an activation, or three with a gate (Shazeer 2020)."""

    config: ModelConfig
    backend: Backend

    @nn.compact
    def __call__(self, x_BTD: Array, dropout_seed: Array | None) -> Array:
        """Returns B T D."""
        c = self.config

        def dense(inputs: int, outputs: int, init: Callable[..., Array], name: str) -> Projection:
            return Projection((inputs,), (outputs,), self.backend, init, name=name)

        hidden_BTF = dense(c.hidden_dim, c.ffn_dim, _normal(), "up")(x_BTD)
        if c.activation in ("swiglu", "geglu"):
            hidden_BTF = hidden_BTF * _activate(c, dense(c.hidden_dim, c.ffn_dim, _normal(), "gate")(x_BTD))
        else:
            hidden_BTF = _activate(c, hidden_BTF)
        if dropout_seed is not None:
            hidden_BTF = dropout(hidden_BTF, dropout_seed, c.residual_dropout)
        return dense(c.ffn_dim, c.hidden_dim, _residual_init(c), "down")(hidden_BTF)


class Block(nn.Module):
    """One layer: attention and feed-forward, each normalised before and added back after."""

    config: ModelConfig
    backend: Backend
    layer: int

    @nn.compact
    def __call__(
        self,
        x_BTD: Array,
        positions_BT: Array,
        rope: tuple[Array, Array] | None,
        dropout_seeds: Array | None,
        cache: KVCache | None,
    ) -> tuple[Array, KVCache | None]:
        """Returns the residual stream after this layer and the cache; `dropout_seeds` is uint32 `[4, 2]`."""
        c = self.config
        seeds = [None] * SITES_PER_LAYER if dropout_seeds is None else list(dropout_seeds)

        def drop(branch_BTD: Array, seed: Array | None) -> Array:
            return branch_BTD if seed is None else dropout(branch_BTD, seed, c.residual_dropout)

        attended_BTD, cache = Attention(c, self.backend, self.layer, name="attention")(
            _norm(c, self.backend, "attention_norm")(x_BTD),
            positions_BT,
            rope,
            seeds[0],
            cache,
        )
        x_BTD = x_BTD + drop(attended_BTD, seeds[1])
        ffn_BTD = FeedForward(c, self.backend, name="ffn")(
            _norm(c, self.backend, "ffn_norm")(x_BTD), seeds[2]
        )
        return x_BTD + drop(ffn_BTD, seeds[3]), cache


class Transformer(nn.Module):
    """Token ids in, next-token logits out."""

    config: ModelConfig
    backend: Backend = Backend()

    def setup(self) -> None:
        """Names every part of the parameter tree."""
        c = self.config
        # Gathered in float32 and cast after: the gradient's scatter-add is then a float32 one.
        self.embedding = nn.Embed(c.vocab_size, c.hidden_dim, embedding_init=_normal(), dtype=jnp.float32)
        if c.position_encoding == "learned":
            self.positions = nn.Embed(
                c.max_seq_length, c.hidden_dim, embedding_init=_normal(), dtype=jnp.float32
            )
        self.layers = [Block(c, self.backend, i) for i in range(c.num_layers)]
        self.final_norm = _norm(c, self.backend, None)
        self.head = nn.Dense(c.vocab_size, use_bias=False, dtype=self.backend.dtype, kernel_init=_normal())

    def __call__(self, tokens_BT: Array, *, deterministic: bool, dropout_key: Array | None = None) -> Array:
        """Logits of every position, `[B, T, V]` in the compute type.

        Args:
            tokens_BT: integer ids; T at most `max_seq_length` where positions are learned.
            deterministic: True turns dropout off.
            dropout_key: PRNG key, needed unless `deterministic`; the same key gives the same masks.
        """
        return self.head(self.hidden_states(tokens_BT, deterministic=deterministic, dropout_key=dropout_key))

    def hidden_states(
        self, tokens_BT: Array, *, deterministic: bool, dropout_key: Array | None = None
    ) -> Array:
        """What the head is multiplied with, `[B, T, D]` in the compute type; arguments as for `__call__`."""
        if not deterministic and dropout_key is None:
            raise ValueError("dropout needs a dropout_key; pass one, or deterministic=True")
        seeds = None if deterministic or dropout_key is None else self._seeds(dropout_key)
        positions_BT = jnp.arange(tokens_BT.shape[1])[None, :]
        x_BTD, _ = self._residual_stream(tokens_BT, positions_BT, seeds, None)
        return self.final_norm(x_BTD)

    def extend(self, tokens_BT: Array, positions_BT: Array, cache: KVCache) -> tuple[Array, KVCache]:
        """Runs further tokens of sequences whose past is in the cache: a prefill, or one step of decoding.

        Args:
            tokens_BT: integer ids; rows may be right-padded, their padding is never seen by real positions.
            positions_BT: int32, each token's position in its own row.
            cache: is not changed; positions beyond its length are dropped.

        Returns:
            The hidden states `[B, T, D]`, ready for `unembed` (of all positions or of a chosen few), and the new cache.
        """
        x_BTD, new_cache = self._residual_stream(tokens_BT, positions_BT, None, cache)
        assert new_cache is not None
        return x_BTD, new_cache

    def unembed(self, x_BTD: Array) -> Array:
        """Logits of hidden states: final normalisation, then the output head (untied)."""
        return self.head(self.final_norm(x_BTD))

    def _residual_stream(
        self,
        tokens_BT: Array,
        positions_BT: Array,
        seeds: Array | None,
        cache: KVCache | None,
    ) -> tuple[Array, KVCache | None]:
        x_BTD = self.embedding(tokens_BT.astype(jnp.int32))
        if self.config.position_encoding == "learned":
            if cache is None and tokens_BT.shape[1] > self.config.max_seq_length:
                raise ValueError(
                    f"{tokens_BT.shape[1]} tokens are more than max_seq_length = {self.config.max_seq_length}"
                )
            x_BTD = x_BTD + self.positions(positions_BT)
        x_BTD = x_BTD.astype(self.backend.dtype)
        rope = self._rope(positions_BT)
        for i, block in enumerate(self.layers):
            x_BTD, cache = block(x_BTD, positions_BT, rope, None if seeds is None else seeds[i], cache)
        return x_BTD, cache

    def _rope(self, positions_BT: Array) -> tuple[Array, Array] | None:
        rotated = self.config.position_encoding == "rope"
        return rope_tables(positions_BT, self.config.head_dim) if rotated else None

    def _seeds(self, dropout_key: Array) -> Array:
        sites = self.config.num_layers * SITES_PER_LAYER
        return site_seeds(dropout_key, sites).reshape(self.config.num_layers, SITES_PER_LAYER, 2)


def init_params(config: ModelConfig, key: Array) -> dict:
    """Fresh float32 parameters; the tree is the same for every compute type."""
    tokens_BT = jnp.zeros((1, 2), jnp.int32)
    return dict(Transformer(config).init(key, tokens_BT, deterministic=True)["params"])


def count_params(config: ModelConfig) -> int:
    """Number of parameters, without making any."""
    shapes = jax.eval_shape(lambda: init_params(config, jax.random.key(0)))
    return sum(leaf.size for leaf in jax.tree.leaves(shapes))


def _normal() -> Callable[..., Array]:
    return nn.initializers.normal(INIT_STDDEV)


def _residual_init(config: ModelConfig) -> Callable[..., Array]:
    # Each layer adds two branches to the residual stream (Radford 2019 scales them down; the reference did not).
    shrink = (2 * config.num_layers) ** -0.5 if config.init == "scaled" else 1.0
    return nn.initializers.normal(INIT_STDDEV * shrink)


def _norm(config: ModelConfig, backend: Backend, name: str | None) -> nn.Module:
    kind = nn.LayerNorm if config.normalization == "layernorm" else nn.RMSNorm
    return kind(epsilon=NORM_EPSILON, dtype=backend.dtype, name=name)


def _activate(config: ModelConfig, x: Array) -> Array:
    if config.activation in ("silu", "swiglu"):
        return jax.nn.silu(x)
    return jax.nn.gelu(x, approximate=False)
