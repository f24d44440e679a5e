"""What the page does with text that is no markup, with secrets, and with a server that refuses or fails."""

import json

import pytest
from playground_site import answered, generated, piece

MARKUP = "<img src=x onerror=hacked=1><script>hacked=1</script>"
ELEMENTS = "document.querySelectorAll('img, script, b, iframe').length"


def refuse(page, status, message="", headers=None):
    body = json.dumps({"error": {"message": message, "type": "", "param": None, "code": None}})
    headers = {"Content-Type": "application/json", **(headers or {})}
    page.route("**/v1/completions", lambda route: route.fulfill(status=status, body=body, headers=headers))


def complaint(page):
    page.locator("#generate").click()
    page.locator("#error:not(:empty)").wait_for()
    return page.locator("#error").inner_text()


def test_markup_is_text_wherever_it_comes_from(open_page):
    page = open_page()
    before = page.evaluate(ELEMENTS)
    page.select_option("#examples", "<b>bold</b>")
    page.fill("#prompt", MARKUP)
    answered(page, piece([MARKUP, "</pre>"], others={MARKUP: -1.0}))
    page.locator("#generate").click()
    card = generated(page)
    assert card.locator(".text").text_content() == MARKUP + MARKUP + "</pre>"
    card.locator(".tokens > span").first.hover()
    page.get_by_role("tooltip").wait_for()
    page.get_by_text("All tokens").click()
    refuse(page, 400, MARKUP)
    assert MARKUP in complaint(page)
    page.locator("#tries button").click()
    assert page.evaluate(ELEMENTS) == before
    assert page.evaluate("typeof hacked") == "undefined"


def test_the_browser_refuses_markup_and_other_servers_by_itself(open_page):
    page = open_page()
    with pytest.raises(Exception, match="TrustedHTML"):
        page.evaluate("document.body.innerHTML = '<p>'")
    refused = page.evaluate(
        """() => new Promise((resolve) => {
            addEventListener("securitypolicyviolation", (event) => resolve(event.blockedURI));
            fetch("http://127.0.0.1:9/elsewhere").catch(() => {});
        })"""
    )
    assert refused == "http://127.0.0.1:9/elsewhere"


def test_a_character_that_turns_the_text_around_is_spelled_out(open_page):
    page = open_page()
    answered(page, piece(["a\u202eb", "\x1b", "\u2028"]))
    page.locator("#generate").click()
    assert generated(page).locator(".tokens").text_content() == "a\\u{202e}b\\u{1b}\\u{2028}"


def test_refusals_are_told_in_one_line(open_page):
    page = open_page()
    told = {}
    for status, message, headers in [
        (400, "temperature: too\nhot", None),
        (429, "20 completions are under way; try again later", {"Retry-After": "3"}),
        (503, "no room", None),
        (500, "the model failed", None),
        (413, " ", None),
    ]:
        refuse(page, status, message, headers)
        told[status] = complaint(page)
        assert page.locator("figure").count() == 0
    assert told == {
        400: "Temperature: too hot.",
        429: "20 completions are under way. Try again in 3 s.",
        503: "No room. Try again later.",
        500: "The model failed.",
        413: "The server answered 413.",
    }


def test_the_servers_own_refusal_is_told(open_page):
    page = open_page("#max_tokens=1000&overflow=error")
    assert complaint(page).startswith("Prompt and completion do not fit in the context:")
    page.select_option("#overflow", "truncate_left")
    page.fill("#max_tokens", "20")
    page.locator("#generate").click()
    generated(page)
    assert page.locator("#error").inner_text() == ""


