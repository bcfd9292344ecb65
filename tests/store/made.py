"""What the tests of the store begin with."""

from datetime import UTC, datetime

from bot.domain.places import Person, Place
from bot.domain.recipes import Prompt, Recipe

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HERE, THERE = Place("fake", "team", "training"), Place("fake", "team", "general")
ADA, GRACE = Person("fake", "team", "ada", "Ada"), Person("fake", "team", "grace", "Grace")
RECIPE = Recipe(
    "tickets", "tiny", {"type": "file", "name": "t.jsonl"}, settings={"max_steps": 20}, prompts=(Prompt("question"),)
)
