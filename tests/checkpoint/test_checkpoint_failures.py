"""Failures that say nothing about a step: of paths, of the file system, of memory and of libraries."""

import errno
import os
import shutil
from pathlib import Path

import pytest
import tensorstore
from checkpoint_states import make_state, restore, same, save

from codelm_jax.checkpoint import inspection
from codelm_jax.checkpoint.digest import Damaged
from codelm_jax.checkpoint.load import load_checkpoint
from codelm_jax.checkpoint.locate import run_directory
from codelm_jax.checkpoint.lock import RunLock
from codelm_jax.checkpoint.saved_step import SavedStep
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.errors import UserError
from codelm_jax.training.resume import saved_meta

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    directory = tmp_path_factory.mktemp("saved")
    with CheckpointStore(directory / "checkpoints") as store:
        for step in (1, 2):
            save(store, step)
    return directory


@pytest.fixture
def run(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "run")


def restore_run(run):
    with CheckpointStore(run / "checkpoints") as store:
        return restore(store, make_state(0))


LOOKS = [
    restore_run,
    lambda run: load_checkpoint(run),
    lambda run: inspection.repair(run, yes=True),
    lambda run: list(inspection.verify(run)),
]


def files(run):
    return [path for path in sorted(run.rglob("*")) if "run.lock" not in path.name]


def test_a_step_is_the_same_by_whatever_path_it_is_reached(run, tmp_path, monkeypatch):
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "deep")
    odd = tmp_path / "a b%41?#\\é\n..x"
    undecodable = tmp_path / os.fsdecode(b"caf\xe9")
    for copy in (odd, undecodable, tmp_path / "elsewhere" / "run"):
        shutil.copytree(run, copy)
    (tmp_path / "named").symlink_to(run)
    monkeypatch.chdir(tmp_path / "elsewhere")
    for path in (
        Path("../run"),
        Path("../elsewhere/../run"),
        Path("run"),
        Path("./deep/../run"),
        tmp_path / "elsewhere" / ".." / "run",
        tmp_path / "link" / ".." / "run",  # where the link leads to, as for the file system
        tmp_path / "named",
        odd,
        undecodable,
    ):
        assert [finding.damage for finding in inspection.verify(path)] == [None, None], path
        assert inspection.repair(path, yes=True) == [], path
        assert load_checkpoint(path).step == 2, path
        SavedStep(path / "checkpoints" / "2").verify()
        assert same(restore_run(path).state, make_state(2)), path
        assert run_directory(path) == path.resolve(), path
        with RunLock(path), pytest.raises(UserError, match="in use by"):
            RunLock(path.resolve()).acquire()
    with CheckpointStore(Path("../new/checkpoints")) as store:
        save(store, 1)
        store.verify(1)
        assert store.steps() == [1]


def refused(run, error_type: type[Exception] = UserError):
    """Checks that every way to look at a run that cannot be read is refused, and moves nothing."""
    before = files(run)
    for look in LOOKS:
        with pytest.raises(error_type) as told:
            look(run)
        assert not isinstance(told.value, Damaged), told.value
        if error_type is UserError:
            assert "nothing was changed" in str(told.value)
    assert files(run) == before


@pytest.mark.parametrize("item", ["digests", "meta"])
def test_a_file_system_error_quarantines_no_step(run, monkeypatch, item):
    read = Path.read_bytes

    for number in (errno.EIO, errno.EACCES, errno.ESTALE, errno.ETIMEDOUT, errno.ENOMEM, errno.ELOOP):

        def fail(path, number=number):
            if path.parent.name == item:
                raise OSError(number, os.strerror(number), str(path))
            return read(path)

        monkeypatch.setattr(Path, "read_bytes", fail)
        refused(run)


@pytest.mark.parametrize(
    "error", [RuntimeError("INTERNAL: a bug"), NotImplementedError(), OSError(5, "gone")]
)
def test_a_library_error_quarantines_no_step(run, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(tensorstore, "open", fail)
    refused(run)


def test_running_out_of_memory_quarantines_no_step(run, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(tensorstore, "open", fail)
    refused(run, MemoryError)


def test_arrays_that_the_library_cannot_open_as_files_are_read_from_their_bytes(run, monkeypatch):
    opened = tensorstore.open

    def no_files(spec, **options):
        if spec["kvstore"]["base"]["driver"] == "file":
            raise ValueError("Invalid file path")
        return opened(spec, **options)

    monkeypatch.setattr(tensorstore, "open", no_files)
    assert same(restore_run(run).state, make_state(2))
    shutil.rmtree(run / "checkpoints" / "2" / "state" / "d")
    assert same(restore_run(run).state, make_state(1))
    assert (run / "checkpoints" / "quarantine" / "2").is_dir()


def test_a_file_missing_from_a_directory_that_cannot_be_listed_is_no_damage(run, monkeypatch):
    listed = os.listdir
    for step in (1, 2):
        (run / "checkpoints" / str(step) / "meta" / "metadata").unlink()

    def fail(path="."):
        if Path(path).parent.name == "checkpoints":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "listdir", fail)
    refused(run)
    with pytest.raises(UserError, match="nothing was changed"):
        saved_meta(run)
