# An optional peer, untyped here whether installed or not: see stubPath in pyproject.toml.
from typing import Any

def __getattr__(name: str) -> Any: ...
