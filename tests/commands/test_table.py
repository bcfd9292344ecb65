"""The table for documents has every command that people are offered, as help has it."""

from commands.office import Office

from bot.commands.catalog import COMMANDS
from bot.commands.table import markdown


def test_every_command_but_the_hidden_one_is_a_row_of_three_cells() -> None:
    head, rule, *rows = markdown().splitlines()
    assert head.count("|") == rule.count("|") == 4
    assert [row.split("`")[1].split()[1] for row in rows] == [one.name for one in COMMANDS if not one.hidden]
    for row in rows:
        assert row.count("|") == 4, row


async def test_every_example_of_the_table_is_a_command_that_is_understood(office: Office) -> None:
    for one in COMMANDS:
        for example in one.examples:
            told = await office.text(example)
            assert "Usage" not in told
            assert "There is no command" not in told


async def test_help_says_what_the_table_says(office: Office) -> None:
    listed = await office.text("help")
    for one in COMMANDS:
        if not one.hidden:
            assert f"{one.usage} | {one.help}" in listed
