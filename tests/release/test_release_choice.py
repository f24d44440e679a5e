"""The rule by which a release is chosen."""

import dataclasses
from pathlib import Path

import pytest

from codelm_jax.errors import UserError
from codelm_jax.release.choice import ReleaseCandidate, candidate, choose
from codelm_jax.report.runs import ReportedRun, StoredResult

DATA = {"data": {"data_fingerprint": "f"}}


def run_with(tasks_step: int | None = 7) -> ReportedRun:
    held_out = {"sets": {"val": {"bits_per_byte": 1.0}, "test": {"bits_per_byte": 1.5}}, "settings": DATA}
    evaluations = {
        "heldout": [StoredResult("heldout", 3, True, {}), StoredResult("heldout", 7, True, held_out)]
    }
    if tasks_step is not None:
        tasks = {"score": {"pass@1": {"value": 0.25}}}
        evaluations["mini_benchmark"] = [StoredResult("mini_benchmark", tasks_step, True, tasks)]
    return ReportedRun("a", Path("a"), [], {}, {}, "", {}, {}, evaluations)


def made(name: str, bits: float, rate: float, measured_on: tuple[str, ...] = ("f",)) -> ReleaseCandidate:
    return ReleaseCandidate(Path(name), 7, bits, rate, measured_on)


def test_a_candidate_is_its_newest_evaluation():
    found = candidate(run_with())
    assert (found.step, found.bits_per_byte, found.pass_rate) == (7, 1.0, 0.25)
    assert found.measured_on == ("f", "mini_benchmark")


def test_tasks_of_another_step_do_not_count():
    assert candidate(run_with(3)) == candidate(run_with(None))


def test_a_run_that_nobody_evaluated_is_refused():
    with pytest.raises(UserError, match="a: has no held-out figures"):
        candidate(dataclasses.replace(run_with(), results={}))


@pytest.mark.parametrize(
    ("other", "better"),
    [
        (made("b", 0.98, 0.0), "b"),  # lower by 2 %, whatever it writes
        (made("b", 1.02, 0.9), "a"),
        (made("b", 0.996, 0.1), "a"),  # within half a per cent, what it writes decides
        (made("b", 1.004, 0.5), "b"),
        (made("b", 1.004, 0.2), "a"),  # nothing else is left
        (made("b", 0.999, 0.2), "b"),
    ],
)
def test_bits_per_byte_decide_and_tasks_break_ties(other, better):
    assert choose([made("a", 1.0, 0.2), other]).directory == Path(better)
    assert choose([other, made("a", 1.0, 0.2)]).directory == Path(better)


def test_runs_on_different_data_or_tasks_are_not_compared():
    for measured_on in (("g",), ("f", "humaneval")):
        with pytest.raises(UserError, match="b: was not evaluated on the data and tasks of a"):
            choose([made("a", 1.0, 0.2), made("b", 0.9, 0.2, measured_on)])
