"""What the half-trained model says: one sample, a missing one, several at once, and the table of all.

A sample is posted when its draw is stored; people vote on it with reactions, so it has no buttons. Answers are
never cut here in a sample of their own: what a platform cannot show is its renderer's business.
"""

from collections.abc import Mapping, Sequence

from bot.domain.calls import Call
from bot.domain.ratings import Tally, best_step, clear
from bot.domain.runs import BASE_STEP, Run, Sample
from bot.domain.text import count, one_line
from bot.messages import facts, words
from bot.messages.model import (
    Aside,
    Block,
    Bold,
    Button,
    Buttons,
    Code,
    Grid,
    Line,
    Message,
    Prose,
    Quote,
    Text,
    line,
    say,
    sentence,
)

_PROMPT_LIMIT = 300  # of a prompt above its answer; people know it by its beginning
_CELL_LIMIT = 80
_ONLY_LIMIT = 300  # of a cell where there is one column
_EMPTY = "(empty)"


def sample(run: Run, sample: Sample, *, previous: Sample | None) -> Message:
    """One answer, standing alone. `previous` is the answer of the step before to the same prompt."""
    said = _answer(sample)
    blocks: list[Block] = [Prose(_where(run, sample.step)), Quote(_prompt(run, sample.prompt, _PROMPT_LIMIT), "Prompt")]
    if previous and sample.answer and sample.answer.strip() and sample.answer == previous.answer:
        blocks.append(Prose(line(f"Same answer as {_moment(previous.step)}.")))
    else:
        blocks.append(Quote(said, "Answer"))
    if sample.step == BASE_STEP and sample.prompt == 0:
        blocks.append(_rules(run))
    where = facts.at(sample.step)
    return Message(f"{facts.title(run)}, {where}: {one_line(said)}", tuple(blocks))


def _where(run: Run, step: int) -> Line:
    if step > BASE_STEP:
        return line(Bold(facts.title(run)), f" · step {step}" + (f" of {run.total_steps}" if run.total_steps else ""))
    model = f" {one_line(run.recipe.model, 80)}" if run.recipe.model else ""
    return line(Bold(facts.title(run)), f" · before training, base model{model}")


def _rules(run: Run) -> Aside:
    """How samples are drawn, said once a run."""
    limit = run.recipe.samples.max_tokens
    return Aside(
        line(f"All samples of this run: greedy decoding, {limit} tokens at most. Vote with 👍 or 👎 below each.")
    )


def _moment(step: int) -> str:
    return f"at step {step}" if step > BASE_STEP else "before training"


def _prompt(run: Run, index: int, limit: int) -> str:
    prompts = run.recipe.prompts
    return one_line(prompts[index].user, limit) if 0 <= index < len(prompts) else f"prompt {index + 1}"


def _answer(sample: Sample) -> str:
    if sample.answer is None:
        return f"(no answer: {one_line(sample.error or 'no reason given')})"
    return sample.answer if sample.answer.strip() else _EMPTY


def missing(run: Run, step: int, reason: str) -> Message:
    """One line in place of a sample that could not be drawn."""
    text = f"No sample {_moment(step)}: {one_line(reason) or 'no reason given'}"
    return Message(f"{facts.title(run)}: {text}", (Prose(line(text)),))


def backlog(run: Run, samples: Sequence[Sample]) -> Message:
    """The samples of several steps at once, after an outage."""
    ordered = sorted(samples, key=lambda one: (one.step, one.prompt))
    steps = words.listed([facts.at(step) for step in sorted({one.step for one in ordered})])
    rows = tuple(
        (
            line(facts.at(one.step)),
            line(_prompt(run, one.prompt, _CELL_LIMIT)),
            line(one_line(_answer(one), _CELL_LIMIT)),
        )
        for one in ordered
    )
    return Message(
        f"{facts.title(run)}: samples that waited, {steps}",
        (
            Prose(
                line(
                    Bold(facts.title(run)),
                    " went on while nothing could be posted here. What waited comes together:",
                )
            ),
            Grid(("Step", "Prompt", "Answer"), rows),
            Aside(line("Answers are cut here. All of them: ", Code(f"/train samples {run.number}"))),
        ),
    )


