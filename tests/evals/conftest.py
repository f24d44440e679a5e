import jax
import pytest
from evaluated_run import TEMPLATES, params_of, parsed, prepare_data, raw_config, save_run

from codelm_jax.checkpoint.load import load_checkpoint
from codelm_jax.data.prepared import load_prepared
from codelm_jax.evaluation_inputs.model import evaluated_model


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """The directory of a run; its data and some templates are next to it."""
    directory = tmp_path_factory.mktemp("evaluated")
    raw = raw_config(directory)
    (directory / "templates.toml").write_text(TEMPLATES)
    with jax.numpy_dtype_promotion("standard"):
        return save_run(directory, raw, prepare_data(directory, raw), params_of(parsed(raw)))


@pytest.fixture(scope="session")
def prepared(run):
    return load_prepared(run.parent / "prepared")


@pytest.fixture(scope="session")
def loaded(run):
    return load_checkpoint(run)


@pytest.fixture(scope="session")
def model(loaded):
    """The run's model as suites see it; what it compiles is shared by all tests."""
    with jax.numpy_dtype_promotion("standard"):
        return evaluated_model(loaded)
