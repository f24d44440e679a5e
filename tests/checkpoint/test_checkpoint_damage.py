import json
import os
import random
import resource
import shutil
from pathlib import Path

import pytest
from checkpoint_states import META, make_state, restore, same, save

from codelm_jax.checkpoint.digest import Damaged, Digests
from codelm_jax.checkpoint.locate import saved_steps
from codelm_jax.checkpoint.saved_step import SavedStep
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.errors import UserError
from codelm_jax.run_files import json_digest

pytestmark = pytest.mark.faults

ITEMS = ("data", "meta", "digests")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A checkpoints directory with one sound step, never touched by a test."""
    directory = tmp_path_factory.mktemp("sound")
    with CheckpointStore(directory) as store:
        save(store, 5, metrics={"nll": 2.0})
    return directory


def files(directory):
    return sorted(path for path in (directory / "5").rglob("*") if path.is_file())


def array_file(step_directory):
    return max((step_directory / "state").rglob("d/*"), key=lambda path: path.stat().st_size)


def wrong_after(sound, copy, damage):
    """Damages a copy of the sound step, the only one.

    Returns:
        Whether a restore then hands out anything but the saved step, and what a refusal says.
    """
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(sound, copy)
    damage(copy)
    try:
        with CheckpointStore(copy) as store:
            restored = restore(store, make_state(5))
    except UserError as refusal:
        assert not (copy / "quarantine").exists(), "the last step was moved"
        return False, str(refusal)
    exact = same(restored.state, make_state(5)) and restored.data == {"next_index": 5}
    return not (exact and restored.meta == META and restored.metrics == {"nll": 2.0}), ""


@pytest.mark.parametrize("flips", [30, pytest.param(2000, marks=pytest.mark.slow)])
def test_no_flipped_bit_gives_a_wrong_restore(sound, tmp_path, flips):
    rng, wrong, caught_by_digest = random.Random(0), 0, 0

    def flip(copy):
        # Half of them anywhere, half in the file that holds the arrays.
        path = rng.choice((rng.choice(files(copy)), array_file(copy / "5")))
        content = bytearray(path.read_bytes())
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)

    for _ in range(flips):
        is_wrong, refusal = wrong_after(sound, tmp_path / "copy", flip)
        wrong += is_wrong
        caught_by_digest += "differs from its digest" in refusal
    assert wrong == 0
    assert caught_by_digest > flips / 4, "hardly a flip hit the weights"
    print(f"{flips} flipped bits, {caught_by_digest} of them told by the digests alone: 0 wrong restores")


@pytest.mark.parametrize("truncations", [10, pytest.param(500, marks=pytest.mark.slow)])
def test_no_truncated_file_gives_a_wrong_restore(sound, tmp_path, truncations):
    rng = random.Random(1)

    def truncate(copy):
        path = rng.choice(files(copy))
        path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])

    assert sum(wrong_after(sound, tmp_path / "copy", truncate)[0] for _ in range(truncations)) == 0
    print(f"{truncations} files cut short: 0 wrong restores")


def test_no_deleted_file_gives_a_wrong_restore(sound, tmp_path):
    for path in files(sound):
        relative = path.relative_to(sound)
        assert not wrong_after(sound, tmp_path / "copy", lambda copy, gone=relative: (copy / gone).unlink())[
            0
        ], relative
    print(f"each of {len(files(sound))} files deleted once: 0 wrong restores")


def flip_weights(step_directory):
    largest = max(
        (path for path in step_directory.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size
    )
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 16
    largest.write_bytes(content)


def empty(step_directory):
    shutil.rmtree(step_directory)
    step_directory.mkdir()


def lose_digests(step_directory):
    shutil.rmtree(step_directory / "digests")


def lose_iterator_state(step_directory):
    (step_directory / "data" / "metadata").unlink()


DAMAGES = [flip_weights, empty, lose_digests, lose_iterator_state]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("reopened", [False, True])
def test_a_damaged_newest_step_is_quarantined_with_a_warning_and_the_step_before_is_restored(
    tmp_path, caplog, damage, reopened
):
    store = CheckpointStore(tmp_path)
    for step in (1, 2):
        save(store, step)
    store.wait()
    if reopened:
        store.close()
    damage(tmp_path / "2")
    if reopened:
        store = CheckpointStore(tmp_path)
    restored = restore(store, make_state(0))
    assert (restored.step, same(restored.state, make_state(1))) == (1, True)
    assert f"{tmp_path}/2: " in caplog.text
    assert (tmp_path / "quarantine" / "2").is_dir()
    assert (tmp_path / "quarantine" / "2.reason.txt").read_text().startswith(f"{tmp_path}/2: ")
    # The run goes on from there, past the same step number, and may lose that one too.
    save(store, 2)
    store.wait()
    assert (store.steps(), same(restore(store, make_state(0)).state, make_state(2))) == (
        [1, 2],
        True,
    )
    damage(tmp_path / "2")
    assert restore(store, make_state(0)).step == 1
    assert (tmp_path / "quarantine" / "2.2").is_dir()
    store.close()


@pytest.mark.parametrize("fallbacks", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_whatever_is_damaged_in_the_newest_step_the_one_before_it_is_restored(tmp_path, fallbacks):
    rng = random.Random(2)
    with CheckpointStore(tmp_path / "run") as store:
        for step in (4, 5):
            save(store, step)
    for number in range(fallbacks):
        copy = tmp_path / str(number)
        shutil.copytree(tmp_path / "run", copy)
        path = rng.choice([array_file(copy / "5"), *(copy / "5" / item / "metadata" for item in ITEMS)])
        rng.choice([cut, overwrite, Path.unlink])(path)
        with CheckpointStore(copy) as store:
            restored = restore(store, make_state(0))
            assert (restored.step, same(restored.state, make_state(4))) == (4, True), path
            assert (restored.data, store.steps()) == ({"next_index": 4}, [4]), path
        assert (copy / "quarantine" / "5").is_dir(), path
        shutil.rmtree(copy)
    print(f"{fallbacks} damaged newest steps: {fallbacks} times the one before it was restored exactly")


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path):
    """With as many other bytes."""
    path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))


def test_when_no_step_is_sound_the_run_stops_and_never_starts_over_silently(tmp_path):
    with CheckpointStore(tmp_path) as store:
        for step in (1, 2):
            save(store, step)
        store.wait()
        flip_weights(tmp_path / "1")
        empty(tmp_path / "2")
        with pytest.raises(UserError, match="no step is sound"):
            restore(store, make_state(0))
    for _ in range(2):
        with (
            CheckpointStore(tmp_path) as store,
            pytest.raises(UserError, match=r"no step is sound .*not moved"),
        ):
            restore(store, make_state(0))
    assert saved_steps(tmp_path) == [1], "the last step that looked sound was moved"


def test_running_out_of_descriptors_quarantines_no_sound_step(tmp_path):
    with CheckpointStore(tmp_path) as store:
        save(store, 1)
    step = SavedStep(tmp_path / "1")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open(os.devnull) as file:
        lowest_free = file.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
    try:
        with pytest.raises(UserError, match="Too many open files") as told:
            step.leaves()
        with pytest.raises(UserError, match="Too many open files") as told_first:
            SavedStep(tmp_path / "1")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert not isinstance(told.value, Damaged)
    assert not isinstance(told_first.value, Damaged)


def test_an_empty_directory_among_sound_steps_removes_none_of_them(tmp_path):
    with CheckpointStore(tmp_path) as store:
        for step in (1, 2):
            save(store, step)
    (tmp_path / "10").mkdir()
    with CheckpointStore(tmp_path) as store:
        assert store.latest_step() == 2
        save(store, 3)
        store.wait()
        assert store.steps() == [2, 3]


def test_a_damaged_best_step_is_replaced_by_the_best_of_the_rest(tmp_path):
    with CheckpointStore(tmp_path) as store:
        for step, nll in ((1, 1.0), (2, 3.0), (3, 2.0)):
            save(store, step, metrics={"nll": nll})
    (tmp_path / "1" / "digests" / "metadata").write_text("[]")
    with CheckpointStore(tmp_path) as store:
        assert store.best_step() == 3
        save(store, 4, metrics={"nll": 9.0})
        save(store, 5, metrics={"nll": 9.0})
        store.wait()
        assert store.steps() == [3, 4, 5]


def test_a_step_chosen_by_number_is_restored_or_refused(tmp_path):
    with CheckpointStore(tmp_path) as store:
        for step in (1, 2):
            save(store, step)
        store.wait()
        flip_weights(tmp_path / "2")
        with pytest.raises(Damaged, match=f"{tmp_path}/2: "):
            restore(store, make_state(0), step=2)
        assert store.steps() == [1, 2]


def test_verify_names_the_leaf_that_differs(tmp_path):
    with CheckpointStore(tmp_path) as store:
        save(store, 1)
        store.verify(1)
        flip_weights(tmp_path / "1")
        with pytest.raises(Damaged, match=f"{tmp_path}/1: .*(differs|cannot be read)"):
            store.verify(1)


def test_a_step_under_another_number_is_damaged(tmp_path):
    with CheckpointStore(tmp_path) as store:
        save(store, 1)
    (tmp_path / "1").rename(tmp_path / "7")
    with CheckpointStore(tmp_path) as store, pytest.raises(UserError, match="no step is sound"):
        restore(store, make_state(0))


def test_a_table_of_another_format_or_text_is_refused():
    table = Digests(1, None, {}, "", "").to_json()
    assert Digests.from_json(table).step == 1
    with pytest.raises(ValueError, match="own digest"):
        Digests.from_json({**table, "step": 2})
    with pytest.raises(ValueError, match="not a table"):
        Digests.from_json(None)


def test_a_sound_step_of_another_format_is_refused_and_stays_where_it_is(tmp_path):
    with CheckpointStore(tmp_path) as store:
        save(store, 1)
    table = tmp_path / "1" / "digests" / "metadata"
    newer = {**json.loads(table.read_text()), "format": 2}
    del newer["sha256"]
    table.write_text(json.dumps({**newer, "sha256": json_digest(newer)}))
    with pytest.raises(
        UserError, match=r"1: a checkpoint of format 2, and this version reads format 1"
    ) as refused:
        CheckpointStore(tmp_path)
    assert not isinstance(refused.value, Damaged)
    assert (tmp_path / "1").is_dir()


def test_linked_steps_are_read_but_no_run_resumes_there(tmp_path):
    with CheckpointStore(tmp_path / "checkpoints") as store:
        save(store, 1)
    step = tmp_path / "checkpoints" / "1"
    step.rename(tmp_path / "elsewhere")
    step.symlink_to(tmp_path / "elsewhere")
    SavedStep(step).verify()
    with pytest.raises(UserError, match=r"is a link, .*: link the whole run directory"):
        CheckpointStore(tmp_path / "checkpoints")
