"""Sources of training data, one file each; `registry.py` lists them."""
