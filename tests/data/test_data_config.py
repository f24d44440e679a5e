"""What the data section accepts."""

import dataclasses
import json

import pytest
from source_trees import data_config

from codelm_jax.data.config import DataConfig
from codelm_jax.errors import UserError
from codelm_jax.schema import parse


def test_a_resolved_config_survives_json(tmp_path):
    config = data_config(tmp_path, licenses=("MIT",))
    stored = json.loads(json.dumps(dataclasses.asdict(config)))
    assert parse(DataConfig, stored, "config.data") == config


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"source": "web"}, "config.data.source"),
        ({"source": "python-env"}, "directories is only read with source='directories'"),
        ({"directories": ()}, "source='directories' needs directories"),
        ({"train_path": "a"}, "train_path is only read with source='text'"),
        ({"source": "text", "directories": ()}, "needs train_path"),
        (
            {"source": "text", "directories": (), "train_path": "a", "val_path": "b", "licenses": ("MIT",)},
            "licenses",
        ),
        ({"directories": "src"}, "config.data.directories"),
        ({"source": "packages", "directories": ()}, "source='packages' needs corpus"),
        ({"max_package_share": 0.0}, "config.data.max_package_share"),
        ({"max_package_share": 1.5}, "config.data.max_package_share"),
        ({"max_bytes": 0}, "config.data.max_bytes"),
        ({"max_bytes": 1e6}, "config.data.max_bytes"),
        ({"near_duplicate_threshold": float("nan")}, "config.data.near_duplicate_threshold"),
        ({"near_duplicate_threshold": 1.5}, "config.data.near_duplicate_threshold"),
        ({"prepared_dir": ""}, "config.data.prepared_dir"),
        ({"split_seed": -1}, "config.data.split_seed"),
        ({"drop_secrets": "yes"}, "config.data.drop_secrets"),
        ({"unknown": 1}, "config.data.unknown: no such key"),
    ],
)
def test_impossible_values_are_refused_by_key(tmp_path, changes, complaint):
    values = dataclasses.asdict(data_config(tmp_path)) | changes
    with pytest.raises(UserError, match=complaint):
        parse(DataConfig, values, "config.data")
