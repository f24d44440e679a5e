"""Train a small Python code language model from scratch in JAX/Flax, see honestly how good it is, and use it."""

__version__ = "0.2.0"
