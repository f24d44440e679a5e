"""What the user chose for an evaluation."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from codelm_jax.evals.interfaces import Sampling
from codelm_jax.evals.templates import Templates

PROTOCOLS = ("default", "reference")


@dataclasses.dataclass(frozen=True)
class Option:
    """A flag of one suite.

    Attributes:
        name: of the flag, without dashes.
        help: one sentence.
        default: None for a text flag without a default, a number for a flag of numbers.
    """

    name: str
    help: str
    default: int | None = None


@dataclasses.dataclass(frozen=True)
class Choices:
    """What the user chose for all suites.

    Attributes:
        seed: random seed of all sampling and all bootstraps.
        templates: the prompts.
        reference: whether the settings of the 2025 reference are repeated where it had any.
        sampling: fields of `Sampling` that replace a suite's own.
        options: values of the suites' flags, by name.
    """

    seed: int
    templates: Templates
    reference: bool = False
    sampling: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def sampling_of(self, own: Sampling, reference: Sampling | None = None) -> Sampling:
        """How a suite samples that has these settings by default and these under the reference's protocol."""
        chosen = reference if self.reference and reference is not None else own
        return dataclasses.replace(chosen, **self.sampling, seed=self.seed)
