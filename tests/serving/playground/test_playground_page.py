import math

import httpx
from playground_site import EXAMPLES, answered, generated, piece, spelled

from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.scoring import next_tokens

DEFAULTS = SamplingParams(temperature=0.7, top_k=40, max_new_tokens=100)
PROMPT = "def add(a, b):"
# Every control at something else than its default, as the fragment of a link, and the request that follows from it.
EVERY_CONTROL = {
    "prompt": "x = 1",
    "examples": "functions",
    "temperature": "0.25",
    "top_k": "7",
    "top_p": "0.9",
    "min_p": "0.05",
    "repetition_penalty": "1.2",
    "max_tokens": "11",
    "seed": "4294967295",
    "n": "2",
    "stop_rule": "texts",
    "stop": "\\n\\n\nend\\\\",
    "overflow": "slide",
    "heal": "0",
}
REQUEST = {
    "prompt": EXAMPLES[0].prefix + "x = 1",
    "temperature": 0.25,
    "top_k": 7,
    "top_p": 0.9,
    "min_p": 0.05,
    "repetition_penalty": 1.2,
    "max_tokens": 11,
    "seed": 4294967295,
    "n": 2,
    "stop": ["\n\n", "end\\"],
    "overflow": "slide",
    "heal": False,
    "logprobs": 5,
    "collapse": True,
    "stream": True,
}


def type_and_generate(page, prompt):
    page.get_by_label("Prompt", exact=True).fill(prompt)
    with page.expect_request("**/v1/completions") as asked:
        page.keyboard.press("Control+Enter")
    return asked.value.post_data_json


def controls(page):
    return page.evaluate(
        "Object.fromEntries([...document.forms[0].elements].filter((field) => field.name)"
        ".map((field) => [field.name, field.type === 'checkbox' ? field.checked : field.value]))"
    )


def test_what_is_typed_is_completed_as_the_generator_does_and_coloured_by_its_probabilities(site, open_page):
    page = open_page()
    type_and_generate(page, PROMPT)
    card = generated(page)
    ((expected,),) = site.generator.generate([PROMPT], DEFAULTS)
    assert card.locator(".text > .prompt").text_content() == PROMPT
    assert card.locator(".tokens").text_content() == spelled(expected.text)
    levels = [sum(math.exp(logprob) >= end for end in (0.01, 0.1, 0.5, 0.9)) for logprob in expected.logprobs]
    shown = card.locator(".tokens > span").evaluate_all("spans => spans.map((span) => span.classList[0])")
    assert shown == [f"p{level}" for level in levels]
    assert len(set(shown)) > 2
    assert "100 tokens" in page.locator("#status").inner_text()


def test_hovering_and_tapping_a_token_show_what_else_could_have_stood_there(site, open_page):
    page = open_page("#heal=0&max_tokens=8", has_touch=True)
    type_and_generate(page, PROMPT)
    first, second = (generated(page).locator(".tokens > span").nth(i) for i in range(2))
    panel = page.get_by_role("tooltip")
    first.hover()
    percents = [
        f"{100 * each.probability:.1f}\u00a0%" for each in next_tokens(site.generator.text_model, PROMPT, 5)
    ]
    shown = panel.locator("li .figure").all_inner_texts()
    assert shown[:5] == percents
    assert len(shown) in (5, 6)  # the one that was drawn, where it is none of them
    assert panel.locator("li.taken").count() == 1
    assert "All other tokens together" in panel.inner_text()
    panel.hover()
    page.wait_for_timeout(400)  # twice as long as it stays when the pointer goes elsewhere
    assert panel.is_visible()
    page.mouse.move(1, 1)
    panel.wait_for(state="hidden")
    second.tap()
    panel.wait_for()
    assert page.locator(".chosen").count() == 1
    page.locator("h1").tap()
    panel.wait_for(state="hidden")


def test_the_token_that_ends_a_text_is_shown_with_its_alternatives_and_adds_no_text(open_page):
    page = open_page()
    ended = piece(["a"], others={"b": -2.0})
    ending = {"tokens": "<|endoftext|>", "token_logprobs": -0.5, "text_offset": 1}
    ending["top_logprobs"] = {"<|endoftext|>": -0.5, "b": -2.0}
    for column, value in ending.items():
        ended["logprobs"][column].append(value)
    answered(page, ended)
    type_and_generate(page, PROMPT)
    card = generated(page)
    assert card.locator(".tokens").text_content() == "a"
    card.locator(".tokens > .end-of-text").hover()
    assert "<|endoftext|>" in page.get_by_role("tooltip").inner_text()


