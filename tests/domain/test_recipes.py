"""Recipes as TOML: what is read, what is refused and how, what chat may change."""

import contextlib
import json
import math
import tomllib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.errors import UserError
from bot.domain.hyper import BY_NAME, HYPERS, Hyper, find
from bot.domain.recipe_text import parse
from bot.domain.recipes import (
    Change,
    Notify,
    Prompt,
    Recipe,
    RecipeError,
    Sampling,
    differences,
    far_off,
    from_config,
    override,
)
from bot.domain.tokens import masked, missing

QUICK = settings(deadline=None, max_examples=150)
SMALL = 'model = "tiny"\n[dataset]\ntype = "file"\nname = "a.jsonl"\n'
FULL = """
description = "Answers support tickets"
model = "tiny"
open = ["optimizer", "lr"]
price_per_hour = 2

[dataset]
type = "huggingface"
name = "acme/tickets"
split = "train"

[settings]
max_steps = 60
learning_rate = 2e-4
load_in_4bit = true
optimizer = "adamw"
save_steps = 30

[extra]
neftuneAlpha = 5
packing = false

[[prompts]]
user = "My card was charged twice."
system = "Answer shortly."

[[prompts]]
user = "Where is my parcel?"

[samples]
checkpoints = 4
prompts = 1
max_tokens = 64

[notify]
progress_every = 10
failure = "starter"
silent_minutes = 5
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        parse("support-bot", text, "support-bot.toml")
    return str(caught.value).splitlines()


def test_a_full_recipe_is_read_whole() -> None:
    assert parse("support-bot", FULL, "f") == Recipe(
        name="support-bot",
        model="tiny",
        dataset={"type": "huggingface", "name": "acme/tickets", "split": "train"},
        description="Answers support tickets",
        settings={
            "max_steps": 60,
            "learning_rate": 2e-4,
            "load_in_4bit": True,
            "optimizer": "adamw",
            "save_steps": 30,
        },
        extra={"neftuneAlpha": 5, "packing": False},
        open=("optimizer", "learning_rate"),
        prompts=(Prompt("My card was charged twice.", "Answer shortly."), Prompt("Where is my parcel?")),
        samples=Sampling(4, 1, 64),
        notify=Notify(10, "starter", 5),
        price_per_hour=2.0,
    )


def test_a_small_recipe_has_defaults_for_the_rest() -> None:
    recipe = parse("x", SMALL, "f")
    assert (recipe.settings, recipe.extra, recipe.prompts, recipe.price_per_hour) == ({}, {}, (), None)
    assert (recipe.samples, recipe.notify) == (Sampling(), Notify())


@pytest.mark.parametrize("name", ["", "Support", "-x", "a b", "x" * 41, "../x", "zwölf", "x\n"])
def test_a_name_that_cannot_be_typed_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match="its name"):
        parse(name, SMALL, "f")


def with_(more: str) -> str:
    """The small recipe with top-level lines or tables of its own."""
    return f"{more}\n{SMALL}" if "=" in more.splitlines()[0] else f"{SMALL}{more}"


@pytest.mark.parametrize(
    ("text", "key", "allowed"),
    [
        (SMALL.replace('model = "tiny"', ""), "`model` is missing", 'model = "tiny"'),
        (SMALL.replace('"tiny"', "3"), "`model`", "a text of 1 to 200 characters"),
        (SMALL.replace('"tiny"', '""'), "`model`", "a text of 1 to 200 characters"),
        (SMALL.replace('"tiny"', '" \\u0001\\t"'), "`model`", "a text of 1 to 200 characters"),
        (SMALL.replace('"tiny"', f'"{"x" * 201}"'), "`model`", "a text of 1 to 200 characters"),
        ('model = "tiny"', "`dataset.type`", "file, huggingface, blob"),
        (SMALL.replace('"file"', '"ftp"'), "`dataset.type`", "file, huggingface, blob"),
        (SMALL.replace('"file"', "[]"), "`dataset.type`", "file, huggingface, blob"),
        (SMALL.replace('name = "a.jsonl"', ""), "`dataset.name` is missing", ""),
        (SMALL.replace('"a.jsonl"', "1"), "`dataset.name`", "a text"),
        (SMALL + 'split = "train"', "unknown key `dataset.split`", "Allowed: type, name."),
        (with_("colour = 1"), "unknown key `colour`", "Allowed: description, model, dataset,"),
        (with_("settings = 3"), "`settings`", "a table, written as [settings]"),
        (with_("[settings]\nmax_step = 3"), "unknown key `settings.max_step`", "max_steps"),
        (with_("[settings]\nmax_steps = 0"), "`settings.max_steps`", "a whole number from 1 to 10000000"),
        (with_("[settings]\nmax_steps = 1.5"), "`settings.max_steps`", "a whole number"),
        (with_("[settings]\nmax_steps = true"), "`settings.max_steps`", "a whole number"),
        (with_(f"[settings]\nmax_steps = 1{'0' * 400}"), "`settings.max_steps`", "a whole number"),
        (with_("[settings]\nlearning_rate = nan"), "`settings.learning_rate`", "a number from 1e-9 to 1000000"),
        (with_("[settings]\nlearning_rate = inf"), "`settings.learning_rate`", "a number from 1e-9 to 1000000"),
        (with_('[settings]\nseed = "7"'), "`settings.seed`", "a whole number from 0 to 2147483647"),
        (with_("[settings]\nload_in_4bit = 1"), "`settings.load_in_4bit`", "true or false"),
        (with_("[settings]\noptimizer = 1"), "`settings.optimizer`", "a word"),
        (with_('[settings]\noptimizer = "a\\nb"'), "`settings.optimizer`", "a word"),
        (with_("[extra]\nloraR = 8"), "`extra.loraR`", "a place of its own"),
        (with_('[extra]\nmodel = "big"'), "`extra.model`", "a place of its own"),
        (with_("[extra]\nx = [nan]"), "`extra.x`", "finite numbers, texts, true or false"),
        (with_("[extra]\nx = nan"), "`extra.x`", "finite numbers, texts, true or false"),
        (with_("[extra]\nx = -inf"), "`extra.x`", "finite numbers, texts, true or false"),
        (with_("[extra]\nx = 1979-05-27"), "`extra.x`", "finite numbers, texts, true or false"),
        (with_('open = "optimizer"'), "`open`", "a list of settings"),
        (with_('open = ["model"]'), "`open`", "optimizer, scheduler"),
        (with_("open = [[]]"), "`open`", "a list of settings"),
        (with_('prompts = ["Hello?"]'), "`prompts`", "written as [[prompts]]"),
        (with_("[[prompts]]\nuser = 'x'\n" * 11), "`prompts`", "at most 10"),
        (with_("[[prompts]]\nsystem = 'x'"), "`prompts[1].user` is missing", "the question"),
        (with_("[[prompts]]\nuser = 'x'\n[[prompts]]\nuser = 3"), "`prompts[2].user`", "1 to 4000"),
        (with_("[[prompts]]\nuser = 'x'\nask = 3"), "unknown key `prompts[1].ask`", "Allowed: user, system."),
        (with_("[samples]\ncheckpoints = -1"), "`samples.checkpoints`", "a whole number from 0 to 1000"),
        (with_("[samples]\nprompts = true"), "`samples.prompts`", "a whole number from 0 to 10"),
        (with_("[samples]\nmax_tokens = 0"), "`samples.max_tokens`", "a whole number from 1 to 4096"),
        (with_("[notify]\nfailure = 'everyone'"), "`notify.failure`", "here, starter, nobody"),
        (with_("[notify]\nfailure = ['here']"), "`notify.failure`", "here, starter, nobody"),
        (with_("[notify]\nprogress_every = 1.5"), "`notify.progress_every`", "a whole number"),
        (with_("[notify]\nsilent_minutes = 0"), "`notify.silent_minutes`", "from 1 to 10000"),
        (with_("match = 3"), "`match`", "a pattern of run names"),
        (with_('match = ["a", 3]'), "`match`", "a pattern of run names"),
        (with_('match = [" "]'), "`match`", "a pattern of run names"),
        (with_(f"match = {['x'] * 21}"), "`match`", "at most 20"),
        (SMALL.replace('"file"', '"blob"').replace("name", "url") + 'token = "abc"', "`dataset.token`", '"***"'),
        (with_("price_per_hour = -1"), "`price_per_hour`", "a number from 0"),
        (with_("price_per_hour = nan"), "`price_per_hour`", "a number from 0"),
        (with_("price_per_hour = true"), "`price_per_hour`", "a number from 0"),
    ],
    ids=lambda value: value[-40:],
)
def test_a_mistake_is_one_sentence_with_file_key_and_what_is_allowed(text: str, key: str, allowed: str) -> None:
    lines = mistakes(text)
    assert len(lines) == 1
    assert lines[0].startswith("support-bot.toml: ")
    assert key in lines[0]
    assert allowed in lines[0]
    assert lines[0].endswith(".")


def test_several_mistakes_are_told_together_and_in_a_fixed_order() -> None:
    text = with_("[settings]\nmax_steps = 0\nzeta = 1\nalpha = 2\nmu = 3\nbeta = 4\n[notify]\nfailure = 'all'").replace(
        '"tiny"', "1"
    )
    lines = mistakes(text)
    told = [line.split("`")[1] for line in lines]
    unknown = ["settings.zeta", "settings.alpha", "settings.mu", "settings.beta"]
    assert told == ["model", *unknown, "settings.max_steps", "notify.failure"]


@pytest.mark.parametrize(
    "text",
    ["model = ", "= 3", "[dataset", "a = 1\na = 2", "\x00", 'x = "\\ud800"', f"x = {'9' * 5000}", "d = 2023-02-30"],
    ids=lambda text: ascii(text[:20]),
)
def test_what_is_not_toml_is_said_to_be_so(text: str) -> None:
    assert mistakes(text)[0].startswith("support-bot.toml is not TOML: ")


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "{a=" * 3000])
def test_a_file_that_nests_without_end_is_refused(text: str) -> None:
    assert mistakes(text) == ["support-bot.toml is nested too deeply."]


def toml(value: object) -> str:
    """Any value of the strategy below as inline TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


