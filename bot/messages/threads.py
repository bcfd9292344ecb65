"""One-line replies in a run's thread that are neither samples nor numbers."""

from bot.domain.places import Person
from bot.domain.runs import Run
from bot.domain.text import one_line
from bot.messages import facts
from bot.messages.model import Code, Message, Name, Prose, Text, line

_PROMPT_LIMIT = 200


def joined(run: Run) -> Message:
    """For a place that begins to follow in the middle."""
    text = f"This place follows {facts.title(run)} from {facts.step(run)} on. What its checkpoints said before: "
    command = f"/train samples #{run.number}"
    return Message(text + command, (Prose(line(text, Code(command))),))


def hint(run: Run) -> Message:
    """For a run that has nothing to be asked."""
    text = "There is nothing to ask the checkpoints of this run. Add a question: "
    command = f"/train prompts #{run.number} add <question>"
    rest = ". A recipe whose match fits the run's name brings its prompts along for every later run."
    return Message(text + command + rest, (Prose(line(text, Code(command), rest)),))


def prompts(run: Run, by: Person, index: int, *, added: bool) -> Message:
    """Who changed what the checkpoints are asked, from the next one on."""
    asked = run.recipe.prompts[index].user if index < len(run.recipe.prompts) else f"prompt {index + 1}"
    did = " added a prompt" if added else " removed a prompt"
    said = one_line(asked, _PROMPT_LIMIT)
    when = "It is asked from the next checkpoint on." if added else "It is not asked any more."
    summary = f"{one_line(by.label, 80)}{did} of {facts.title(run)}: {said}. {when}"
    return Message(summary, (Prose((Name(by), Text(f"{did}: “{said}”. {when}"))),))
