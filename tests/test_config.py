"""trainbot.toml: what it may say, and that every mistake is named with its key and with what is allowed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import config
from bot.config import Config
from bot.domain.recipes import MAX_PROMPT, MAX_PROMPTS, Prompt
from bot.settings import SettingsError, read

WHOLE = """
[access]
admins = ["slack/T0123/U0456", "discord/77/role:99"]
operators = ["slack/T0123/role:S0789"]

[[prompts]]
user = "What is overfitting?"

[[prompts]]
system = "You sort tickets."
user = "My parcel is lost."
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        config.parse(text, "trainbot.toml")
    lines = str(raised.value).splitlines()
    assert all(line.startswith("trainbot.toml") and line.endswith(".") for line in lines)
    return lines


def test_everything_that_it_may_say_is_read() -> None:
    assert config.parse(WHOLE, "trainbot.toml") == Config(
        frozenset({"slack/T0123/U0456", "discord/77/role:99"}),
        frozenset({"slack/T0123/role:S0789"}),
        (Prompt("What is overfitting?"), Prompt("My parcel is lost.", "You sort tickets.")),
    )


def test_an_empty_list_of_operators_is_a_list_and_none_is_none() -> None:
    assert config.parse("", "trainbot.toml") == Config()
    assert config.parse("[access]\nadmins = []", "trainbot.toml").operators is None
    assert config.parse("[access]\noperators = []", "trainbot.toml").operators == frozenset()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("colour = 1", "unknown key `colour`. Allowed: access, prompts."),
        ("[limits]\nruns = 1", "unknown key `limits`. Allowed: access, prompts."),
        ("[access]\nadmin = []", "unknown key `access.admin`. Allowed: admins, operators."),
        ("access = 1", "`access` must be a table, written as [access]."),
        ('[access]\nadmins = "slack/T/U"', "`access.admins` must be a list, each entry an id written platform/"),
        ('[access]\noperators = {a = "slack/T/U"}', "`access.operators` must be a list, "),
        ("[access]\nadmins = [5]", "`access.admins[1]` must be an id written platform/workspace/user, or "),
        ('[access]\nadmins = ["slack/T/U", "@ada"]', "`access.admins[2]` must be an id"),
        ('[access]\nadmins = ["slack/T/"]', "`access.admins[1]` must be an id"),
        ('[access]\nadmins = ["slack/T/U/V"]', "`access.admins[1]` must be an id"),
        ('[access]\nadmins = ["slack/T/ U"]', "`access.admins[1]` must be an id"),
        ('[access]\noperators = ["discord/7/role:"]', "`access.operators[1]` must be an id"),
        ('prompts = "Hello?"', "`prompts` must be at most 10 tables, each written as [[prompts]]."),
        ("prompts = [1]", "`prompts` must be at most 10 tables"),
        ('[[prompts]]\nuser = "a"\n' * (MAX_PROMPTS + 1), "`prompts` must be at most 10 tables"),
        ('[[prompts]]\nsystem = "a"', "`prompts[1].user` is missing: the question to put."),
        ('[[prompts]]\nuser = " "', "`prompts[1].user` must be a text of 1 to 4000 characters."),
        (f'[[prompts]]\nuser = "a"\nsystem = "{"x" * (MAX_PROMPT + 1)}"', "`prompts[1].system` must be a text of 1 to"),
        ('[[prompts]]\nuser = "a"\ntext = "b"', "unknown key `prompts[1].text`. Allowed: user, system."),
        ("access = ", " is not TOML: "),
        ("a = " + "[" * 5000, " is nested too deeply."),
    ],
)
def test_a_mistake_is_named_with_its_key_and_with_what_is_allowed(text: str, told: str) -> None:
    (line,) = mistakes(text)
    assert told in line


def test_all_mistakes_are_told_at_once() -> None:
    text = 'colour = 1\n[access]\nadmins = [5, "x"]\nboss = 1\n[[prompts]]\ntext = 1\n'
    assert len(mistakes(text)) == 6


def test_what_a_person_wrote_formats_nothing() -> None:
    assert mistakes('"a\\u202eb\\nc" = 1') == ["trainbot.toml: unknown key `a<U+202E>b c`. Allowed: access, prompts."]
    assert config.parse('[[prompts]]\nuser = "a\\u001b[1m"', "f").prompts == (Prompt("a[1m"),)


def test_no_file_in_the_data_folder_is_an_empty_config(tmp_path: Path) -> None:
    assert config.read(read(data_dir=tmp_path)) == Config()
    assert config.read(read(data_dir=tmp_path / "not" / "there")) == Config()
    (tmp_path / "file").write_text("")
    assert config.read(read(data_dir=tmp_path / "file")) == Config()


def test_the_file_in_the_data_folder_is_read_and_so_is_the_one_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "trainbot.toml").write_text(WHOLE)
    (tmp_path / "other.toml").write_bytes(b"\xef\xbb\xbf[access]\r\noperators = []\r\n")
    assert len(config.read(read(data_dir=tmp_path)).prompts) == 2
    named = config.read(read(data_dir=tmp_path, config=tmp_path / "other.toml"))
    assert named == Config(operators=frozenset())


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        config.read(read(data_dir=tmp_path, config=tmp_path / "other.toml"))
    assert str(raised.value) == f"TRAINBOT_CONFIG names {tmp_path}/other.toml, which is not there."


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "trainbot.toml"
    for content, told in ((b"\xff", "is not UTF-8 text"), (b"#" * 300_000, "is larger than 256 KiB")):
        path.write_bytes(content)
        with pytest.raises(SettingsError, match=told):
            config.read(read(data_dir=tmp_path))
    path.unlink()
    path.mkdir()
    with pytest.raises(SettingsError, match=r"trainbot\.toml cannot be read: Is a directory\."):
        config.read(read(data_dir=tmp_path))


values = st.recursive(
    st.sampled_from(["1", "true", '""', '"a"', '"slack/T/U"', '"a/b/role:"', "[]", "{}", "1.5", "1979-05-27"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda some: f"[{', '.join(some)}]")
        | inner.map(lambda one: f"{{user = {one}}}")
    ),
    max_leaves=4,
)
lines = st.one_of(
    st.sampled_from(["[access]", "[[prompts]]", "[limits]", "[prompts]"]),
    st.tuples(st.sampled_from(["admins", "operators", "user", "system", "prompts", "access"]), values).map(" = ".join),
    st.text(max_size=20),
)


@given(st.lists(lines, max_size=6).map("\n".join))
def test_nonsense_is_a_config_or_sentences(text: str) -> None:
    told, made = "trainbot.toml", Config()
    try:
        made = config.parse(text, "trainbot.toml")
    except SettingsError as error:
        told = str(error)
    assert all(line.startswith("trainbot.toml") for line in told.splitlines())
    assert all(one.count("/") == 2 for one in made.admins | (made.operators or frozenset()))
    assert all(prompt.user.strip() for prompt in made.prompts)
