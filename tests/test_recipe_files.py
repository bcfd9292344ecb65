"""The recipe folders: what is read, what is written, and what stays as the team wrote it."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as quick
from hypothesis import strategies as st

from bot.domain import prompts
from bot.domain.errors import UserError
from bot.domain.recipe_text import parse
from bot.domain.recipes import Notify, Prompt, Recipe, RecipeError, Sampling, from_config
from bot.recipe_files import RECIPE_LIMIT, RecipeFiles, read_recipes, recipe_folders, to_toml
from bot.settings import Settings, dataset_tokens, read

GOOD = 'model = "tiny"\n[dataset]\ntype = "file"\nname = "a.jsonl"\n'
COMMENTED = """# The night's recipe.
model = "tiny"  # small

[dataset]
type = "file"
name = "a.jsonl"

# A customer who is angry.
[[prompts]]
user = "first"  # the first

# One who is not.
[[prompts]]
system = "Be short."
user = "second"

# Few of them.
[samples]
checkpoints = 4  # enough
prompts = 2
"""


def settings(path: Path, **given: Any) -> Settings:
    return read(data_dir=path, **given)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


@pytest.fixture
def files(own: Path, tmp_path: Path) -> RecipeFiles:
    """The team's folder, and one with an example in it."""
    packaged = tmp_path / "packaged"
    packaged.mkdir()
    (packaged / "example.toml").write_text(COMMENTED)
    return RecipeFiles((own, packaged))


def test_recipes_are_read_anew_and_broken_ones_are_errors(tmp_path: Path) -> None:
    own, packaged = tmp_path / "own", tmp_path / "packaged"
    for folder in (own, packaged):
        folder.mkdir()
    (own / "a.toml").write_text(GOOD)
    (packaged / "a.toml").write_text(GOOD + "# another\nnonsense")
    (packaged / "b.toml").write_text(GOOD)
    (own / "bytes.toml").write_bytes(b"\xff\xfe")
    (own / "large.toml").write_bytes(b"#" * (RECIPE_LIMIT + 1))
    (own / "nothing.toml").mkdir()
    (own / "gone.toml").symlink_to(tmp_path / "nowhere")
    (own / "Not A Name.toml").write_text(GOOD)
    (own / "ignored.txt").write_text(GOOD)
    found = read_recipes((own, packaged, tmp_path / "missing"))
    assert {name for name, one in found.items() if isinstance(one, Recipe)} == {"a", "b"}
    said = {name: str(one) for name, one in found.items() if isinstance(one, RecipeError)}
    assert set(said) == {"bytes", "large", "nothing", "gone", "Not A Name"}
    assert said["bytes"] == "bytes.toml is not UTF-8 text."
    assert said["large"] == "large.toml is larger than 256 KiB."
    assert said["gone"] == "gone.toml cannot be read: No such file or directory."
    (own / "b.toml").write_text("nonsense")
    assert isinstance(read_recipes((own, packaged))["b"], RecipeError)


def test_own_recipes_come_before_the_packaged_ones(tmp_path: Path) -> None:
    own, packaged = recipe_folders(settings(tmp_path), examples=True)
    assert own == tmp_path / "recipes"
    assert (packaged / "support-bot.toml").exists()
    assert recipe_folders(settings(tmp_path, recipes=tmp_path / "mine"), examples=False) == (tmp_path / "mine",)


def test_every_packaged_recipe_can_be_used(tmp_path: Path) -> None:
    found = read_recipes(recipe_folders(settings(tmp_path), examples=True))
    assert {name: str(one) for name, one in found.items() if isinstance(one, RecipeError)} == {}
    assert {"support-bot", "too-hot"} <= set(found)


FULL = Recipe(
    "support-bot",
    "tiny",
    {"type": "huggingface", "name": "acme/t", "split": "train"},
    description='Sorts "tickets"',
    settings={"max_steps": 60, "learning_rate": 2e-4, "load_in_4bit": True, "optimizer": "adamw"},
    extra={"packing": False, "format": {"type": "chatml", "parts": [1, 2.5, "x"]}},
    open=("optimizer",),
    prompts=(Prompt("a\nb\t\\ ''' \"\"\"", "be short"), Prompt("c")),
    samples=Sampling(4, 1, 64),
    notify=Notify(10, "starter", 5),
    price_per_hour=0.0,
    match=("support-*",),
)


