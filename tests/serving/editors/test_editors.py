"""What the guide says of editors: the settings as they stand there, in the editors themselves, against a real server."""

import dataclasses
import re

import pytest
from editor_sessions import EDITORS, FILES, GUIDE, TRANSCRIPTS, complete, missing, settings
from generation.generation_toys import generator
from served import SETTINGS, serving

from codelm_jax.generation.params import SamplingParams


@pytest.fixture(scope="module")
def server():
    reasons = [f"{name}: {missing(editor)}" for name, editor in EDITORS.items()]
    if all(missing(editor) for editor in EDITORS.values()):
        pytest.skip(f"NO EDITOR WAS TRIED: {'; '.join(reasons)}")
    # As the guide starts it.
    assert "--overflow=truncate_left" in GUIDE.read_text()
    with serving(dataclasses.replace(SETTINGS, overflow="truncate_left")) as address:
        yield address


def inserted(editor, text):
    """What of a completion reaches the buffer, as the guide has it."""
    if editor.language == "elisp":
        return f"{text.strip()}\n"
    return re.sub(r"\A\n*", "", text) + "\n"


@pytest.mark.parametrize("size", FILES)
@pytest.mark.parametrize("name", EDITORS)
def test_keys_pressed_in_an_editor_bring_our_completion_into_the_buffer(name, size, server):
    editor = EDITORS[name]
    if reason := missing(editor):
        pytest.skip(f"NOT TRIED: {name}: {reason}")
    content = FILES[size] + editor.line
    params = SamplingParams(temperature=0, top_k=0, max_new_tokens=48, overflow="truncate_left")
    ((expected,),) = generator().generate([content], params)
    assert expected.text.strip()
    after, messages = complete(editor, content, server, "toy")
    assert after == content + inserted(editor, expected.text), messages


@pytest.mark.parametrize("name", ["vim", "emacs"])
def test_a_server_with_a_key_gets_it_from_the_environment(name):
    editor = EDITORS[name]
    if reason := missing(editor):
        pytest.skip(f"NOT TRIED: {name}: {reason}")
    content = FILES["short"] + editor.line
    with serving(api_key="a key of ours") as address:
        refused, _ = complete(editor, content, address, "toy", api_key="another key")
        assert refused.rstrip() == content.rstrip()
        after, messages = complete(editor, content, address, "toy", api_key="a key of ours")
        assert len(after) > len(content) + 1, messages


@pytest.mark.parametrize("name", EDITORS)
def test_the_transcript_kept_is_of_the_settings_in_the_guide(name):
    transcript = (TRANSCRIPTS / f"{name}.txt").read_text()
    assert settings(EDITORS[name].language) in transcript
    assert "error" not in transcript.lower()
    assert transcript.count("=== its end afterwards:") == len(FILES)
