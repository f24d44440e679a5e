import functools

import pytest
from faults.undisturbed import UndisturbedRun


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """From a number of steps to an undisturbed run of so many, made once."""
    return functools.cache(lambda steps: UndisturbedRun(tmp_path_factory.mktemp("undisturbed"), steps))
