"""A run says that its last step is saved only when it has read it back from the disk."""

import jax
import pytest
from training.tiny_run import make_run

from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.errors import UserError
from codelm_jax.training.loop import train

pytestmark = pytest.mark.faults


def test_a_last_step_that_the_disk_garbled_is_not_called_saved(tmp_path, monkeypatch, capsys):
    def wait_and_garble(store):
        wait(store)
        for path in (store.directory / "8" / "data").glob("metadata"):
            path.write_text(path.read_text().replace("8", "7"))

    wait = CheckpointStore.wait
    monkeypatch.setattr(CheckpointStore, "wait", wait_and_garble)
    # optax multiplies float32 by Python floats.
    with (
        jax.numpy_dtype_promotion("standard"),
        pytest.raises(UserError, match=r"checkpoints/8: data differs from its digest"),
    ):
        train(make_run(tmp_path))
    assert "saved" not in capsys.readouterr().out
