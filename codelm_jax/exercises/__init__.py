"""Generated exercises: small documented Python functions, composed from meaning, run in the sandbox, with tests.

    from codelm_jax.exercises.generate import documents, held_out
    from codelm_jax.exercises.behaviour import BATCH_SECONDS
    from codelm_jax.exercises.sieve import Sieve
    from codelm_jax.sandbox.pool import Sandbox

    with Sandbox(workers=1, timeout_seconds=BATCH_SECONDS) as sandbox:
        sieve = Sieve(sandbox, problems)
        for text in documents(seed=0, count=1000, sieve=sieve):
            ...
        tasks = list(held_out(seed=0, count=200, sieve=sieve))

`problems` are the benchmark tasks (`codelm_jax.text.problems`) that no function may solve. `documents` yields training texts
of one to six functions, `held_out` problems whose behaviour is in no training text; both are iterators and deterministic in
the seed. `sieve.dropped` counts what went, by reason; `census` measures the variety. docs/exercises.md has the figures.
"""
