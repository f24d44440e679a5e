import shutil

import pytest
from checkpoint_states import make_state, restore, same, save
from command_process import CommandProcess

from codelm_jax.checkpoint import inspection
from codelm_jax.checkpoint.lock import RunLock
from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.errors import UserError

META = RunMeta(
    config={"model": {"hidden_dim": 8}},
    tokenizer_json="{}",
    data_fingerprint="0123456789abcdef",
    device_kind="NVIDIA H100",
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    directory = tmp_path_factory.mktemp("saved")
    with CheckpointStore(directory / "checkpoints") as store:
        for step, nll in ((1, 1.25), (2, 2.5), (3, 2.0)):
            save(store, step, metrics={"nll": nll}, meta=META)
    return directory


@pytest.fixture
def run(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "run")


def damage(run, step):
    shutil.rmtree(run / "checkpoints" / str(step) / "state")


def test_verify_reads_every_step_and_finds_the_damaged_ones(run):
    assert [finding.damage for finding in inspection.verify(run)] == [None, None, None]
    damage(run, 2)
    findings = list(inspection.verify(run))
    assert [finding.directory.name for finding in findings if finding.damage] == ["2"]
    assert str(findings[1]).startswith("damaged ")
    assert "data 0123456789ab" in str(findings[0])
    (finding,) = inspection.verify(run / "checkpoints" / "3")
    assert finding.damage is None


def test_a_step_that_a_run_removes_meanwhile_is_not_damaged(run, monkeypatch):
    found = inspection._step_directories(run)
    monkeypatch.setattr(inspection, "_step_directories", lambda path: found)
    shutil.rmtree(run / "checkpoints" / "1")
    assert [(f.directory.name, f.damage) for f in inspection.verify(run)] == [("2", None), ("3", None)]
    assert "damaged" not in inspection.show(run)


def test_show_prints_steps_metrics_provenance_and_every_parameter(run):
    text = inspection.show(run)
    assert "step 1: 14 arrays" in text
    assert "nll 1.25 (best)" in text
    assert "step 3 in full" in text
    assert 'device_kind: "NVIDIA H100"' in text
    assert '"hidden_dim": 8' in text
    assert "params/head" in text
    assert "bfloat16[8,400]" in text
    assert text.splitlines()[-1].split() == ["total", f"{400 * 8 * 3 + 8:,}"]


def test_show_describes_the_sound_steps_if_another_is_damaged(run):
    shutil.rmtree(run / "checkpoints" / "3" / "digests")
    text = inspection.show(run)
    assert text.splitlines()[0].startswith(f"damaged  {run}/checkpoints/3: ")
    assert "step 2 in full" in text


def test_repair_quarantines_damaged_steps_and_removes_unfinished_saves(run):
    damage(run, 3)
    shutil.copytree(run / "checkpoints" / "1", run / "checkpoints" / "4.orbax-checkpoint-tmp")
    (run / "checkpoints" / "10").mkdir()
    done = inspection.repair(run)
    assert len(done) == 3
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["1", "2", "quarantine"]
    assert inspection.repair(run) == []
    with CheckpointStore(run / "checkpoints") as store:
        assert same(restore(store, make_state(0)).state, make_state(2))


def test_repair_leaves_a_running_run_alone(run):
    damage(run, 3)
    with RunLock(run), pytest.raises(UserError, match="in use by pid"):
        inspection.repair(run)
    assert (run / "checkpoints" / "3").exists()


def test_repair_moves_the_last_step_only_with_yes(run):
    for step in (1, 2, 3):
        damage(run, step)
    unfinished = run / "checkpoints" / "4.orbax-checkpoint-tmp"
    unfinished.mkdir()
    before = sorted(run.rglob("*"))
    with pytest.raises(UserError) as refused:
        inspection.repair(run)
    for step in (1, 2, 3):
        assert f"{run}/checkpoints/{step}: its arrays" in str(refused.value)
    assert "no sound step would remain" in str(refused.value)
    assert "nothing was changed: add --yes" in str(refused.value)
    assert [path for path in sorted(run.rglob("*")) if "run.lock" not in path.name] == before
    assert len(inspection.repair(run, yes=True)) == 4
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["quarantine"]


def test_repair_takes_no_single_step(run):
    with pytest.raises(UserError, match="is one step"):
        inspection.repair(run / "checkpoints" / "3")


def test_every_step_is_named_by_a_digest_of_its_own(run):
    digests = [str(finding).partition("sha256 ")[2][:64] for finding in inspection.verify(run)]
    assert len(set(digests)) == 3
    assert all(len(digest) == 64 for digest in digests)
    shown = inspection.show(run).splitlines()
    assert all(digest in line for digest, line in zip(digests, shown, strict=False))


@pytest.mark.parametrize(
    "look", [lambda path: list(inspection.verify(path)), inspection.show, inspection.repair]
)
def test_a_run_without_a_sound_step_says_what_it_holds_and_where(run, look):
    checkpoints = run / "checkpoints"
    for step in (1, 2):
        shutil.rmtree(checkpoints / str(step))
    damage(run, 3)
    inspection.repair(run, yes=True)
    for path in (run, checkpoints):
        with pytest.raises(UserError, match=rf"no sound checkpoint; .*step 3.* {checkpoints / 'quarantine'}"):
            look(path)
    shutil.rmtree(checkpoints / "quarantine")
    (checkpoints / "4.orbax-checkpoint-tmp").mkdir()
    with pytest.raises(UserError, match=rf"interrupted \({checkpoints}/4.orbax-checkpoint-tmp\)"):
        look(run)


def test_the_command_exits_with_1_for_damage_and_2_for_a_mistake_each_in_one_line(run):
    damage(run, 2)
    with CommandProcess("checkpoint") as command:
        verified = command.run("verify", run)
        assert verified.status == 1
        assert [line.split()[0] for line in verified.output.splitlines()] == ["sound", "damaged", "sound"]
        mistaken = command.run("verify", run / "nowhere")
        assert mistaken.status == 2
        assert "nowhere: no such directory" in mistaken.errors.splitlines()[-1]
        for step in (1, 3):
            damage(run, step)
        assert command.run("repair", run).status == 2
        repaired = command.run("repair", run, "--yes")
        assert (repaired.status, len(repaired.output.splitlines())) == (0, 3), repaired.errors
