"""Learning rates over a run: a linear warm-up, then what `config.schedule` names. A new schedule is one function and one line."""

from collections.abc import Callable

import optax

from codelm_jax.training.config import TrainConfig, registered

# From the config and the number of steps after the warm-up to the rates of these steps.
Decay = Callable[[TrainConfig, int], optax.Schedule]


def _cosine(config: TrainConfig, steps: int) -> optax.Schedule:
    share = config.final_learning_rate / config.learning_rate
    return optax.cosine_decay_schedule(config.learning_rate, steps, alpha=share)


def _linear(config: TrainConfig, steps: int) -> optax.Schedule:
    return optax.linear_schedule(config.learning_rate, config.final_learning_rate, steps)


def _warmup_stable_decay(config: TrainConfig, steps: int) -> optax.Schedule:
    """Constant, then linear over the last `decay_share` of the run (Hu et al. 2024, "MiniCPM")."""
    decay = min(max(round(config.decay_share * config.max_steps), 1), steps)
    constant = optax.constant_schedule(config.learning_rate)
    return optax.join_schedules([constant, _linear(config, decay)], [steps - decay])


SCHEDULES: dict[str, Decay] = {
    "cosine": _cosine,
    "linear": _linear,
    "wsd": _warmup_stable_decay,
}


def make_schedule(config: TrainConfig) -> optax.Schedule:
    """From 0 to `learning_rate` over `warmup_steps`, then to `final_learning_rate` at `max_steps`.

    Raises:
        UserError: there is no such schedule.
    """
    warmup = min(config.warmup_steps, config.max_steps)
    decay = registered(SCHEDULES, "schedule", config.schedule)(config, max(config.max_steps - warmup, 1))
    if not warmup:
        return decay
    return optax.join_schedules([optax.linear_schedule(0.0, config.learning_rate, warmup), decay], [warmup])
