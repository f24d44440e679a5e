"""Attacks: none does harm, forges a pass or outlives its sample. The short form runs by default, the whole is marked `slow`.

    python -m pytest tests/sandbox -m slow

runs every attack against a bare harness and against the sandbox, as root (where the tests run as root) and as an ordinary
user, with namespaces and without, waits 15 seconds, looks for survivors, and prints the table of docs/sandbox.md.
"""

import json
import os
import pathlib
import secrets
import shutil
import subprocess
import sys
import tempfile
import time

import pytest
from attacks import catalogue, world

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
ORDINARY_USER = 65_534
SURVIVAL_SECONDS = 15
NEEDS_NO_TIME = [
    attack.name for kind in catalogue.KINDS if kind != "hangs" for attack in catalogue.read(kind)
]
SHORT = [
    *(
        name
        for name in NEEDS_NO_TIME
        if name not in ("time-limit handler that sets status 0", "memory in pieces")
    ),
    "swallowed time-outs",
    "value that hangs the check",
    "endless __eq__ and __str__",
]


class Run:
    """One run of the driver: as a user, in a directory that the user can read and write, under a token of its own."""

    def __init__(self, user, mode, isolation, timeout=2.0, names=()):
        self.token = f"attack-{secrets.token_hex(8)}"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.token}-"))
        self.directory.chmod(0o777)
        shutil.copytree(
            ROOT / "codelm_jax", self.directory / "codelm_jax", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copytree(
            HERE / "attacks", self.directory / "attacks", ignore=shutil.ignore_patterns("__pycache__")
        )
        subprocess.run(["chmod", "-R", "a+rX", self.directory], check=True)
        output = self.directory / "report.json"
        switch = {} if user == os.geteuid() else {"user": user, "group": user, "extra_groups": []}
        done = subprocess.run(
            [
                interpreter(user),
                "-B",
                "-m",
                "attacks.driver",
                output,
                mode,
                isolation,
                str(timeout),
                self.token,
                *names,
            ],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(self.directory),
                "TMPDIR": str(self.directory),
            },
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
            **switch,
        )
        assert output.exists(), done.stderr
        self.report = json.loads(output.read_text())
        self.attacks = self.report["attacks"]

    def survivors(self):
        return world.processes_with(str(self.directory))

    def close(self):
        shutil.rmtree(self.directory, ignore_errors=True)


def interpreter(user):
    """A Python 3.11 or later that `user` may run; the tests' own may lie in a private directory."""
    if user == os.geteuid():
        return sys.executable
    for candidate in (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            done = subprocess.run(
                [candidate, "-I", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
                user=user,
                group=user,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                check=False,
            )
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    return None


def users():
    return [0, ORDINARY_USER] if os.geteuid() == 0 else [os.geteuid()]


def has_namespaces(user):
    """Whether this machine gives `user` namespaces at all."""
    switch = {} if user == os.geteuid() else {"user": user, "group": user, "extra_groups": []}
    own = ["--user"] if user else []
    try:
        return (
            subprocess.run(
                ["unshare", *own, "--pid", "--net", "true"], cwd="/", capture_output=True, **switch
            ).returncode
            == 0
        )
    except FileNotFoundError:
        return True


def test_there_are_attacks_of_every_kind_and_no_name_is_used_twice():
    attacks = catalogue.read_all()
    assert len(attacks) >= 50
    assert len({attack.name for attack in attacks}) == len(attacks)
    assert all(len(catalogue.read(kind)) >= 10 for kind in catalogue.KINDS)


@pytest.mark.parametrize("isolation", ["auto", "none"])
def test_attacks_achieve_nothing(isolation):
    run = Run(os.geteuid(), "sandbox", isolation, timeout=1.0, names=SHORT)
    try:
        assert len(run.attacks) == len(SHORT)
        assert {name: result["harm"] for name, result in run.attacks.items() if result["harm"]} == {}
        assert run.report["still_judges"]
        assert run.survivors() == []
    finally:
        run.close()


def test_the_bare_harness_falls_to_an_attack_of_each_kind():
    names = [
        "object equal to everything",
        "daemon",
        "overwriting a file",
        "TCP connection",
        "a block of memory",
    ]
    run = Run(os.geteuid(), "bare", "none", names=names)
    try:
        assert {name: bool(result["harm"]) for name, result in run.attacks.items()} == dict.fromkeys(
            names, True
        )
    finally:
        run.close()


@pytest.mark.slow
def test_every_attack_under_all_circumstances(capsys):
    columns = {}
    try:
        columns["bare exec"] = Run(os.geteuid(), "bare", "none")
        for user in users():
            if interpreter(user) is None:
                pytest.skip("no Python that an ordinary user may run")
            kinds = ["namespaces"] if has_namespaces(user) else []
            kinds += ["bubblewrap"] if shutil.which("bwrap") else []
            for isolation in [*kinds, "none"]:
                columns[f"{'root' if user == 0 else 'user'}, {isolation}"] = Run(user, "sandbox", isolation)
        time.sleep(SURVIVAL_SECONDS)
        survivors = {name: run.survivors() for name, run in columns.items()}
        with capsys.disabled():
            print(table(columns))
        sandboxed = {name: run for name, run in columns.items() if name != "bare exec"}
        assert [name for name, result in columns["bare exec"].attacks.items() if not result["harm"]] == []
        for column, run in sandboxed.items():
            assert len(run.attacks) == len(catalogue.read_all())
            assert {n: r["harm"] for n, r in run.attacks.items() if r["harm"]} == {}, column
            assert run.report["still_judges"], column
        assert survivors == {name: [] for name in columns}
    finally:
        for run in columns.values():
            run.close()


def table(columns):
    """The result as Markdown: what each attack achieved, or how it ended."""
    lines = ["", f"| kind | attack | {' | '.join(columns)} |", "|---|---|" + "---|" * len(columns)]
    for attack in catalogue.read_all():
        cells = []
        for run in columns.values():
            result = run.attacks[attack.name]
            cells.append(f"**{', '.join(result['harm'])}**" if result["harm"] else result["outcome"])
        lines.append(f"| {attack.kind} | {attack.name} | {' | '.join(cells)} |")
    layers = [
        f"- {name}: {', '.join(run.report['layers'])}"
        for name, run in columns.items()
        if "layers" in run.report
    ]
    return "\n".join([*lines, "", "Layers that held:", "", *layers, ""])
