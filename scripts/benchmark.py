"""Measures speed beside others' on the same machine, in the same run.

`--help` shows how.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this checkout's code, whatever is installed

from codelm_jax import launch

if __name__ == "__main__":
    launch.run("benchmark")
