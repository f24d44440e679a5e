"""A process that examines source files for `corpus_pool`: `python -m codelm_jax.data.corpus_worker`.

It reads pickles from standard input, first the `Rules`, then lists of paths, and answers each list on standard output
with a list of `Examined`. It ends with its input, and without a word when the parent is gone.
"""

import contextlib
import os
import pickle
import sys

from codelm_jax.data.corpus import examine

# No more input, half a pickle of it, nobody to answer, or a Ctrl-C.
_THE_END = (EOFError, pickle.UnpicklingError, BrokenPipeError, KeyboardInterrupt)


def main() -> None:
    """Serves until standard input closes or nobody reads the answers."""
    with contextlib.suppress(*_THE_END), os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not mix with the answers
        questions = sys.stdin.buffer
        rules = pickle.load(questions)
        while True:
            paths = pickle.load(questions)
            pickle.dump([examine(path, rules) for path in paths], answers)
            answers.flush()


if __name__ == "__main__":
    main()
