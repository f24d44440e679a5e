"""States to save, and what a test wants to know about one that came back."""

from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import optax

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.restore import Restored
from codelm_jax.checkpoint.store import CheckpointStore

META = RunMeta(config={"model": {"vocab_size": 400}, "seed": 1}, tokenizer_json="x" * 500)


@flax.struct.dataclass
class State:
    step: Any
    params: Any
    opt_state: Any


def make_state(seed: int, width: int = 400) -> State:
    """Returns a state as training has it: several dtypes, scalars, masks, empty parts.

    Wide enough that its arrays have a file of their own: tensorstore keeps small ones in its index, under a checksum.
    """
    keys = jax.random.split(jax.random.key(seed), 3)
    params = {
        "embed": {"embedding": jax.random.normal(keys[0], (width, 8))},
        "blocks_0": {"kernel": jax.random.normal(keys[1], (8, width)), "scale": jnp.ones((8,))},
        "head": jax.random.normal(keys[2], (8, width)).astype(jnp.bfloat16),
    }
    decayed = {"embed": True, "blocks_0": {"kernel": True, "scale": False}, "head": True}
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(1e-3, mask=decayed))
    opt_state = jax.tree.map(lambda x: x + jnp.asarray(seed, x.dtype), optimizer.init(params))
    return State(jnp.array(seed, jnp.int32), params, opt_state)


def abstract(tree: Any) -> Any:
    """Returns the shapes and dtypes of `tree`."""
    return jax.eval_shape(lambda: tree)


def bits(tree: Any) -> dict[str, tuple[Any, ...]]:
    """Returns every leaf of `tree` as its exact bits."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    host = {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}
    return {name: (leaf.dtype.name, leaf.shape, leaf.tobytes()) for name, leaf in host.items()}


def same(left: Any, right: Any) -> bool:
    """Whether two trees have the same structure and the same bits."""
    return jax.tree.structure(left) == jax.tree.structure(right) and bits(left) == bits(right)


def restore(store: CheckpointStore, state: Any, step: int | None = None) -> Restored:
    """Restores a step with the shapes of `state`; there is one."""
    restored = store.restore(abstract(state), step)
    assert restored is not None
    return restored


def save(store: CheckpointStore, step: int, **changes: Any) -> State:
    """Saves `make_state(step)` and returns it."""
    state = make_state(step)
    arguments = {
        "data": {"next_index": step},
        "meta": META,
        "metrics": None,
    }
    store.save(step, state=state, **{**arguments, **changes})
    return state
