"""All data sources. A new one is a file in `sources/` and a line here."""

from codelm_jax.preparation.source import Source
from codelm_jax.preparation.sources.directories import Directories
from codelm_jax.preparation.sources.exercises import Exercises
from codelm_jax.preparation.sources.packages import Packages
from codelm_jax.preparation.sources.python_env import PythonEnvironment
from codelm_jax.preparation.sources.records import Records
from codelm_jax.preparation.sources.text import Text

SOURCES: dict[str, type[Source]] = {
    source.name: source
    for source in (
        Packages,
        PythonEnvironment,
        Directories,
        Text,
        Records,
        Exercises,
    )
}
