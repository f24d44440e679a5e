import re
from pathlib import Path

import pytest
from playground_site import EXAMPLES
from starlette.applications import Starlette
from starlette.testclient import TestClient

from codelm_jax.evals.templates import load_templates
from codelm_jax.serving.playground import routes

STATIC = Path(routes.__file__).parent / "static"
FILES = sorted(path.name for path in STATIC.iterdir())
SECTIONS = re.compile(r'(?:src|href|from|import)\s*\(?=?\s*"([^"]+)"')


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes.playground_routes(EXAMPLES)))


@pytest.mark.parametrize("path", ["", "playground/examples.json", *(f"playground/{name}" for name in FILES)])
def test_everything_comes_with_a_policy_that_lets_nothing_else_in(client, path):
    answer = client.get(f"/{path}")
    assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    assert client.head(f"/{path}").status_code == 200
    assert client.post(f"/{path}").status_code == 405


def test_scripts_and_styles_are_called_what_browsers_take_them_for(client):
    kinds = {name: client.get(f"/playground/{name}").headers["content-type"].split(";")[0] for name in FILES}
    expected = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
    assert kinds == {name: expected[Path(name).suffix] for name in FILES}


def test_a_file_that_has_not_changed_is_not_sent_again(client):
    tag = client.get("/playground/main.js").headers["etag"]
    again = client.get("/playground/main.js", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert "content-security-policy" in again.headers


@pytest.mark.parametrize(
    "path", ["playground/../routes.py", "playground/%2e%2e/routes.py", "playground/gone.js"]
)
def test_nothing_but_the_pages_files_is_handed_out(client, path):
    assert client.get(f"/{path}").status_code == 404


def test_the_examples_are_those_of_the_templates():
    templates = load_templates().category
    client = TestClient(Starlette(routes=routes.playground_routes(templates)))
    offered = client.get("/playground/examples.json").json()["examples"]
    assert [(each["name"], each["prefix"], tuple(each["prompts"])) for each in offered] == [
        (template.name, template.prefix, template.prompts) for template in templates
    ]


def test_the_page_refers_to_its_own_files_only_and_uses_each():
    used = {"index.html"}
    for path in STATIC.iterdir():
        for target in SECTIONS.findall(path.read_text()):
            if path.suffix in (".html", ".js") and not target.startswith("#"):
                name = target.removeprefix("playground/" if path.suffix == ".html" else "./")
                assert name in FILES, f"{path.name}: {target}"
                used.add(name)
    assert used == set(FILES)


def test_no_script_makes_markup_of_text():
    sinks = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser"
    )
    for path in STATIC.glob("*.js"):
        assert not sinks.search(path.read_text()), path
    page = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|\son\w+=|style=|<script(?![^>]*src=)", page)
