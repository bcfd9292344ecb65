"""Places and persons as text."""

import pytest

from bot.domain.places import Person, Place


@pytest.mark.parametrize("place", [Place("slack", "T1", "C1"), Place("discord", "1", "2"), Place("room", "-", "a b:c")])
def test_a_place_is_read_back(place: Place) -> None:
    assert Place.parse(str(place)) == place


def test_a_person_is_read_back_and_told_apart_by_ids_alone() -> None:
    ann = Person("slack", "T1", "U1", "Ann")
    assert Person.parse(ann.key, "Ann").name == "Ann"
    assert Person.parse(ann.key) == ann
    assert hash(Person.parse(ann.key)) == hash(ann)
    assert ann != Person("discord", "T1", "U1", "Ann")


def test_a_person_without_a_name_is_shown_by_id() -> None:
    assert Person("slack", "T1", "U1", "Ann").label == "Ann"
    assert Person("slack", "T1", "U1").label == "U1"


@pytest.mark.parametrize("text", ["", "slack", "slack/T1", "slack/T1/", "/T1/C1", "slack//C1", "slack/T1/C1/x", "//"])
def test_anything_else_is_neither_place_nor_person(text: str) -> None:
    with pytest.raises(ValueError, match="not a place"):
        Place.parse(text)
    with pytest.raises(ValueError, match="not a person"):
        Person.parse(text)
