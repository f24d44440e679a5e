"""The suites, one object in one file each; `evals/registry.py` lists them."""