GOOD = {"model": "tiny", "dataset": {"type": "file", "name": "a.jsonl"}}
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=12)
SCALARS = st.booleans() | st.integers() | st.integers(10**300, 10**310) | st.floats(allow_subnormal=False) | WORDS
KEYS = st.sampled_from(
    ["description", "model", "dataset", "settings", "extra", "open", "prompts", "samples", "notify", "price_per_hour",
     "type", "name", "url", "user", "system", "checkpoints", "failure", *BY_NAME]
)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS | st.sampled_from(["file", "blob", "here", "lr"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | WORDS, inner, max_size=4),
    max_leaves=12,
)


@QUICK
@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_any_table_is_a_recipe_or_a_complaint(data: dict[str, Any]) -> None:
    text = "\n".join(f"{key} = {toml(value)}" for key, value in (GOOD | data).items())
    tomllib.loads(text)
    with contextlib.suppress(RecipeError):
        json.dumps(parse("x", text, "x.toml").config(), allow_nan=False)


@QUICK
@given(st.dictionaries(st.sampled_from(sorted(BY_NAME)), SCALARS, min_size=1, max_size=4))
def test_settings_of_any_value_are_taken_as_what_they_are_or_refused(given_settings: dict[str, Any]) -> None:
    text = SMALL + "[settings]\n" + "\n".join(f"{key} = {toml(value)}" for key, value in given_settings.items())
    with contextlib.suppress(RecipeError):
        for name, value in parse("x", text, "x.toml").settings.items():
            assert type(value) is find(name).kind
            assert value == given_settings[name]


