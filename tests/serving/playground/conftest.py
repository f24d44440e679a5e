"""One server for all tests of the playground, and a real browser for each file of them."""

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


@pytest.fixture(scope="module")
def browser():
    """Not for the whole session: as long as it runs, its event loop does, and no other test can run one."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        pytest.skip("NO CHROMIUM: the playground was tried in no browser; apt-get install chromium")
    # Chromium's own sandbox does not run as root, as in most containers.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()


@pytest.fixture(scope="module")
def plain_context(browser):
    """Of the pages that ask for no settings of their own: a new one costs a process each time."""
    with browser.new_context() as context:
        yield context


@pytest.fixture(scope="module")
def plain_page(plain_context):
    return plain_context.new_page()


@pytest.fixture
def open_page(site, browser, plain_context, plain_page):
    """Opens the playground; whatever it asks for must lie on the server, and no script fail.

    Settings are those of a browser's context; without any, the first page is one that others have used before.
    """
    opened, asked, failures = [], [], []

    def note_request(request):
        asked.append(request.url)

    def note_failure(error):
        failures.append(str(error))

    def open_it(fragment="", before=None, **settings):
        if settings:
            page = browser.new_context(**settings).new_page()
        else:
            page = plain_context.new_page() if plain_page in opened else plain_page
        opened.append(page)
        page.set_default_timeout(90_000)
        page.on("request", note_request)
        page.on("pageerror", note_failure)
        if before:
            before(page)
        page.goto(site.url + fragment)
        page.wait_for_selector("#examples option:nth-child(3)", state="attached")
        return page

    yield open_it
    for page in opened:
        if page is not plain_page:
            (page if page.context is plain_context else page.context).close()
    if plain_page in opened:
        plain_page.evaluate("sessionStorage.clear()")
        plain_page.unroute_all()
        plain_page.remove_listener("request", note_request)
        plain_page.remove_listener("pageerror", note_failure)
        plain_page.goto("about:blank")
        plain_context.clear_permissions()
    assert not failures
    assert asked
    assert all(url.startswith((site.url, "data:")) for url in asked)
