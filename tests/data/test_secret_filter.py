"""What counts as a secret. Samples are put together here so that no scanner takes this file for a leak."""

import random
import string

import pytest

from codelm_jax.preparation.secret_filter import holds_secret

RANDOM = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=40))
ISSUED = [
    "AKIA" + "Z" * 16,
    "ghp_" + RANDOM[:36],
    "github_pat_" + RANDOM + RANDOM[:10],
    "glpat-" + RANDOM[:20],
    "xoxb-" + RANDOM[:12],
    "sk_live_" + RANDOM[:24],
    "sk-proj-" + RANDOM[:32],
    "AIza" + RANDOM[:35],
    "hf_" + RANDOM[:34],
    "npm_" + RANDOM[:36],
    "pypi-AgEI" + RANDOM[:30],
    "eyJ" + RANDOM[:20] + ".eyJ" + RANDOM[:20] + "." + RANDOM[:20],
    "-----BEGIN RSA " + "PRIVATE KEY-----",
    "-----BEGIN " + "PRIVATE KEY-----",
]


@pytest.mark.parametrize("secret", ISSUED)
def test_issued_keys_are_found_wherever_they_stand(secret):
    for line in (f"x = '{secret}'", f"# {secret}", f'connect("{secret}", 1)'):
        assert holds_secret("import os\n" + line + "\n")


@pytest.mark.parametrize(
    "line",
    [
        "password = '{}'",
        'API_KEY: "{}"',
        "'client_secret': '{}',",
        "db_password_prod   =   '{}'",
        "Settings(auth_token='{}')",
    ],
)
def test_random_values_under_telling_names_are_found(line):
    assert holds_secret(line.format(RANDOM[:24]))


@pytest.mark.parametrize(
    "line",
    [
        "password = 'correct-horse-battery'",
        "password = 'your-password-goes-here'",
        "secret_key = os.environ['SECRET_KEY']",
        "token = next(tokens)",
        f"commit = '{RANDOM}'",
        "API_KEY = 'xxxxxxxxxxxxxxxxxxxxxxxx'",
        "sk-learn and hf_hub and npm_config are names",
        "assert b'PRIVATE KEY' in header",
    ],
)
def test_placeholders_words_and_plain_hashes_pass(line):
    assert not holds_secret(line)
