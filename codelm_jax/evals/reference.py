"""Figures that the 2025 reference reported of its model, for comparison."""

from codelm_jax.evals.statistics import rate

# Step -> share of few-shot samples that collapsed, by its own rule (`legacy_collapse` here).
FEW_SHOT_COLLAPSE = {6000: 0.227, 10_000: 0.136, 20_000: 0.200, 50_000: 0.145}
# The last of them as a count: 8 of 55 samples.
FINAL_COLLAPSE = rate(8, 55)
# Share of samples after a bare signature.
SHORT_PROMPT_COLLAPSE = 0.90
# Tokens of context -> probability that a new line comes next.
NEWLINE_PROBABILITY = {50: 0.40, 100: 0.60}
# Probability of `):` after `def foo(n):` without any context.
LEGACY_TOKEN_PROBABILITY = 0.90
TASKS_PASSED = rate(0, 20)
