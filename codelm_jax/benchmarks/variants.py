"""Variants of the training step for the benchmark: each changes one thing.

Forms that turned out slower, or that only a GPU can decide on, are here and not in the product.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest import mock

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array

from codelm_jax.benchmarks.contenders import Contender, Ours
from codelm_jax.model import transformer
from codelm_jax.ops import attention
from codelm_jax.ops import cross_entropy as loss_module
from codelm_jax.ops.backend import backend_for
from codelm_jax.ops.cross_entropy import mean_loss_of_hidden, plain_softmax, smoothed_cross_entropy
from codelm_jax.ops.dropout import layer_seeds
from codelm_jax.training import step as step_module
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.optimizer import decayed_leaves
from codelm_jax.training.optimizers.skipping import skipping
from codelm_jax.training.schedules import make_schedule

# A module or class, the name of an attribute, and its replacement while the step is traced.
Swap = tuple[Any, str, Any]


@dataclasses.dataclass(frozen=True)
class Variant:
    """One change to the step.

    Attributes:
        what: description for the table.
        config: changes to the config of the run; those of the model under "model".
        swaps: replaced functions of the product.
        steps_per_dispatch: steps in one program.
        compiler_options: of XLA.
        gpu_only: whether it does not run on a CPU, or makes no difference there.
    """

    what: str
    config: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    swaps: tuple[Swap, ...] = ()
    steps_per_dispatch: int = 1
    compiler_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    gpu_only: bool = False

    def build(self, config: TrainConfig) -> Contender:
        """Compiles the step with the change in place."""
        return Ours(
            changed(config, self.config),
            steps_per_dispatch=self.steps_per_dispatch,
            compiler_options=self.compiler_options,
            while_tracing=swapped(self.swaps),
        )


def changed(config: TrainConfig, changes: Mapping[str, Any]) -> TrainConfig:
    """The config with other values; those of the model are under "model"."""
    model = dataclasses.replace(config.model, **changes.get("model", {}))
    rest = {key: value for key, value in changes.items() if key != "model"}
    return dataclasses.replace(config, model=model, **rest)


@contextlib.contextmanager
def swapped(swaps: tuple[Swap, ...]) -> Iterator[None]:
    """Replaces functions of the product while a step is traced."""
    with contextlib.ExitStack() as stack:
        for owner, name, replacement in swaps:
            stack.enter_context(mock.patch.object(owner, name, replacement))
        yield


def threefry_dropout(x: Array, seed: Array | None, rate: float) -> Array:
    """Dropout with JAX's default generator, as `flax.linen.Dropout` draws it: the mask is kept for the gradient."""
    if seed is None or rate == 0.0:
        return x
    return _dropout_from(jax.random.wrap_key_data(seed, impl="threefry2x32"), x, rate)


def hardware_dropout(x: Array, seed: Array | None, rate: float) -> Array:
    """Dropout with XLA's own generator (`rbg`): Philox on a CPU and a GPU."""
    if seed is None or rate == 0.0:
        return x
    return _dropout_from(jax.random.wrap_key_data(jnp.concatenate([seed, seed]), impl="rbg"), x, rate)


def _dropout_from(key: Array, x: Array, rate: float) -> Array:
    keep = jax.random.bernoulli(key, 1.0 - rate, x.shape)
    return jnp.where(keep, x * jnp.asarray(1.0 / (1.0 - rate), x.dtype), 0)


def one_hot_loss(
    hidden_BTD: Array, head_DV: Array, targets_BT: Array, label_smoothing: float, **_target: Any
) -> tuple[Array, Array]:
    """The loss as most write it first: all logits in float32 against one-hot targets, without chunks."""
    logits_BTV = (hidden_BTD @ head_DV.astype(hidden_BTD.dtype)).astype(jnp.float32)
    vocab = head_DV.shape[-1]
    target_BTV = jax.nn.one_hot(targets_BT, vocab) * (1.0 - label_smoothing) + label_smoothing / vocab
    loss = optax.softmax_cross_entropy(logits_BTV, target_BTV).mean()
    return loss, smoothed_cross_entropy(jax.lax.stop_gradient(logits_BTV), targets_BT, 0.0)[1].mean()


def loss_met_at_each_chunk(
    hidden_BTD: Array,
    head_DV: Array,
    targets_BT: Array,
    label_smoothing: float,
    *,
    on_cpu: bool,
    shards: int,
) -> tuple[Array, Array]:
    """The product's loss with the head's gradient summed over the devices at every chunk."""
    chunk_tokens = shards * loss_module.CHUNK_TOKENS["cpu" if on_cpu else "gpu"]
    return mean_loss_of_hidden(
        hidden_BTD, head_DV, targets_BT, label_smoothing, on_cpu=on_cpu, chunk_tokens=chunk_tokens
    )


