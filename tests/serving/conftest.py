import pytest
from served import serving


@pytest.fixture(scope="session")
def address():
    """A server with the settings of `served`."""
    with serving() as address:
        yield address
