import dataclasses
import os

import pytest
from training.tiny_run import make_meta, raw_config

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.training.resume import rounding_note

PLACE = RunMeta(
    config={"model": {}},
    tokenizer_json="",
    device_count=2,
    device_kind="cpu",
    cpu_count=2,
    versions={"jax": "0.10.2"},
)


def test_a_run_that_goes_on_in_the_same_place_hears_nothing():
    assert rounding_note(PLACE, PLACE) is None
    meta = make_meta(raw_config())
    assert rounding_note(meta, meta) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"device_count": 1}, "saved on 2 x cpu, resumed on 1 x cpu: "),
        ({"cpu_count": 1}, "saved on 2 x cpu with 2 cores, resumed on 2 x cpu with 1 cores: "),
        (
            {"versions": {"jax": "0.11.2"}},
            "saved on 2 x cpu with jax 0.10.2, resumed on 2 x cpu with jax 0.11.2: ",
        ),
        (
            {"xla_flags": "--a"},
            "saved on 2 x cpu with XLA_FLAGS='', resumed on 2 x cpu with XLA_FLAGS='--a': ",
        ),
    ],
)
def test_all_that_changes_the_rounding_is_named_when_it_changed(change, said):
    assert (
        rounding_note(PLACE, dataclasses.replace(PLACE, **change)) == f"{said}rounding differs from here on"
    )


def test_the_cores_of_a_machine_with_an_accelerator_change_nothing():
    place = dataclasses.replace(PLACE, device_kind="NVIDIA H100")
    assert rounding_note(place, dataclasses.replace(place, cpu_count=64)) is None


def test_a_checkpoint_that_does_not_know_its_cores_goes_on_without_a_word_about_them():
    older = dataclasses.replace(PLACE, cpu_count=None)
    assert rounding_note(older, PLACE) is None


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the platform does not say")
def test_a_checkpoint_knows_the_cores_that_its_run_may_use():
    assert make_meta(raw_config()).cpu_count == len(os.sched_getaffinity(0))