@QUICK
@given(st.text(max_size=200))
def test_any_text_is_a_recipe_or_a_complaint(text: str) -> None:
    with pytest.raises(RecipeError):
        parse("x", text, "x.toml")


@pytest.mark.parametrize("text", [FULL, SMALL], ids=["full", "small"])
def test_a_runs_copy_survives_the_database(text: str) -> None:
    recipe = parse("support-bot", text, "f")
    assert Recipe.from_dict(json.loads(json.dumps(recipe.as_dict()))) == recipe


def test_the_job_config_has_the_names_of_the_wire_and_only_what_is_set() -> None:
    assert parse("support-bot", FULL, "f").config() == {
        "model": "tiny",
        "datasetSource": {"type": "huggingface", "name": "acme/tickets", "split": "train"},
        "maxSteps": 60,
        "learningRate": 2e-4,
        "loadIn4bit": True,
        "optim": "adamw",
        "saveSteps": 30,
        "neftuneAlpha": 5,
        "packing": False,
    }


def test_a_false_switch_and_a_zero_are_set() -> None:
    recipe = parse("x", SMALL + "[settings]\nload_in_4bit = false\nweight_decay = 0", "f")
    assert recipe.config()["loadIn4bit"] is False
    assert recipe.config()["weightDecay"] == 0


