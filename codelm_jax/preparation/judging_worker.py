"""A process that judges source files for `judging_pool`: `python -m codelm_jax.preparation.judging_worker`.

It reads pickles from standard input, first the `Rules`, then lists of candidates, and answers each list on standard
output with a list of `Examined`. It ends silently when its input ends or the parent is gone.
"""

import contextlib
import os
import pickle
import sys

from codelm_jax.preparation.judging import examine

# No more input, half a pickle of it, nobody to answer, or a Ctrl-C.
_THE_END = (EOFError, pickle.UnpicklingError, BrokenPipeError, KeyboardInterrupt)


def main() -> None:
    """Serves until standard input closes or nobody reads the answers."""
    with contextlib.suppress(*_THE_END), os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not mix with the answers
        questions = sys.stdin.buffer
        rules = pickle.load(questions)
        while True:
            candidates = pickle.load(questions)
            pickle.dump([examine(candidate, rules) for candidate in candidates], answers)
            answers.flush()


if __name__ == "__main__":
    main()
