import pytest
import report_runs

from codelm_jax.report.runs import load_runs


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """The directory of a run with everything."""
    return report_runs.whole_run(tmp_path_factory.mktemp("runs"), "whole")


@pytest.fixture(scope="session")
def run(whole):
    (loaded,) = load_runs([whole])
    return loaded


@pytest.fixture(scope="session")
def other(tmp_path_factory):
    """A trained run whose data is gone and that was never evaluated."""
    root = tmp_path_factory.mktemp("others")
    report_runs.train(root / "other", prepared_dir=root / "gone", smoothing=0.0, device="H100")
    (loaded,) = load_runs([root / "other"])
    return loaded
