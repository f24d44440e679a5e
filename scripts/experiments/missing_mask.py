"""What a missing causal mask does: the same small model with and without it, over label smoothing and dropout.

`--help` shows how.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this checkout's code, whatever is installed

from codelm_jax import launch

if __name__ == "__main__":
    launch.run_module("mask_study.command")