def test_a_recipe_is_written_so_that_it_is_read_back() -> None:
    assert parse("support-bot", to_toml(FULL), "f") == FULL


def test_what_counts_without_a_word_is_not_written() -> None:
    small = parse("x", GOOD, "f")
    assert to_toml(small) == 'model = "tiny"\n\n[dataset]\ntype = "file"\nname = "a.jsonl"\n'


@quick(deadline=None, max_examples=100)
@given(st.text(min_size=1, max_size=60).filter(str.strip), st.text(min_size=1, max_size=30))
def test_any_prompt_and_any_name_of_a_key_are_written_so_that_they_are_read_back(text: str, key: str) -> None:
    one = Prompt(prompts.clean(text)) if prompts.clean(text).strip() else Prompt("x")
    recipe = Recipe("x", "tiny", {"type": "file", "name": "a"}, prompts=(one,), extra={f"_{key}": "v"})
    try:
        written = to_toml(recipe)
    except RecipeError:  # a key that TOML has no sign for
        return
    assert parse("x", written, "f") == recipe


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model": "big"},
        {"model": "big", "datasetSource": {"type": "ftp", "url": "x"}},
        {"model": "big", "datasetSource": {"type": "file", "name": "a"}, "loraR": "many"},
        {"model": "big", "datasetSource": {"type": "file", "name": "a"}, "x": [None]},
        {"model": "big", "datasetSource": {"type": "file", "name": "a"}, "x": 10**400},
    ],
    ids=lambda config: str(config)[:60],
)
def test_a_job_that_no_file_can_say_is_a_complaint(config: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        to_toml(from_config("night", config))


async def test_a_recipe_is_saved_once_and_replaced_only_when_that_is_said(files: RecipeFiles, own: Path) -> None:
    assert await files.save(FULL, replace=False)
    before = (own / "support-bot.toml").read_text()
    other = replace(FULL, model="other")
    assert not await files.save(other, replace=False)
    assert (own / "support-bot.toml").read_text() == before
    assert await files.save(other, replace=True)
    assert (await files.read())["support-bot"] == other
    assert [path.name for path in own.iterdir()] == ["support-bot.toml"]


async def test_a_recipe_by_the_name_of_an_example_is_the_teams_own_and_counts(
    files: RecipeFiles, tmp_path: Path
) -> None:
    mine = replace(FULL, name="example")
    assert await files.save(mine, replace=False)
    assert (await files.read())["example"] == mine
    assert (tmp_path / "packaged" / "example.toml").read_text() == COMMENTED


async def test_a_folder_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    files = RecipeFiles((tmp_path / "a" / "b",))
    assert await files.save(FULL, replace=False)
    assert (await files.read())["support-bot"] == FULL


async def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for files in (RecipeFiles((tmp_path / "file",)), RecipeFiles((tmp_path / "file" / "below",))):
        with pytest.raises(UserError, match=r"support-bot\.toml cannot be written in .*Nothing was changed"):
            await files.save(FULL, replace=True)


@pytest.mark.parametrize("name", ["../x", "", "A B", "x/y", ".x"])
async def test_a_name_that_is_no_recipes_reaches_no_file(files: RecipeFiles, name: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RecipeError, match="its name"):
        await files.save(replace(FULL, name=name), replace=True)
    with pytest.raises(UserError, match="There is no recipe"):
        await files.change_prompts(name, lambda recipe: recipe)
    assert sorted(tmp_path.rglob("*")) == before


async def test_a_prompt_more_leaves_the_rest_of_the_file_as_it_was(files: RecipeFiles, own: Path) -> None:
    (own / "night.toml").write_text(COMMENTED)
    after = await files.change_prompts("night", lambda one: prompts.added_to_recipe(one, Prompt("third")))
    text = (own / "night.toml").read_text()
    assert (await files.read())["night"] == after
    assert text.replace('\n[[prompts]]\nuser = "third"\n', "") == COMMENTED.replace("prompts = 2", "prompts = 3")


async def test_a_prompt_less_leaves_the_rest_of_the_file_as_it_was(files: RecipeFiles, own: Path) -> None:
    for gone in (Prompt("first"), Prompt("second", "Be short.")):
        (own / "night.toml").write_text(COMMENTED)
        after = await files.change_prompts("night", lambda one, gone=gone: prompts.removed_from_recipe(one, gone))
        text = (own / "night.toml").read_text()
        assert gone not in after.prompts
        assert (await files.read())["night"] == after
        for comment in ("# The night's recipe.", "# small", "# One who is not.", "# Few of them.", "# enough"):
            assert comment in text, text


async def test_an_examples_prompts_are_changed_in_a_copy_of_the_teams_own(
    files: RecipeFiles, own: Path, tmp_path: Path
) -> None:
    await files.change_prompts("example", lambda one: prompts.added_to_recipe(one, Prompt("third")))
    assert (tmp_path / "packaged" / "example.toml").read_text() == COMMENTED
    assert "third" in (own / "example.toml").read_text()
    assert "# A customer who is angry." in (own / "example.toml").read_text()


async def test_a_change_that_changes_nothing_or_is_refused_writes_nothing(files: RecipeFiles, own: Path) -> None:
    await files.change_prompts("example", lambda one: one)
    with pytest.raises(UserError, match="asked already"):
        await files.change_prompts("example", lambda one: prompts.added_to_recipe(one, Prompt("first")))
    assert list(own.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        'prompts = [{user = "a"}, {user = "b"}]  # few\n' + GOOD,
        "prompts = []\n" + GOOD,
        COMMENTED,
        GOOD + "[samples]\n",
    ],
    ids=["none", "inline", "empty", "tables", "samples"],
)
@pytest.mark.parametrize("moves", ["+", "-", "+-", "-+", "--", "++", "--+", "+++"])
async def test_prompts_come_and_go_however_they_are_written(
    files: RecipeFiles, own: Path, text: str, moves: str
) -> None:
    (own / "night.toml").write_text(text)
    wanted = parse("night", text, "f")
    for index, move in enumerate(moves):
        if move == "-" and not wanted.prompts:
            continue
        adding, one = move == "+", Prompt(f"new {index}") if move == "+" else wanted.prompts[0]
        change = partial(prompts.added_to_recipe, new=one) if adding else partial(prompts.removed_from_recipe, gone=one)
        wanted = change(wanted)
        assert await files.change_prompts("night", change) == wanted
        assert (await files.read())["night"] == wanted


