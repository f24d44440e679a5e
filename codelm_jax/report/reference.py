"""What the 2025 reference model reported of itself: the figures this project sets its own beside."""

from codelm_jax.report.wording import Rate

# Step -> share of few-shot samples that collapsed, by its own rule (`legacy_collapse` here).
FEW_SHOT_COLLAPSE = {6000: 0.227, 10_000: 0.136, 20_000: 0.200, 50_000: 0.145}
# The last of them as a count: 8 of 55 samples.
FINAL_COLLAPSE: Rate = {"count": 8, "n": 55, "rate": 8 / 55, "low": 0.0756, "high": 0.2616}
# Share of samples after a bare signature.
SHORT_PROMPT_COLLAPSE = 0.90
# Tokens of context -> probability that a new line comes next.
NEWLINE_PROBABILITY = {50: 0.40, 100: 0.60}
# Probability of `):` after `def foo(n):` without any context.
LEGACY_TOKEN_PROBABILITY = 0.90
TASKS_PASSED: Rate = {"count": 0, "n": 20, "rate": 0.0, "low": 0.0, "high": 0.1611}