def test_a_token_that_was_improbable_stands_below_the_five_most_probable(open_page):
    page = open_page()
    others = {f"other{i}": -1.0 - i for i in range(5)}
    answered(page, piece(["rare"], logprob=-7.0, others=others))
    type_and_generate(page, PROMPT)
    generated(page).locator(".tokens > span").hover()
    panel = page.get_by_role("tooltip")
    assert panel.locator("li code").all_inner_texts() == [*others, "rare"]
    assert panel.locator("li.taken code").inner_text() == "rare"


def test_stopping_keeps_the_text_and_frees_the_server(site, open_page):
    page = open_page("#overflow=slide&max_tokens=1000000&temperature=0")
    type_and_generate(page, PROMPT)
    page.wait_for_selector(".tokens > span:nth-child(20)")
    page.locator("#halt").click()
    card = generated(page)
    assert card.locator("figcaption").inner_text().startswith("– Stopped by you;")
    assert page.locator("#status").inner_text() == "Stopped."
    assert card.locator(".tokens > span").count() >= 20
    type_and_generate(page, PROMPT)
    page.wait_for_selector(".tokens > span")
    page.keyboard.press("Escape")
    generated(page)
    for _ in range(200):
        if "running 0.0" in httpx.get(f"{site.url}metrics").text:
            break
    assert "running 0.0" in httpx.get(f"{site.url}metrics").text


def test_beginning_again_ends_what_is_under_way(open_page):
    page = open_page("#overflow=slide&max_tokens=1000000&temperature=0")
    type_and_generate(page, PROMPT)
    page.wait_for_selector(".tokens > span")
    page.get_by_role("button", name="Reset").click()
    page.locator("#halt[aria-disabled=true]").wait_for()
    assert page.locator("#completions").inner_text() == "Nothing yet."
    assert page.locator("#status").inner_text() == "Everything is as it was at first."
    assert page.locator("#prompt").input_value() == "def fibonacci(n):"


def test_every_control_reaches_the_server_and_the_link(open_page):
    page = open_page()
    for name, value in EVERY_CONTROL.items():
        field = page.locator(f"[name={name}]")
        if name == "heal":
            field.uncheck()
        elif field.evaluate("field => field.localName") == "select":
            field.select_option(value)
        else:
            field.fill(value)
    answered(page, piece(["1"]))
    with page.expect_request("**/v1/completions") as asked:
        page.get_by_role("button", name="Generate").click()
    assert asked.value.post_data_json == REQUEST
    generated(page)
    page.wait_for_url("**heal=0**")

    again = open_page(page.url[page.url.index("#") :])
    assert controls(again) == controls(page)
    again.get_by_role("button", name="Reset").click()
    assert controls(again) == controls(open_page())
    again.wait_for_url(lambda url: "#" not in url)


def test_a_link_that_makes_no_sense_gives_the_defaults(open_page):
    page = open_page(
        "#temperature=hot&top_k=-3&n=1e9&seed=1.5&examples=gone&stop_rule=never&unknown=1&%%&heal="
    )
    expected = controls(open_page()) | {"heal": False}
    assert controls(page) == expected


def test_a_prompt_that_is_too_long_for_a_link_stays_out_of_the_address(open_page):
    page = open_page()
    page.fill("#prompt", "x" * 40_000)
    page.get_by_role("button", name="Copy link").click()
    page.locator("#status", has_text="too long for a link").wait_for()
    assert "#" not in page.url


def test_a_slider_moves_its_number_and_the_number_its_slider(open_page):
    page = open_page()
    number, slider = page.locator("#temperature"), page.locator("[data-for=temperature]")
    slider.fill("1.5")
    assert number.input_value() == "1.5"
    number.fill("0.3")
    assert slider.input_value() == "0.3"


def test_worked_examples_go_before_the_prompt_and_bring_prompts_of_their_own(site, open_page):
    page = open_page()
    page.get_by_label("Worked examples before it").select_option("functions")
    page.get_by_text("Text before the prompt").click()
    assert page.locator("#prefix").text_content() == EXAMPLES[0].prefix
    with page.expect_request("**/v1/completions") as asked:
        page.get_by_role("button", name="def two():").click()
    assert asked.value.post_data_json["prompt"] == EXAMPLES[0].prefix + "def two():"
    card = generated(page)
    ((expected,),) = site.generator.generate([EXAMPLES[0].prefix + "def two():"], DEFAULTS)
    assert card.locator(".text").text_content() == "def two():" + spelled(expected.text)
    page.get_by_label("Worked examples before it").select_option("none")
    assert page.get_by_role("button", name="def two():").count() == 0
    assert type_and_generate(page, "x")["prompt"] == "x"


