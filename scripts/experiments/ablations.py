"""Trains a list of configs one after another, several seeds each, and tabulates the differences from the first.

`--help` shows how.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this checkout's code, whatever is installed

from codelm_jax import launch

if __name__ == "__main__":
    launch.run_module("ablation_study.command")