def grid(
    run: Run, samples: Sequence[Sample], votes: Mapping[tuple[int, int], Tally], *, only: int | None = None
) -> Message:
    """All samples of a run, a row a step and a column a prompt, with their votes. `only`: of one prompt, cut later."""
    if only is not None:
        samples = [one for one in samples if one.prompt == only]
    if not samples:
        return say(_none_yet(run))
    prompts = sorted({one.prompt for one in samples})
    by_cell = {(one.step, one.prompt): one for one in samples}
    voted = [(step, tally) for (step, _), tally in votes.items()]
    best, certain = best_step(voted), clear(voted)
    limit = _CELL_LIMIT if only is None else _ONLY_LIMIT
    rows = tuple(
        (
            _label(step, best),
            *(_cell(by_cell.get((step, prompt)), votes.get((step, prompt)), limit) for prompt in prompts),
        )
        for step in sorted({one.step for one in samples})
    )
    last = _step_word(max(one.step for one in samples))
    return Message(
        f"{facts.title(run)}: samples of {count(len(rows), 'step')}",
        (
            Prose(line("Samples of ", Bold(facts.title(run)), *_leader(best, certain=certain))),
            *(Prose(line(Bold(f"{prompt + 1}. "), _prompt(run, prompt, _PROMPT_LIMIT))) for prompt in prompts),
            Grid(("Step", *(f"Prompt {prompt + 1}" for prompt in prompts)), rows),
            Aside(line("Answers are cut here. In full: ", Code(f"/train samples {run.number} step={last}"))),
        ),
    )


def _step_word(step: int) -> str:
    return str(step) if step > BASE_STEP else "base"


def of_step(
    run: Run, step: int, samples: Sequence[Sample], votes: Mapping[tuple[int, int], Tally], *, note: str = ""
) -> Message:
    """Every answer of one step in full. `note`: what else is to be said, for example what could not be drawn."""
    blocks: list[Block] = [Prose(_where(run, step))]
    for one in sorted(samples, key=lambda one: one.prompt):
        tally = votes.get((step, one.prompt))
        told = f" · {words.tally(tally)}" if tally and tally.votes else ""
        blocks.append(Quote(_prompt(run, one.prompt, _PROMPT_LIMIT), f"Prompt {one.prompt + 1}"))
        blocks.append(Quote(_answer(one), f"Answer{told}"))
    blocks += [Prose(sentence(note))] if note else []
    blocks += _neighbours(run, step)
    said = count(len(samples), "answer") if samples else "no answer"
    return Message(f"{facts.title(run)}, {facts.at(step)}: {said}. {note}".rstrip(), tuple(blocks))


def _neighbours(run: Run, step: int) -> list[Block]:
    """The saved checkpoints before and after this one; the base model comes before the first."""
    saved = sorted({BASE_STEP, *run.checkpoints})
    before, after = [one for one in saved if one < step], [one for one in saved if one > step]
    near = [*before[-1:], *after[:1]]
    one = {"run": str(run.number)}
    made = [Button(_capital(facts.at(at)), Call("samples", {**one, "step": _step_word(at)})) for at in near]
    return [Buttons(tuple(made))] if made else []


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _leader(best: tuple[int, Tally] | None, *, certain: bool) -> Line:
    if best is None:
        return line(". No step leads yet: vote with 👍 or 👎 below the samples.")
    close = "" if certain else ", too close to call"
    return line(". Ahead so far: ", Bold(facts.at(best[0])), f" ({words.tally(best[1])}){close}.")


def _label(step: int, best: tuple[int, Tally] | None) -> Line:
    text = facts.at(step)
    return line(Bold(f"{text} (ahead)")) if best and best[0] == step else line(text)


def _cell(sample: Sample | None, votes: Tally | None, limit: int) -> Line:
    if sample is None:
        return line("–")
    text = one_line(_answer(sample), limit)
    return (Text(text), Text(f" {words.tally(votes)}")) if votes and votes.votes else (Text(text),)


def _none_yet(run: Run) -> str:
    title = facts.title(run)
    if not run.recipe.asked:
        return f"{title} has no samples: its recipe asks no prompts. Add [[prompts]] to it for the next run."
    if run.state.final:
        return f"{title} has no samples, and none will come: it is {run.state.value}."
    save = run.recipe.settings.get("save_steps")
    first = f"at step {save}" if isinstance(save, int) else "when it is saved"
    return f"{title} has no samples yet. The base model is asked when training begins, the first checkpoint {first}."
