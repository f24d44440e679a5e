"""The page for everybody: by keyboard, by screen reader, on a phone, in the dark, without motion."""

import pytest
from playground_site import answered, generated, piece, violations

from codelm_jax.report.samples import LEVEL_NAMES

LOOP = {
    "collapsed": True,
    "is_empty": False,
    "ends_in_loop": True,
    "seq_rep_4": 0.9,
    "threshold": 0.3,
    "human_seq_rep_4": 0.02,
    "rep_line": 0.5,
    "tokens": 100,
}
LINES = ["\n    ", "return", " [", "1", ",", " 2", "]", "\n", "\n", "def", " other", "(", "x" * 120, ")", ":"]
LOGPROBS = (-6.0, -3.0, -1.0, -0.3, -0.01)
PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}


def everything_shown(page):
    """Brings every part of the page to sight: completions, a warning, an error, the key, the panel, a table."""
    tokens = piece(LINES)
    tokens["logprobs"]["token_logprobs"] = [LOGPROBS[i % len(LOGPROBS)] for i in range(len(LINES))]
    tokens["logprobs"]["top_logprobs"] = [{f"{'long ' * 9}{i}": -1.0 - i for i in range(5)}] * len(LINES)
    answered(page, {**tokens, "collapse": LOOP})
    page.select_option("#examples", "functions")
    page.locator("#sampling").evaluate("fold => { fold.open = true; }")
    page.select_option("#stop_rule", "texts")
    page.locator("#generate").click()
    card = generated(page)
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true;")
    page.locator("#error").evaluate("line => { line.textContent = 'The server is busy: try again in 1 s.'; }")
    page.locator("#key-line").evaluate("line => { line.hidden = false; }")
    card.locator(".tokens > span").nth(1).focus()
    page.get_by_role("tooltip").wait_for()
    return card


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize(
    ("scheme", "background", "settings"),
    [("light", "rgb(244, 245, 247)", PHONE), ("dark", "rgb(18, 20, 23)", {})],
    ids=["phone", "desktop"],
)
def test_the_theme_follows_the_system_and_axe_finds_nothing_inaccessible(
    open_page, scheme, background, settings
):
    page = open_page(color_scheme=scheme, **settings)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background
    everything_shown(page)
    assert violations(page) == []


def test_axe_would_find_what_is_inaccessible(open_page):
    page = open_page()
    page.locator("label[for=prompt]").evaluate("label => label.remove()")
    page.locator("#status").evaluate("line => { line.textContent = 'pale'; line.style.color = '#bbb'; }")
    assert {rule for rule, _ in violations(page)} >= {"label", "color-contrast"}


def test_the_classes_of_probability_are_the_reports_and_differ_without_colour(open_page):
    page = open_page()
    legend = page.locator(".legend span")
    assert legend.all_inner_texts() == list(LEVEL_NAMES)
    shapes = legend.evaluate_all(
        "spans => spans.map((span) => { const style = getComputedStyle(span);"
        " return style.textDecorationLine + style.textDecorationStyle + style.boxShadow.replace(/rgb[^)]*./, ''); })"
    )
    assert len(set(shapes)) == 5


def test_nothing_needs_sideways_scrolling_on_a_phone(open_page):
    page = open_page(**PHONE)
    assert overflow(page) == 0
    assert not page.get_by_label("Temperature").is_visible()
    card = everything_shown(page)
    assert overflow(page) == 0
    assert card.locator(".text").evaluate("text => text.scrollWidth - text.clientWidth") == 0
    panel = page.get_by_role("tooltip").bounding_box()
    assert panel["x"] >= 0
    assert panel["x"] + panel["width"] <= 360
    token = card.locator(".chosen").bounding_box()
    assert token["y"] + token["height"] <= panel["y"]
    small = page.evaluate(
        "[...document.querySelectorAll('button, select, input:not([type=range]), summary')]"
        ".filter((each) => each.offsetHeight && Math.min(each.offsetHeight, each.offsetWidth) < 17)"
        ".map((each) => each.outerHTML)"
    )
    assert small == []
    page.locator("#generate").click()
    generated(page)
    assert 0 <= page.locator("#results").bounding_box()["y"] < 320


def test_the_keyboard_alone_does_everything(open_page):
    page = open_page()
    answered(page, piece(["\n", "    ", "return", " 1", "\n", "\n", "x", " = 2"], others={"else": -2.0}))
    keys = page.keyboard
    keys.press("Tab")
    assert page.locator(":focus").inner_text() == "To the completions"
    keys.press("Tab")
    keys.press("Control+A")
    keys.type("def one():")
    keys.press("Control+Enter")
    generated(page)
    stops = []
    while not page.locator(".tokens > span:focus").count():
        keys.press("Tab")
        stops.append(
            page.evaluate(
                "[document.activeElement.id || document.activeElement.outerHTML,"
                " getComputedStyle(document.activeElement).outlineStyle]"
            )
        )
        assert len(stops) < 40
    assert {style for _, style in stops} == {"solid"}
    named = [name for name, _ in stops]
    assert named[:6] == ["examples", "generate", "halt", "again", "share", "begin-again"]
    assert {"temperature", "top_k", "top_p", "min_p", "repetition_penalty", "seed", "n"} <= set(named)
    panel = page.get_by_role("tooltip")

    def walked(key):
        keys.press(key)
        return page.locator(".tokens > span:focus").text_content()

    there = ["ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown", "End"]
    assert [walked(key) for key in there] == ["    ", "return", "\n", "x", " = 2"]
    assert [walked(key) for key in ["ArrowUp", "ArrowUp", "Home", "ArrowLeft"]] == ["\n", "    ", "\n", "\n"]
    assert panel.is_visible()
    assert page.locator(":focus").get_attribute("aria-describedby") == "alternatives"
    keys.press("Escape")
    assert panel.is_hidden()
    walked("ArrowRight")
    assert panel.is_visible()
    keys.press("Tab")
    assert panel.is_hidden()
    assert page.locator(":focus").inner_text() == "Copy"
    keys.press("Shift+Tab")
    assert page.locator(":focus").text_content() == "    "


def test_states_are_announced(open_page):
    page = open_page()
    assert page.locator("#status").get_attribute("role") == "status"
    assert page.locator("#error").get_attribute("role") == "alert"
    assert page.get_by_role("button", name="Stop").get_attribute("aria-disabled") == "true"
    held = []
    page.route("**/v1/completions", lambda route: held.append(route))
    page.locator("#generate").click()
    page.locator("#halt[aria-disabled=false]").wait_for()
    assert page.locator("#generate").get_attribute("aria-disabled") == "true"
    assert page.locator("figure").get_attribute("aria-busy") == "true"
    assert page.locator("#status").inner_text() == "Generating …"
    page.locator("#generate").click(force=True)
    page.locator("figure").get_by_role("button", name="Stop").click()
    generated(page)
    (only,) = held
    only.abort()


def test_nothing_moves_where_motion_is_not_wanted(open_page):
    moving, held = [], []
    for wish in ({}, {"reduced_motion": "reduce"}):
        page = open_page(**wish)
        page.route("**/v1/completions", lambda route: held.append(route))
        page.locator("#generate").click()
        page.wait_for_selector("figure[aria-busy=true]")
        caret = "getComputedStyle(document.querySelector('.tokens'), '::after').animationName"
        moving.append(page.evaluate(caret))
        held.pop().abort()
    assert moving == ["blink", "none"]
