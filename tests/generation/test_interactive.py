import io

import pytest
from generation_toys import generator
from rich.console import Console

from codelm_jax.generation.interactive import HELP, Session
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.scoring import next_tokens

EXAMPLES = "def one():\n    return 1\n\n"
PARAMS = SamplingParams(temperature=0.8, max_new_tokens=8)


class Talk:
    """A session on a terminal made of text."""

    def __init__(self):
        self._out = io.StringIO()
        self.session = Session(generator(), PARAMS, EXAMPLES, Console(file=self._out, width=100))

    def say(self, text: str) -> str:
        """What the session answers."""
        self._out.seek(0)
        self._out.truncate()
        assert self.session.handle(text)
        return self._out.getvalue()


def completed(prompt: str, params: SamplingParams = PARAMS) -> str:
    return generator().generate([prompt], params)[0][0].text


def test_a_prompt_is_shown_with_its_completion():
    assert Talk().say("def add(a") == "def add(a" + completed("def add(a") + "\n"


def test_examples_go_before_the_prompt_but_are_not_shown():
    talk = Talk()
    talk.say(":fewshot")
    assert talk.say("def two():") == "def two():" + completed(EXAMPLES + "def two():") + "\n"
    talk.say(":fewshot")
    assert talk.say("def two():") == "def two():" + completed("def two():") + "\n"


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        ("temperature 0.2", "temperature", 0.2),
        ("temperature 1", "temperature", 1.0),
        ("top_k 5", "top_k", 5),
        ("heal off", "heal", False),
        ("spare_syntax true", "spare_syntax", True),
        ("stop function", "stop", "function"),
        (r'stop "\n\n" "# é"', "stop", ("\n\n", "# é")),
        (r"stop '\d'", "stop", (r"\d",)),
        (r"stop '\\'", "stop", ("\\",)),
        ("overflow slide", "overflow", "slide"),
    ],
)
def test_set_changes_a_parameter(command, name, value):
    talk = Talk()
    assert talk.say(f":set {command}") == f"{name} = {value!r}\n"
    assert getattr(talk.session.params, name) == value
    assert talk.say("x =") == "x =" + completed("x =", talk.session.params) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        ":set temperature hot",
        ":set temperature -1",
        ":set temperature",
        ":set top_k 1 2",
        ":set n 3",
        ":set nothing 1",
        ':set stop "',
        r":set stop '\'",
        r":set stop '\x'",
        r":set stop ok '\N{no such name}'",
        ":set overflow wrap",
        ":tokens x",
        ":tokens",
        ":again",
        ":sing",
        "x" * 300,
    ],
)
def test_mistakes_are_told_and_change_nothing(text):
    talk = Talk()
    assert talk.say(text).removeprefix(text).startswith("error: ")
    assert talk.session.params == PARAMS


@pytest.mark.parametrize("nothing", ['""', "none"])
def test_a_stop_can_be_taken_away(nothing):
    talk = Talk()
    talk.say(":set stop function")
    assert talk.say(f":set stop {nothing}") == "stop = ()\n"
    assert talk.session.params == PARAMS


def test_set_alone_lists_the_parameters():
    listed = Talk().say(":set")
    assert "temperature = 0.8" in listed
    assert "\nn = " not in listed


def test_tokens_shows_the_next_token_table():
    talk = Talk()
    talk.say("def add(")
    table = talk.say(":tokens 3")
    for candidate in next_tokens(generator().text_model, "def add(", 3):
        assert repr(candidate.text) in table
        assert f"{candidate.probability:.1%}" in table


def test_again_takes_the_next_seed():
    talk = Talk()
    talk.say("def add(a")
    assert talk.say(":again") == "def add(a" + completed("def add(a", PARAMS.replace(seed=1)) + "\n"


def test_quit_leaves_and_help_helps():
    talk = Talk()
    assert talk.say(":help").strip() == HELP.strip()
    assert not talk.session.handle(":quit")