def test_a_server_that_starts_says_how_far_it_is(open_page):
    health = [{"status": "loading", "compiled": 11, "programs": 30}, {"status": "ok"}]
    seen = []

    def starting(page):
        page.route("**/health", lambda route: route.fulfill(json=health.pop(0)))
        page.expose_function("see", lambda text: seen.append(text))  # Playwright cannot wrap built-in methods
        page.add_init_script(
            """addEventListener("DOMContentLoaded", () => {
                const status = document.getElementById("status");
                new MutationObserver(() => see(status.textContent)).observe(status, { childList: true });
            })"""
        )

    page = open_page(before=starting, locale="en-GB")
    page.locator("#status", has_text="The server is ready.").wait_for()
    assert seen == ["The server is compiling 12 of 30 …", "The server is ready."]


def test_an_answer_that_is_no_json_is_told(open_page):
    page = open_page()
    page.route("**/v1/completions", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    assert complaint(page) == "The server answered 502."


def test_a_number_out_of_bounds_is_not_sent_and_shown_even_where_it_was_folded_away(open_page):
    page = open_page()
    page.locator("#sampling").evaluate("fold => { fold.open = false; }")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("#temperature").evaluate("field => { field.value = -1; }")
    page.locator("#prompt").press("Control+Enter")
    page.locator("#temperature:invalid:focus").wait_for()
    assert not asked


def test_a_lost_connection_is_told_and_what_had_come_stays(open_page):
    page = open_page()
    page.route("**/v1/completions", lambda route: route.abort())
    assert complaint(page) == "The server cannot be reached: is it still running?"
    answered(page, piece(["half", " a"], finish_reason=None), ends=False)
    assert complaint(page) == "The connection was lost: the completion has no end."
    assert page.locator(".tokens").text_content() == "half a"
    assert page.locator("figcaption").inner_text().startswith("– Broken off; 2 tokens;")


def test_an_answer_that_stops_without_saying_why_is_told(open_page):
    page = open_page("#n=2")
    answered(page, piece(["one"]))
    page.locator("#generate").click()
    captions = [generated(page, i).locator("figcaption").inner_text() for i in range(2)]
    assert captions[0].startswith("– Came to its end; 1 token;")
    assert captions[1].startswith("– Broken off; 0 tokens")


def test_an_error_within_the_stream_is_told(open_page):
    page = open_page()
    events = 'data: {"error": {"message": "no request may take longer", "code": "timeout"}}\n\n'
    page.route(
        "**/v1/completions", lambda route: route.fulfill(body=events, content_type="text/event-stream")
    )
    assert complaint(page) == "No request may take longer."


def test_the_key_is_asked_for_and_kept_in_this_tab_only(site, open_page):
    key = "k" * 20
    sent = []

    def wants_key(page):
        def guard(route):
            given = route.request.headers.get("authorization")
            sent.append(given)
            if given == f"Bearer {key}":
                route.continue_()
            else:
                route.fulfill(status=401, body="{}", content_type="application/json")

        page.route("**/v1/**", guard)

    page = open_page(before=wants_key)
    field = page.get_by_label("API key")
    field.wait_for()
    assert page.locator("#error").inner_text() == "The server wants an API key."
    assert page.locator("#model").inner_text() == ""
    field.fill("wrong")
    field.press("Enter")
    page.locator("#error", has_text="does not take this API key").wait_for()
    field.fill("ключ")
    field.press("Enter")
    page.locator("#key:invalid:focus").wait_for()
    field.fill(key)
    field.press("Control+Enter")
    field.blur()
    page.wait_for_selector("#model:not(:empty)")
    generated(page)
    assert page.locator("#error").inner_text() == ""
    assert page.locator("#model").inner_text() == "toy"
    assert sent[0] is None
    assert f"Bearer {key}" in sent
    assert key not in page.url
    stored = page.evaluate("[JSON.stringify(sessionStorage), JSON.stringify(localStorage), document.cookie]")
    assert key in stored[0]
    assert stored[1:] == ["{}", ""]
    page.reload()
    page.wait_for_selector("#model:not(:empty)")
    other_tab = page.context.new_page()
    wants_key(other_tab)
    other_tab.goto(site.url)
    other_tab.locator("#error:not(:empty)").wait_for()
    assert sent[-1] is None