async def test_a_broken_recipe_is_not_written_over(files: RecipeFiles, own: Path) -> None:
    (own / "odd.toml").write_text("modle = 1")
    with pytest.raises(RecipeError):
        await files.change_prompts("odd", lambda one: one)
    assert (own / "odd.toml").read_text() == "modle = 1"


async def test_a_link_to_elsewhere_is_replaced_and_not_written_through(
    files: RecipeFiles, own: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text(GOOD)
    (own / "support-bot.toml").symlink_to(elsewhere)
    assert not await files.save(FULL, replace=False)
    assert await files.save(FULL, replace=True)
    assert elsewhere.read_text() == GOOD


def test_the_tokens_of_data_sets_come_from_the_environment(tmp_path: Path) -> None:
    environment = {"TRAINBOT_DATASET_TOKEN_A_ORG": "sesame", "TRAINBOT_DATASET_TOKEN_B_ORG": "", "PATH": "/bin"}
    (tmp_path / ".env").write_text("TRAINBOT_DATASET_TOKEN_A_ORG=other\nTRAINBOT_DATASET_TOKEN_C_ORG=open\nPATH_=x\n")
    found = dataset_tokens(environment, tmp_path)
    assert {name: one.get_secret_value() for name, one in found.items()} == {
        "TRAINBOT_DATASET_TOKEN_A_ORG": "sesame",
        "TRAINBOT_DATASET_TOKEN_C_ORG": "open",
    }
    assert "sesame" not in repr(found)
