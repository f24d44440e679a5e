"""What the data section accepts."""

import json

import pytest
from source_trees import data_config, raw_data

from codelm_jax.errors import UserError
from codelm_jax.preparation.config import parse_data_config


def test_a_resolved_config_survives_json(tmp_path):
    raw = raw_data(tmp_path, licenses=("MIT",))
    assert parse_data_config(json.loads(json.dumps(raw))) == parse_data_config(raw)


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
        (
            {"source": "exercises", "directories": (), "exercises": {"seed": 0, "count": 0}},
            "config.data.exercises.count = 0",
        ),
        (
            {"source": "exercises", "directories": (), "exercises": {"seed": 0}},
            "config.data.exercises.count: missing",
        ),
        ({"source": "exercises", "directories": (), "exercises": 3}, "config.data.exercises = 3"),
        ({"source": "exercises", "directories": ()}, "config.data.exercises: missing"),
        ({"source": "records", "directories": ()}, "config.data.records: missing"),
        ({"records": ("a.parquet",)}, "records is only read with source='records'"),
        ({"drop_secrets": "yes"}, "config.data.drop_secrets"),
        ({"unknown": 1}, "config.data.unknown: no such key"),
    ],
)
def test_impossible_values_are_refused_by_key(tmp_path, changes, complaint):
    with pytest.raises(UserError, match=complaint):
        data_config(tmp_path, **changes)
