"""Laws of the devices that a command runs on."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from codelm_jax import devices, nvidia

# Reads (batch parts, JAX_NUM_CPU_DEVICES, XLA_FLAGS); prints how many devices a JAX that starts afterwards has.
CODE = """
import os, sys
import jax
from jax.extend.backend import clear_backends
from codelm_jax.devices import one_cpu_device_per_core

os.sched_getaffinity = lambda _: set(range(6))
for batch_parts, chosen, os.environ["XLA_FLAGS"] in eval(sys.argv[1]):
    clear_backends()
    jax.config.update("jax_num_cpu_devices", chosen)
    one_cpu_device_per_core(batch_parts)
    print(jax.device_count())
"""


def test_as_many_cpu_devices_as_cores_allow_and_the_batch_divides_over():
    cases = {
        # XLA reads its flags once, so this number comes first.
        (32, -1, "--xla_force_host_platform_device_count=3"): 3,
        (32, -1, ""): 4,
        (6, -1, ""): 6,
        (7, -1, ""): 1,
        (32, 2, ""): 2,
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE, repr(list(cases))],
        capture_output=True,
        text=True,
        env=os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""},
    )
    assert [*map(int, done.stdout.split())] == [*cases.values()], done.stderr


COMPILE = """
import jax
from codelm_jax.devices import deterministic_gpu_operations
deterministic_gpu_operations()
jax.jit(lambda x: x + 1)(1)
"""


@pytest.mark.parametrize(
    "flags", ["--xla_gpu_deterministic_ops=false", pytest.param("", marks=pytest.mark.slow)]
)
def test_xla_compiles_with_the_deterministic_flag_even_if_it_was_turned_off(flags, tmp_path):
    subprocess.run(
        [sys.executable, "-c", COMPILE],
        check=True,
        env={**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": f"--xla_dump_to={tmp_path} {flags}"},
    )
    options = [path.read_text() for path in tmp_path.glob("*.debug_options")]
    assert options
    assert all("xla_gpu_deterministic_ops: true" in text for text in options)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Sets what the machine seems to have: a driver, the driver's command, and the backend that JAX found."""

    def seems(*, driver, command, backend):
        version = tmp_path / "version"
        if driver:
            version.write_text("NVRM version")
        if command:
            (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
            (tmp_path / "nvidia-smi").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(
            nvidia, "Path", lambda path: version if path == "/proc/driver/nvidia/version" else Path(path)
        )
        monkeypatch.setattr(jax, "default_backend", lambda: backend)

    return seems


@pytest.mark.parametrize(("driver", "command"), [(True, False), (False, True), (True, True)])
def test_an_unused_gpu_gives_a_warning_with_the_remedy(machine, capsys, driver, command):
    machine(driver=driver, command=command, backend="cpu")
    devices.warn_if_gpu_unused()
    said = capsys.readouterr().err
    assert said.startswith("WARNING: this machine has an NVIDIA GPU")
    assert "[cuda12]" in said
    assert "[cuda13]" in said


@pytest.mark.parametrize(("has_gpu", "backend"), [(False, "cpu"), (True, "gpu")])
def test_a_gpu_in_use_or_absent_gives_no_warning(machine, capsys, has_gpu, backend):
    machine(driver=has_gpu, command=has_gpu, backend=backend)
    devices.warn_if_gpu_unused()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("kind", "peak"),
    [
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H200", 989e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA GeForce RTX 4090", 165e12),
        ("TPU v4", 275e12),
        ("TPU v5 lite", 197e12),
        ("TPU v5", 459e12),
        ("cpu", None),
        ("Quadro P400", None),
    ],
)
def test_the_peak_is_that_of_the_device_and_unknown_ones_have_none(kind, peak):
    assert devices.peak_flops(kind) == peak
