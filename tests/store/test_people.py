"""Persons and the name they were last seen with; this installation's own id."""

import sqlite3

from store.made import ADA, NOW

from bot.domain.places import Person
from bot.store import people


def name(connection: sqlite3.Connection, person: Person) -> str:
    found = connection.execute("SELECT name FROM people WHERE id = ?", (person.key,)).fetchone()
    return str(found["name"])


def test_the_last_name_counts_and_no_name_leaves_the_last_one(connection: sqlite3.Connection) -> None:
    people.see(connection, Person("fake", "team", "ada", "Countess"), NOW)
    people.see(connection, Person("fake", "team", "ada"), NOW)
    assert name(connection, ADA) == "Countess"


def test_a_name_is_one_line_of_reasonable_length(connection: sqlite3.Connection) -> None:
    people.see(connection, Person("fake", "team", "ada", "A\nd\ta " + "x" * 500), NOW)
    assert "\n" not in name(connection, ADA)
    assert len(name(connection, ADA)) <= 80


def test_an_installation_has_one_id_of_eight_hexadecimal_digits(connection: sqlite3.Connection) -> None:
    first = people.installation(connection)
    assert (len(first), int(first, 16) >= 0) == (8, True)
    assert people.installation(connection) == first
