"""Verifies, shows or repairs the checkpoints of a run, on any machine and without its data.

`--help` shows how.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this checkout's code, whatever is installed

from codelm_jax import launch

if __name__ == "__main__":
    launch.run("checkpoint")
