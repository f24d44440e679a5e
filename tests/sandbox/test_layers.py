"""Layers: refused by name when missing, recorded when held, and gone without a trace when closed."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time
from typing import Any

import pytest
from sandbox.denied_calls import DENY

from codelm_jax.sandbox import jail, linux, selftest
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import SandboxError

ROOT = pathlib.Path(__file__).parents[2]
ALL_BUT_NAMESPACES = ("no_capabilities", "no_new_privs", "landlock", "rlimits", "seccomp")
USES_SCRATCH = """
import colorsys, pathlib, tempfile
def f(x):
    with tempfile.TemporaryFile() as file:
        file.write(b"kept")
    pathlib.Path("notes").write_text("kept")
    pathlib.Path("directory").mkdir()
    pathlib.Path("notes").rename("directory/notes")
    return pathlib.Path("directory/notes").read_text()
"""


def run(program):
    """Standard output of a Python that runs `program` after `DENY`."""
    source = DENY + textwrap.dedent(program)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def alive(text):
    """Living processes that have `text` on their command line."""
    found = []
    for directory in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line, state = (
                (directory / "cmdline").read_bytes(),
                (directory / "stat").read_text().rpartition(")")[2],
            )
        except OSError:
            continue
        if text.encode() in line and state.split()[0] != "Z":
            found.append(int(directory.name))
    return found


def wait_until_gone(text):
    for _ in range(100):
        if not alive(text):
            return True
        time.sleep(0.1)
    return False


def test_without_namespaces_the_other_layers_hold():
    with Sandbox(workers=1, isolation=("none",)) as sandbox:
        assert tuple(name for name in sandbox.layers if name != "user") == ALL_BUT_NAMESPACES
        assert sandbox.judge(USES_SCRATCH, "assert f(1) == 'kept'", "f").passed


def test_namespaces_come_first_where_the_machine_allows_them():
    try:
        sandbox = Sandbox(workers=1, isolation=("namespaces",))
    except SandboxError as error:
        pytest.skip(f"no namespaces on this machine: {error}")
    with sandbox:
        assert sandbox.layers[0] == "namespaces"
        assert set(ALL_BUT_NAMESPACES) < set(sandbox.layers)
        assert sandbox.judge(USES_SCRATCH, "assert f(1) == 'kept'", "f").passed


def test_where_user_namespaces_are_denied_the_sandbox_still_works():
    said = run("""
    deny("unshare")
    from codelm_jax.sandbox.pool import Sandbox
    with Sandbox(workers=1, isolation=("namespaces", "none")) as sandbox:
        print("namespaces" in sandbox.missing, *sandbox.layers)
        print(sandbox.judge("def f(x): return x", "assert f(1) == 1", "f").passed)
    """)
    first, second = said.splitlines()
    assert [word for word in first.split() if word != "user"] == ["True", *ALL_BUT_NAMESPACES]
    assert second == "True"


def test_a_private_root_stands_in_for_landlock():
    said = run("""
    deny("landlock")
    from codelm_jax.sandbox.pool import Sandbox, SandboxError
    try:
        with Sandbox(workers=1, isolation=("namespaces",)) as sandbox:
            print("landlock" in sandbox.missing, "landlock" in sandbox.layers)
    except SandboxError as error:
        assert "no worker starts" in str(error)
        print("no namespaces")
    """)
    assert said in ("True False", "no namespaces")


def test_missing_file_protection_is_refused_by_name():
    said = run("""
    deny("landlock", "unshare")
    from codelm_jax.sandbox.pool import Sandbox, SandboxError
    try:
        Sandbox(workers=1, isolation=("namespaces", "none"))
    except SandboxError as error:
        print(error)
    """)
    assert said.startswith("sandbox: missing landlock or namespaces (landlock: the kernel has no Landlock")
    assert "allow_unsafe" in said


def test_a_missing_system_call_filter_is_refused_by_name():
    said = run("""
    deny_filters()
    from codelm_jax.sandbox.pool import Sandbox, SandboxError
    try:
        Sandbox(workers=1)
    except SandboxError as error:
        print(error)
    """)
    assert said.startswith("sandbox: missing seccomp (prctl: Invalid argument)")


def test_unsafe_execution_is_allowed_on_request_and_recorded():
    said = run("""
    deny_filters()
    from codelm_jax.sandbox.pool import Sandbox
    with Sandbox(workers=1, allow_unsafe=True) as sandbox:
        verdict = sandbox.judge("def f(x): return x", "assert f(1) == 1", "f")
        print(verdict.passed, "seccomp" in verdict.layers, "rlimits" in verdict.layers)
    """)
    assert said == "True False True"


def test_the_self_test_sees_what_a_missing_layer_lets_through():
    said = run("""
    deny("landlock", "unshare")
    from codelm_jax.sandbox import selftest
    from codelm_jax.sandbox.pool import Sandbox, SandboxError
    with Sandbox(workers=1, allow_unsafe=True, isolation=("none",)) as sandbox:
        judge = lambda job: sandbox.judge_all([job])[0]
        try:
            selftest.run(judge, only_good=False)
        except SandboxError as error:
            print(error)
    """)
    assert "generated code could write a file outside" in said


def test_the_self_test_refuses_a_sandbox_that_passes_nothing():
    with Sandbox(workers=1) as sandbox:
        failing = sandbox.judge("def f(x): return x", "assert f(1) == 2", "f")
    with pytest.raises(SandboxError, match="a correct program got 'wrong answer'"):
        selftest.run(lambda job: failing, only_good=True)


@pytest.mark.parametrize("layer", jail.REQUIRED_LAYERS)
def test_each_required_layer_is_named_when_it_is_lacking(layer):
    held = [name for name in (*jail.REQUIRED_LAYERS, "landlock") if name != layer]
    assert jail.lacking(held, {layer: "the reason"}) == [f"{layer} (the reason)"]
    assert jail.lacking([*held, layer], {}) == []


def test_bubblewrap_does_not_stand_in_for_landlock():
    held = [*jail.REQUIRED_LAYERS, "bubblewrap"]
    assert jail.lacking(held, {"landlock": "no kernel"})[0].startswith(
        "landlock or namespaces (landlock: no kernel"
    )
    assert jail.lacking([*held, "landlock"], {}) == []


def test_unknown_settings_are_refused():
    wrong: list[dict[str, Any]] = [
        {"workers": 0},
        {"timeout_seconds": 0},
        {"memory_bytes": 1},
        {"isolation": ("chroot",)},
    ]
    for settings in wrong:
        with pytest.raises(ValueError, match="sandbox"):
            Sandbox(**settings)


@pytest.mark.parametrize("isolation", [("none",), ("namespaces", "none")])
def test_closing_leaves_no_process_and_no_file(isolation, tmp_path):
    with Sandbox(
        workers=2, timeout_seconds=0.3, isolation=isolation, scratch_directory=str(tmp_path)
    ) as sandbox:
        assert alive(str(tmp_path))
        sandbox.judge("def f(x):\n    while True: pass", "f(1)", "f")
    assert alive(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("isolation", ["none", "auto"])
def test_nothing_outlives_a_killed_host(isolation, tmp_path):
    kinds = ("none",) if isolation == "none" else ("namespaces", "none")
    program = f"""
    from codelm_jax.sandbox.pool import Sandbox
    sandbox = Sandbox(workers=2, timeout_seconds=60, isolation={kinds!r}, scratch_directory={str(tmp_path)!r})
    print("ready", flush=True)
    sandbox.judge("def f(x):\\n    while True: pass", "f(1)", "f")
    """
    host = subprocess.Popen(
        [sys.executable, "-c", DENY + textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert host.stdout is not None
    assert host.stdout.readline() == b"ready\n"
    assert alive(str(tmp_path))
    host.send_signal(signal.SIGKILL)
    host.wait()
    host.stdout.close()
    assert wait_until_gone(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_the_host_is_told_when_a_process_of_the_sandbox_is_gone(tmp_path):
    with Sandbox(workers=1, scratch_directory=str(tmp_path)) as sandbox:
        for pid in alive(str(tmp_path)):
            with contextlib.suppress(ProcessLookupError):  # workers end with their fork server
                os.kill(pid, signal.SIGKILL)
        with pytest.raises(SandboxError, match="sandbox: "):
            sandbox.judge("def f(x): return x", "assert f(1) == 1", "f")


def test_a_host_that_ignores_its_children_can_judge():
    said = run("""
    import signal
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    from codelm_jax.sandbox.pool import Sandbox
    with Sandbox(workers=1) as sandbox:
        print(sandbox.judge("def f(x): return x", "assert f(1) == 1", "f").passed)
    """)
    assert said == "True"


def test_scratch_space_that_cannot_be_made_is_named(tmp_path):
    with pytest.raises(SandboxError, match=r"scratch space.*gone"):
        Sandbox(workers=2, scratch_directory=str(tmp_path / "gone"))


@pytest.mark.parametrize("isolation", [("none",), ("namespaces", "none")])
def test_a_sample_finds_nothing_of_the_one_before_it(isolation):
    leave = """
    import builtins, json, os, sys, threading, time
    def f(x):
        open("left", "w").close()
        os.environ["LEFT"] = sys.modules["json"].left = builtins.left = "x"
        json.loads = None
        threading.Thread(target=time.sleep, args=(60,)).start()
        return x
    """
    look = """
    import builtins, json, os, threading
    def f(x):
        left = [os.listdir("."), os.environ.get("LEFT"), hasattr(builtins, "left"), hasattr(json, "left")]
        return [*left, json.loads("1"), threading.active_count()]
    """
    with Sandbox(workers=1, isolation=isolation) as sandbox:
        for _ in range(3):  # past the workers that were ready before the first sample
            assert sandbox.judge(textwrap.dedent(leave), "assert f(1) == 1", "f").passed
            verdict = sandbox.judge(
                textwrap.dedent(look), "assert f(1) == [[], None, False, False, 1, 1]", "f"
            )
            assert verdict.passed


def test_a_call_the_c_library_lacks_is_an_os_error():
    with pytest.raises(OSError, match="not in this C library"):
        linux.call("no_such_function")