def test_a_collapsed_text_is_warned_of_with_figures_and_a_sane_one_is_not(open_page):
    page = open_page("#temperature=0&prompt=")
    type_and_generate(page, PROMPT)
    card = generated(page)
    warning = card.locator(".warning")
    assert warning.is_visible()
    assert "ends in a loop" in warning.inner_text()
    assert warning.inner_text().count("\u00a0%") == 3
    assert card.locator("figcaption").inner_text().startswith("✗ Collapsed;")
    assert "collapsed" in page.locator("#status").inner_text()
    page.locator("#temperature").fill("1")
    page.locator("#top_k").fill("0")
    type_and_generate(page, PROMPT)
    card = generated(page)
    assert card.locator("figcaption").inner_text().startswith("✓ Did not collapse;")
    assert card.locator(".warning").is_hidden()
    assert "collapsed" not in page.locator("#status").inner_text()


def test_several_completions_differ_and_the_next_seed_gives_others(open_page):
    page = open_page("#n=3&temperature=1&max_tokens=12")
    type_and_generate(page, PROMPT)
    texts = {generated(page, i).locator(".tokens").text_content() for i in range(3)}
    with page.expect_request("**/v1/completions") as asked:
        page.get_by_role("button", name="Next seed").click()
    assert asked.value.post_data_json["seed"] == 1
    texts |= {generated(page, i).locator(".tokens").text_content() for i in range(3)}
    assert len(texts) == 6


def test_a_completion_is_copied_and_becomes_the_next_prompt(open_page):
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tokens = ["\n", "    ", "return", " näïve", " 🐍", "\x00"]
    answered(page, piece(tokens))
    type_and_generate(page, PROMPT)
    card = generated(page)
    card.get_by_role("button", name="Copy").click()
    page.locator("#status", has_text="Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == PROMPT + "".join(tokens)
    page.get_by_role("button", name="Copy link").click()
    page.locator("#status", has_text="Copied: the link").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    card.get_by_role("button", name="Use as prompt").click()
    assert page.locator("#prompt").input_value() == PROMPT + "".join(tokens)


def test_tokens_get_their_own_characters_whatever_the_events_cut(open_page):
    page = open_page()
    names = ["bytes:\\xf0\\x9f", "bytes:\\x90\\x8d", " snake", "\n", "end"]
    columns = {"token_logprobs": [-0.1] * 2, "top_logprobs": None}
    answered(
        page,
        {"text": "", "logprobs": {"tokens": names[:2], **columns, "text_offset": [0, 0]}},
        {
            "text": "🐍 sn",
            "logprobs": {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []},
        },
        {"text": "ake\n", "logprobs": {"tokens": names[2:4], **columns, "text_offset": [1, 7]}},
        {
            "text": "end",
            "logprobs": {"tokens": names[4:], **columns, "text_offset": [8]},
            "finish_reason": "stop",
        },
    )
    type_and_generate(page, PROMPT)
    assert generated(page).locator(".tokens > span").all_text_contents() == ["", "🐍", " snake", "\n", "end"]
    page.get_by_text("All tokens").click()
    listed = page.locator("tbody th").all_inner_texts()
    assert listed == [*names[:2], "␣snake", "↵", "end"]


def test_events_are_read_whole_wherever_the_bytes_are_cut(open_page):
    page = open_page()
    body = 'data: {"a": "ä🐍"}\r\n\r\n: a remark\n\ndata: two\ndata: lines\n\nevent: other\rdata:[DONE]\r\r'
    read = """async (text) => {
        const { eventData } = await import("./playground/events.js");
        const bytes = new TextEncoder().encode(text);
        const seen = new Set();
        for (let size = 1; size <= bytes.length; size++) {
            const chunks = [];
            for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.slice(i, i + size));
            const stream = new ReadableStream({ pull(control) {
                chunks.length ? control.enqueue(chunks.shift()) : control.close();
            } });
            const found = [];
            for await (const data of eventData(stream)) found.push(data);
            seen.add(JSON.stringify(found));
        }
        return [...seen].map((each) => JSON.parse(each));
    }"""
    assert page.evaluate(read, body) == [['{"a": "ä🐍"}', "two\nlines", "[DONE]"]]
