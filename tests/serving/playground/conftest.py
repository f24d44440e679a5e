"""One server and one real browser for all tests of the playground."""

import os
import shutil

import pytest
from playground_site import EXAMPLES, Site, generator, serving
from playwright.sync_api import sync_playwright

from codelm_jax.serving.app import create_app
from codelm_jax.serving.playground.routes import playground_routes
from codelm_jax.serving.settings import ServingSettings
from codelm_jax.text.band import standard_library_band


@pytest.fixture(scope="session")
def site():
    model = generator()
    app = create_app(
        model,
        ServingSettings(model_name="toy"),
        band=standard_library_band(),
        created=0,
        routes=playground_routes(EXAMPLES),
        compile_ahead=False,
    )
    with serving(app) as url:
        yield Site(url, model)


@pytest.fixture(scope="session")
def browser():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        pytest.skip("NO CHROMIUM: the playground was tried in no browser; apt-get install chromium")
    # Chromium's own sandbox does not run as root, as in most containers.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()


@pytest.fixture
def open_page(site, browser):
    """Opens the playground in a context of its own; whatever it asks for must lie on the server, and no script fail."""
    contexts, asked, failures = [], [], []

    def opened(fragment="", before=None, **settings):
        context = browser.new_context(**settings)
        contexts.append(context)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: failures.append(str(error)))
        if before:
            before(page)
        page.goto(site.url + fragment)
        page.wait_for_selector("#examples option:nth-child(3)", state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not failures
    assert asked
    assert all(url.startswith((site.url, "data:")) for url in asked)
