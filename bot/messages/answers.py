"""What a checkpoint said to a question from the chat, and what is said where it cannot be asked.

Built for the one who asked. The answer is kept whole: what a platform cannot show is its renderer's business.
"""

from bot.domain.calls import Call
from bot.domain.runs import BASE_STEP, Run
from bot.domain.text import one_line
from bot.messages import facts
from bot.messages.model import Aside, Bold, Button, Buttons, Code, Message, Prose, Quote, line


def answer(run: Run, step: int, prompt: str, text: str) -> Message:
    """The question, the answer and which step it came from."""
    said = text if text.strip() else "(empty)"
    model = f", base model {one_line(run.recipe.model, 80)}" if step == BASE_STEP and run.recipe.model else ""
    limit = run.recipe.samples.max_tokens
    return Message(
        f"{facts.title(run)}, {facts.at(step)}: {one_line(said)}",
        (
            Prose(line(Bold(facts.title(run)), f" · {facts.at(step)}{model}")),
            Quote(prompt, "Prompt"),
            Quote(said, "Answer"),
            Aside(line(f"Greedy decoding, {limit} tokens at most.")),
        ),
    )


def what(run: Run, step: int) -> Message:
    """The call had no question: what to type."""
    word = f"step={step}" if step > BASE_STEP else "step=base"
    typed = f"/train ask {run.number} {word} your question"
    return Message(
        f"What do you want to ask {facts.title(run)}? Type {typed}",
        (Prose(line("What do you want to ask ", Bold(facts.title(run)), "? Type ", Code(typed))),),
    )


def no_checkpoint(run: Run, prompt: str) -> Message:
    """There is nothing to ask but the model that it began with."""
    end = "and none will come" if run.state.final else "yet"
    typed = f"/train ask {run.number} step=base {one_line(prompt, 200) or 'your question'}"
    text = f"{facts.title(run)} has saved no checkpoint {end}. The base model can be asked: {typed}"
    base = Button("Samples of the base model", Call("samples", {"run": str(run.number), "step": "base"}))
    return Message(
        text,
        (
            Prose(line(Bold(facts.title(run)), f" has saved no checkpoint {end}. The base model can be asked: ")),
            Prose(line(Code(typed))),
            Buttons((base,)),
        ),
    )
