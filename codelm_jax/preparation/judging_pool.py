"""Judges many source files on all cores, in order, even where a file crashes the parser.

The processes are plain `python -m codelm_jax.preparation.judging_worker`, not `multiprocessing` ones: forking a process that
runs JAX can hang, and spawning imports the caller's main script again, JAX and all.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from codelm_jax.preparation.candidate import Candidate
from codelm_jax.preparation.judging import Examined, Rules

CRASHED = "crashed the parser"

_FILES_A_QUESTION = 16
_LEAST_FILES = 256  # per process: with fewer, starting another one costs more than it saves
_QUESTIONS_AHEAD = 8  # per process: enough to stay busy, few enough to stop soon


def examine_files(
    candidates: Sequence[Candidate], rules: Rules, processes: int
) -> Generator[Examined, None, None]:
    """Yields the verdict on each candidate, in order. Closing the iterator stops the processes."""
    workers = _Workers(rules)
    questions = [candidates[i : i + _FILES_A_QUESTION] for i in range(0, len(candidates), _FILES_A_QUESTION)]
    asked: deque[Future[list[Examined]]] = deque()
    executor = ThreadPoolExecutor(min(processes, 1 + len(candidates) // _LEAST_FILES))
    try:
        for question in questions:
            asked.append(executor.submit(workers.examine, question))
            if len(asked) > processes * _QUESTIONS_AHEAD:
                yield from asked.popleft().result()
        while asked:
            yield from asked.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)
        workers.close()


class _Workers:
    """One worker process per calling thread, started when needed and replaced when it dies."""

    def __init__(self, rules: Rules):
        self._rules = rules
        self._of_thread: dict[int, _Worker] = {}

    def examine(self, candidates: Sequence[Candidate]) -> list[Examined]:
        try:
            return self._ask(candidates)
        except _Died:
            if len(candidates) > 1:
                return [verdict for candidate in candidates for verdict in self.examine([candidate])]
            return [Examined(CRASHED, sha256="")]

    def close(self) -> None:
        for worker in self._of_thread.values():
            worker.close()

    def _ask(self, candidates: Sequence[Candidate]) -> list[Examined]:
        thread = threading.get_ident()
        worker = self._of_thread.get(thread)
        if worker is None:
            worker = self._of_thread[thread] = _Worker(self._rules)
        try:
            return worker.ask(list(candidates))
        except _Died:
            del self._of_thread[thread]
            worker.close()
            raise


class _Died(Exception):
    """The worker process ended before it answered."""


class _Worker:
    def __init__(self, rules: Rules):
        # A session of its own: Ctrl-C reaches the parent alone, which then closes the pipe.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "codelm_jax.preparation.judging_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
            start_new_session=True,
        )
        try:
            self._send(rules)
            self.ask([])
        except _Died:
            self.close()
            raise RuntimeError(
                f"{sys.executable} -m codelm_jax.preparation.judging_worker did not start; see above"
            ) from None

    def ask(self, candidates: list[Candidate]) -> list[Examined]:
        self._send(candidates)
        assert self._process.stdout is not None
        try:
            return pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError):
            raise _Died from None

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _send(self, value: object) -> None:
        assert self._process.stdin is not None
        try:
            pickle.dump(value, self._process.stdin)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise _Died from None