def test_a_prompt_is_a_chat_with_or_without_a_system_message() -> None:
    first, second = parse("support-bot", FULL, "f").prompts
    assert [one["role"] for one in first.messages()] == ["system", "user"]
    assert second.messages() == [{"role": "user", "content": "Where is my parcel?"}]
    assert parse("support-bot", FULL, "f").asked == (0,)


def test_hostile_texts_are_cleaned_on_the_way_in() -> None:
    recipe = parse("x", 'description = "a\\u202Eb\\u0007"\n' + SMALL, "f")
    assert recipe.description == "a<U+202E>b"


RECIPE = parse("support-bot", SMALL + "[settings]\nmax_steps = 60\nsave_steps = 30", "f")


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("max_steps", "20", "max_steps", 20),
        ("steps", "20", "max_steps", 20),
        ("Steps", " 1_000 ", "max_steps", 1000),
        ("max-steps", "1e3", "max_steps", 1000),
        ("lr", "2e-4", "learning_rate", 2e-4),
        ("lr", "1", "learning_rate", 1.0),
        ("warmup", "0", "warmup_steps", 0),
        ("seed", "2147483647", "seed", 2147483647),
        ("load_in_4bit", "yes", "load_in_4bit", True),
        ("dry_run", "OFF", "dry_run", False),
    ],
)
def test_chat_may_change_numbers_and_switches(name: str, text: str, key: str, value: object) -> None:
    after = override(RECIPE, {name: text}).settings[key]
    assert after == value
    assert type(after) is type(value)


def test_a_change_leaves_the_other_settings_and_the_recipe_alone() -> None:
    assert override(RECIPE, {"steps": "20"}).settings == {"max_steps": 20, "save_steps": 30}
    assert RECIPE.settings == {"max_steps": 60, "save_steps": 30}
    assert override(RECIPE, {}) == RECIPE


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "10000001", "1.5", "nan", "inf", "-inf", "1e309", "True", "ten", "0x10", "1,000", "9" * 5000],
    ids=lambda text: text[:10],
)
def test_a_number_that_does_not_fit_is_refused_with_its_range(text: str) -> None:
    with pytest.raises(UserError, match=r"`max_steps` takes a whole number from 1 to 10000000\.$") as caught:
        override(RECIPE, {"steps": text})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("text", ["1", "0", "", "maybe", "y"])
def test_a_switch_takes_its_words_only(text: str) -> None:
    with pytest.raises(UserError, match="`dry_run` takes true or false"):
        override(RECIPE, {"dry_run": text})


def test_a_word_is_changed_only_where_the_recipe_opens_it() -> None:
    with pytest.raises(UserError, match=r"`optimizer` cannot be changed from chat: recipe `support-bot`.*`open`"):
        override(RECIPE, {"optimizer": "sgd"})
    opened = replace(RECIPE, open=("optimizer",))
    assert override(opened, {"optimizer": "sgd"}).settings["optimizer"] == "sgd"
    with pytest.raises(UserError, match="`scheduler` cannot be changed"):
        override(opened, {"scheduler": "cosine"})


@pytest.mark.parametrize("text", ["", " ", "a\nb", "x" * 61])
def test_an_open_word_is_one_printable_word(text: str) -> None:
    with pytest.raises(UserError, match="takes a word"):
        override(replace(RECIPE, open=("optimizer",)), {"optimizer": text})


@pytest.mark.parametrize("name", ["model", "dataset", "datasetSource", "program", "price_per_hour", "extra.x", ""])
def test_chat_never_changes_model_data_or_program(name: str) -> None:
    with pytest.raises(UserError, match="There is no setting"):
        override(RECIPE, {name: "1"})


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("max_step", "max_steps"), ("learning_rat", "learning_rate"), ("epoch", "epochs"), ("LORA-RR", "lora_r")],
)
def test_a_mistyped_setting_is_answered_with_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(UserError, match=f"Did you mean `{meant}`"):
        find(typed)


def test_a_setting_that_is_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(UserError, match=r"There is no setting `qqqqq`\. Known settings: max_steps, epochs"):
        find("qqqqq")