def chunked_loss(chunk_tokens: int) -> tuple[Swap, ...]:
    """The product's loss with another number of tokens whose logits exist at a time."""
    return ((loss_module, "CHUNK_TOKENS", {"cpu": chunk_tokens, "gpu": chunk_tokens}),)


def optax_adamw(config: TrainConfig) -> optax.GradientTransformationExtraArgs:
    """`training.optimizer.make_optimizer` for AdamW with optax's own transformations."""
    adamw = optax.adamw(
        make_schedule(config),
        b1=config.beta1,
        b2=config.beta2,
        weight_decay=config.weight_decay,
        mask=decayed_leaves,
    )
    return skipping(optax.chain(optax.clip_by_global_norm(config.grad_clip), adamw))


class SortedEmbed(nn.Embed):
    """An embedding whose gradient sorts the tokens and adds up each one's rows, instead of scattering them."""

    def __call__(self, inputs: Array) -> Array:
        """Rows of the table, as `nn.Embed` has them."""
        return _sorted_take(self.embedding, inputs)


class OneHotEmbed(nn.Embed):
    """An embedding whose gradient is a matrix product with one-hot rows."""

    def __call__(self, inputs: Array) -> Array:
        """Rows of the table, as `nn.Embed` has them."""
        return _one_hot_take(self.embedding, inputs)


class BFloat16Embed(nn.Embed):
    """An embedding that is gathered in bfloat16, so that its gradient is scattered in it, too."""

    def __call__(self, inputs: Array) -> Array:
        """Rows of the table, rounded."""
        return jnp.take(self.embedding.astype(jnp.bfloat16), inputs, axis=0)


@jax.custom_vjp
def _sorted_take(table_VD: Array, ids: Array) -> Array:
    return jnp.take(table_VD, ids, axis=0)


def _sorted_gradient(residuals: tuple[Array, Array], grad: Array) -> tuple[Array, None]:
    table_VD, ids = residuals
    order = jnp.argsort(ids.reshape(-1))
    rows = grad.reshape(-1, grad.shape[-1])[order]
    return jax.ops.segment_sum(
        rows, ids.reshape(-1)[order], num_segments=table_VD.shape[0], indices_are_sorted=True
    ), None


_sorted_take.defvjp(lambda table, ids: (_sorted_take(table, ids), (table, ids)), _sorted_gradient)


@jax.custom_vjp
def _one_hot_take(table_VD: Array, ids: Array) -> Array:
    return jnp.take(table_VD, ids, axis=0)


def _one_hot_gradient(residuals: tuple[Array, Array], grad: Array) -> tuple[Array, None]:
    table_VD, ids = residuals
    dtype = backend_for(jax.devices()[0]).dtype
    one_hot_NV = jax.nn.one_hot(ids.reshape(-1), table_VD.shape[0], dtype=dtype)
    rows_ND = grad.reshape(-1, grad.shape[-1]).astype(dtype)
    return jnp.einsum("NV,ND->VD", one_hot_NV, rows_ND, preferred_element_type=jnp.float32), None


_one_hot_take.defvjp(lambda table, ids: (_one_hot_take(table, ids), (table, ids)), _one_hot_gradient)


def scanned_layers(
    self: Any, tokens_BT: Array, *, deterministic: bool, dropout_key: Array | None = None
) -> Array:
    """`Transformer.hidden_states` with one traced layer in a loop, from parameters stacked within the step."""
    config, params = self.config, self.variables["params"]

    def stack(*leaves: Array) -> Array:
        return jnp.stack(leaves)

    seeds = layer_seeds(None if deterministic else dropout_key, config.num_layers)
    stacked = jax.tree.map(stack, *(params[f"layers_{i}"] for i in range(config.num_layers)))
    block = transformer.Block(config, self.backend, parent=None)
    positions_BT = jnp.arange(tokens_BT.shape[1])[None, :]

    def layer(x_BTD: Array, one: tuple[Any, Any]) -> tuple[Array, None]:
        layer_params, own_seeds = one
        out_BTD, _ = block.apply({"params": layer_params}, x_BTD, positions_BT, own_seeds)
        return out_BTD, None

    x_BTD = self.embed(tokens_BT, positions_BT)
    x_BTD, _ = jax.lax.scan(layer, x_BTD, (stacked, jax.tree.map(stack, *seeds)))
    return self.final_norm(x_BTD)


