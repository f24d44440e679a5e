"""Prepares the data of a config and nothing else: corpus, tokenizer, token files, manifest.

    python scripts/prepare_data.py --config=configs/tiny.py
    python scripts/prepare_data.py --config=configs/strongreg.py --config.data.source=directories \
        "--config.data.directories=('src', 'lib')" --config.data.prepared_dir=data/own
    python scripts/prepare_data.py --config=configs/tiny.py --update-corpus

Training does this by itself where it is needed. Run again, it checks that the data is still what the config says.
"""

from absl import flags

from codelm_jax import cli
from codelm_jax.data.progress import console_report
from codelm_jax.model.config import ModelConfig
from codelm_jax.preparation import corpus_update
from codelm_jax.preparation.config import parse_data_config
from codelm_jax.preparation.prepare import prepare
from codelm_jax.schema import parse

_CONFIG = cli.define_config()
_UPDATE = flags.DEFINE_bool(
    "update-corpus", False, "Pin config.data.corpus to the newest versions; prepare nothing."
)


def main() -> None:
    """Prepares `config.data.prepared_dir`, or pins its list of packages."""
    config = _CONFIG.value
    data = parse_data_config(config.data.to_dict())
    model = parse(ModelConfig, config.model, "config.model")
    with console_report() as report:
        if _UPDATE.value:
            corpus_update.update(config.data.corpus, report)
            return
        prepared = prepare(data, vocab_size=model.vocab_size, report=report)
        report(f"fingerprint {prepared.fingerprint}")


def run() -> None:
    """Entry point of `codelm-prepare-data`."""
    cli.run(main)


if __name__ == "__main__":
    run()