def test_a_setting_given_by_two_names_is_given_twice() -> None:
    with pytest.raises(UserError, match="`learning_rate` is given twice"):
        override(RECIPE, {"lr": "1e-3", "learning_rate": "1e-4"})


@QUICK
@given(st.sampled_from(sorted(BY_NAME)), st.text(max_size=30) | st.floats().map(str) | st.integers().map(str))
def test_a_typed_value_fits_or_is_refused(name: str, text: str) -> None:
    try:
        after = override(RECIPE, {name: text})
    except UserError:
        return
    hyper = find(name)
    value = after.settings[hyper.name]
    assert type(value) is hyper.kind
    assert isinstance(value, bool) or hyper.low <= float(value) <= hyper.high
    json.dumps(after.config(), allow_nan=False)


def test_every_hyper_parameter_has_one_name_one_alias_and_one_wire_name() -> None:
    names = [name for hyper in HYPERS for name in (hyper.name, *hyper.aliases)]
    assert len(names) == len(set(names)) == len(BY_NAME)
    assert len({hyper.wire for hyper in HYPERS}) == len(HYPERS)


@pytest.mark.parametrize("hyper", [one for one in HYPERS if one.kind in (int, float)], ids=lambda one: one.name)
def test_ranges_are_inclusive(hyper: Hyper) -> None:
    for edge in (hyper.low, hyper.high):
        assert hyper.check(edge) == edge
    assert hyper.check(hyper.low - 1) is None
    assert hyper.check(hyper.high * 2) is None


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ('"support-*"', "support-bot", True),
        ('"Support-*"', "SUPPORT-7", True),
        ('["x", "*bot"]', "support-bot", True),
        ('"support"', "support-bot", False),
        ('"[abc]?"', "b2", True),
        ("[]", "anything", False),
    ],
)
def test_a_recipe_fits_runs_from_elsewhere_by_patterns_of_their_names(pattern: str, name: str, fits: bool) -> None:
    assert parse("x", with_(f"match = {pattern}"), "f").fits(name) is fits


def test_a_prompt_that_is_off_keeps_its_place_and_is_not_asked() -> None:
    recipe = replace(RECIPE, prompts=(Prompt("a"), Prompt("b", off=True), Prompt("c"), Prompt("d"), Prompt("e")))
    assert recipe.asked == (0, 2, 3)
    assert replace(recipe, samples=Sampling(prompts=0)).asked == ()


def test_a_copy_that_an_older_version_stored_is_read() -> None:
    old = json.loads(json.dumps(parse("support-bot", FULL, "f").as_dict()))
    del old["match"]
    for prompt in old["prompts"]:
        del prompt["off"]
    assert Recipe.from_dict(old) == parse("support-bot", FULL, "f")


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
WIRES = st.sampled_from(["model", "datasetSource", "datasetFormat", *(hyper.wire for hyper in HYPERS)])


@QUICK
@given(st.dictionaries(WIRES | st.text(max_size=6), JSON, max_size=6))
def test_the_config_of_a_job_from_elsewhere_comes_back_as_it_was(config: dict[str, Any]) -> None:
    source = config.get("datasetSource")
    if isinstance(source, dict):
        source.pop("token", None)
    recipe = from_config("job", config)
    config = masked(config)
    assert recipe.config() == config
    again = Recipe.from_dict(json.loads(json.dumps(recipe.as_dict())))
    assert again.config() == config
    assert differences(recipe, again) == ()


def test_a_job_from_elsewhere_becomes_a_recipe_with_the_names_of_ours() -> None:
    config = {
        "model": "big", "datasetSource": {"type": "huggingface", "name": "acme/t"}, "maxSteps": 60, "learningRate": 1,
        "loraR": "many", "datasetFormat": {"type": "chatml"},
    }  # fmt: skip
    recipe = from_config("nightly\nrun", config)
    assert (recipe.name, recipe.model, recipe.dataset) == ("nightly run", "big", config["datasetSource"])
    assert recipe.settings == {"max_steps": 60, "learning_rate": 1.0}
    assert recipe.extra == {"loraR": "many", "datasetFormat": {"type": "chatml"}}


@pytest.mark.parametrize("token", ["hf_secret", 7, None, {"deep": "hf_secret"}], ids=str)
def test_the_token_of_a_data_set_from_elsewhere_is_never_kept(token: Any) -> None:
    source = {"type": "blob", "url": "https://data.acme.org/t", "token": token}
    recipe = from_config("x", {"model": "big", "datasetSource": source})
    assert recipe.dataset["token"] == "***"
    assert "secret" not in json.dumps(recipe.as_dict())