def embed_in_float32(self: Any, tokens_BT: Array, positions_BT: Array) -> Array:
    """`Transformer.embed` without the cast: the residual stream is float32, and only the layers' products are cast."""
    x_BTD = self.embedding(tokens_BT.astype(jnp.int32))
    return x_BTD + self.positions(positions_BT) if self.config.position_encoding == "learned" else x_BTD


def _dropout(function: Callable[[Array, Array | None, float], Array]) -> tuple[Swap, ...]:
    return (transformer, "dropout", function), (attention, "dropout", function)


def _method(name: str, function: Callable[..., Any]) -> tuple[Swap, ...]:
    return ((transformer.Transformer, name, function),)


def _embed(kind: type[nn.Embed]) -> tuple[Swap, ...]:
    return ((nn, "Embed", kind),)


_XLA_ATTENTION = {"attention": "xla"}

# By name, the most telling first. Generators replace every mask, so they are compared with the plain attention.
VARIANTS: dict[str, Variant] = {
    "dropout=none": Variant(
        "no dropout", config={"model": {"attention_dropout": 0.0, "residual_dropout": 0.0}}
    ),
    "attention=xla": Variant("attention by plain XLA", config=_XLA_ATTENTION, gpu_only=True),
    "dropout=threefry": Variant(
        "masks from threefry (plain attention)", config=_XLA_ATTENTION, swaps=_dropout(threefry_dropout)
    ),
    "dispatch=8": Variant("8 steps a dispatch", steps_per_dispatch=8),
    "loss=one-hot": Variant(
        "all logits in float32, one-hot targets", swaps=((step_module, "mean_loss_of_hidden", one_hot_loss),)
    ),
    "residual=float32": Variant(
        "residual stream in float32", swaps=_method("embed", embed_in_float32), gpu_only=True
    ),
    "embedding=sorted": Variant("embedding gradient by sort and segment sum", swaps=_embed(SortedEmbed)),
    "embedding=one-hot": Variant("embedding gradient by a matrix product", swaps=_embed(OneHotEmbed)),
    "optimizer=optax": Variant(
        "AdamW by optax", config={"optimizer": "adamw"}, swaps=((step_module, "make_optimizer", optax_adamw),)
    ),
    "optimizer=muon": Variant("Muon", config={"optimizer": "muon"}),
    "layers=scanned": Variant("one layer in a loop", swaps=_method("hidden_states", scanned_layers)),
    "loss=met-at-each-chunk": Variant(
        "devices meet at each chunk of the loss",
        swaps=((step_module, "mean_loss_of_hidden", loss_met_at_each_chunk),),
    ),
    "loss=plain-softmax": Variant(
        "exponentials as XLA takes them", swaps=((loss_module, "_softmax_of_one_exponential", plain_softmax),)
    ),
    "loss=full": Variant("all logits at once", swaps=chunked_loss(1 << 40)),
    "loss=8192": Variant("logits of 8,192 tokens at a time", swaps=chunked_loss(8192)),
    "loss=4096": Variant("logits of 4,096 tokens at a time", swaps=chunked_loss(4096)),
    "loss=256": Variant("logits of 256 tokens at a time", swaps=chunked_loss(256)),
    "dropout=rbg": Variant(
        "masks from XLA's generator (plain attention)",
        config=_XLA_ATTENTION,
        swaps=_dropout(hardware_dropout),
    ),
    "embedding=bfloat16": Variant(
        "embedding gathered in bfloat16", swaps=_embed(BFloat16Embed), gpu_only=True
    ),
    "dispatch=32": Variant("32 steps a dispatch", steps_per_dispatch=32),
    "xla=no-triton-gemm": Variant(
        "matrix products by cuBLAS alone",
        compiler_options={"xla_gpu_enable_triton_gemm": False},
        gpu_only=True,
    ),
    "xla=cublaslt": Variant(
        "matrix products by cuBLASLt", compiler_options={"xla_gpu_enable_cublaslt": True}, gpu_only=True
    ),
    "xla=no-command-buffers": Variant(
        "every kernel launched by itself",
        compiler_options={"xla_gpu_enable_command_buffer": ""},
        gpu_only=True,
    ),
    "compute=float32": Variant("everything in float32", config={"compute_dtype": "float32"}),
    "compute=bfloat16": Variant("products in bfloat16", config={"compute_dtype": "bfloat16"}),
}


def variants_here() -> dict[str, Variant]:
    """The variants that make a difference on the devices of this machine."""
    on_cpu = jax.default_backend() == "cpu"
    own = "compute=float32" if on_cpu else "compute=bfloat16"
    return {
        name: variant
        for name, variant in VARIANTS.items()
        if not (on_cpu and variant.gpu_only) and name != own
    }