def test_what_is_named_like_a_secret_is_not_kept_however_deep() -> None:
    config = {
        "model": "big", "hubToken": "hf_1", "maxTokens": 9, "padToken": "<pad>", "tokenizer": "bpe", "HF_API_KEY": "k",
        "report": [{"wandb": {"apiKey": "w", "project": "p"}}], "env": {"secrets": ["a", "b"], "dbpassword": "c"},
        "datasetSource": {"type": "s3", "secretKey": "z", "token": "t"}, "monkey": "m", "key": None, "pushToken": "",
    }  # fmt: skip
    recipe = from_config("x", config)
    assert recipe.extra == {
        "hubToken": "***", "maxTokens": 9, "padToken": "<pad>", "tokenizer": "bpe", "HF_API_KEY": "***",
        "report": [{"wandb": {"apiKey": "***", "project": "p"}}], "env": {"secrets": "***", "dbpassword": "***"},
        "monkey": "m", "key": None, "pushToken": "",
    }  # fmt: skip
    assert recipe.dataset == {"type": "s3", "secretKey": "***", "token": "***"}
    assert missing(recipe.config()) == [
        "datasetSource.secretKey", "hubToken", "HF_API_KEY", "report.wandb.apiKey", "env.secrets", "env.dbpassword",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [{"x": float("nan")}, {"x": object()}, {"x": "y" * 70_000}, {"x": 10**5000}, {("a", "b"): 1}],
    ids=["nan", "object", "large", "digits", "key"],
)
def test_a_config_that_is_no_json_or_too_large_counts_as_empty(config: Any) -> None:
    assert from_config("x", config) == Recipe("x", "", {})


def test_a_config_that_nests_without_end_counts_as_empty() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert from_config("x", deep).config() == {}


def test_differences_are_told_in_the_order_of_a_recipe() -> None:
    other = replace(
        RECIPE,
        model="big",
        dataset={"type": "blob", "url": "https://me:pw@data.acme.org/t.jsonl?sig=secret"},
        settings={"max_steps": 60, "learning_rate": 1e-4},
        extra={"packing": True, "format": {"type": "chatml"}},
    )
    assert differences(RECIPE, other) == (
        Change("model", "tiny", "big"),
        Change("dataset.type", "file", "blob"),
        Change("dataset.name", "a.jsonl", None),
        Change("dataset.url", None, "https://data.acme.org/t.jsonl?…"),
        Change("learning_rate", None, 1e-4),
        Change("save_steps", 30, None),
        Change("packing", None, True),
        Change("format", None, '{"type": "chatml"}'),
    )
    assert differences(RECIPE, RECIPE) == ()
    assert len(differences(replace(RECIPE, extra={"x": 1}), replace(RECIPE, extra={"x": True}))) == 1


RATES = replace(RECIPE, settings={"max_steps": 60, "learning_rate": 2e-4, "weight_decay": 0.0, "seed": 3})


@pytest.mark.parametrize(
    ("typed", "odd"),
    [
        ({"lr": "2e4"}, ["lr"]),
        ({"lr": "2e-2"}, ["lr"]),
        ({"lr": "1.9e-2"}, []),
        ({"lr": "2e-6"}, ["lr"]),
        ({"learning_rate": "2.1e-6"}, []),
        ({"steps": "6000"}, ["steps"]),
        ({"steps": "1"}, []),
        ({"weight_decay": "9"}, []),
        ({"seed": "2000"}, []),
        ({"dry_run": "yes", "epochs": "5"}, []),
        ({"steps": "10000000", "lr": "1"}, ["steps", "lr"]),
    ],
    ids=str,
)
def test_a_number_a_hundred_times_the_recipes_own_is_odd(typed: dict[str, str], odd: list[str]) -> None:
    assert [one.name for one in far_off(RATES, typed)] == odd


@QUICK
@given(st.sampled_from(sorted(BY_NAME)), st.floats(0, 1e9).map(str) | st.integers(0, 10**9).map(str))
def test_whatever_is_typed_is_odd_or_not_and_never_breaks(name: str, text: str) -> None:
    with contextlib.suppress(UserError):
        override(RATES, {name: text})
        far_off(RATES, {name: text})
