"""What a job that was started elsewhere is as a run. Pure: the job and the recipes in, the facts out.

Used by `discover`. Names and configs come from anybody who may use the training service: they are cleaned, limited in
size, and format nothing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain import recipes
from bot.domain.places import SOMEBODY, Place
from bot.domain.recipes import Prompt, Recipe, RecipeError, Sampling
from bot.domain.runs import Origin, Run, State
from bot.ports import Job

_TAG = re.compile(r"\[tb-([^\s\[\]]{1,64})-([0-9]{1,12})\]\Z")
_ENDS = {"completed": State.COMPLETED, "failed": State.FAILED, "cancelled": State.CANCELLED}


@dataclass(frozen=True, slots=True)
class Tag:
    """What a trainbot puts behind a job's name: which installation it is, and which of its runs."""

    installation: str
    run: int


def split(name: str) -> tuple[str, Tag | None]:
    """A job's name without the tag that it ends with, and the tag."""
    found = _TAG.search(name.rstrip())
    return (name[: found.start()].rstrip(), Tag(found[1], int(found[2]))) if found else (name, None)


def over(job: Job) -> bool:
    """Whether the job has ended."""
    return job.status in _ENDS


def recipe(job: Job, known: Mapping[str, Recipe | RecipeError], prompts: Sequence[Prompt]) -> Recipe:
    """What the job trains, by its config. What is asked, who is told and what it costs, by the first recipe, in the
    order of names, that it is one of; else `prompts` are asked."""
    made = recipes.from_config(split(job.name)[0], job.config)
    usable = [one for _, one in sorted(known.items()) if isinstance(one, Recipe)]
    like = next((one for one in usable if one.fits(made.name)), None)
    if like is None:
        usual = Sampling()
        samples = replace(usual, prompts=max(usual.prompts, len(prompts)))
        return replace(made, prompts=tuple(prompts), samples=samples)
    return replace(
        made, prompts=like.prompts, samples=like.samples, notify=like.notify, price_per_hour=like.price_per_hour
    )


def run(job: Job, trained: Recipe, home: Place, *, history: bool) -> Callable[[int], Run]:
    """The run of this job, once it has a number. `history`: the job was over before anybody looked, and is told to
    nobody. Any other is told from its beginning, so it begins as live, also when it has ended meanwhile: the stream
    says how, and when it started."""

    def make(number: int) -> Run:
        begun = Run(number, trained, home, SOMEBODY, job.created_at, job_id=job.id)
        if not history:
            waits = job.status == "queued" or (over(job) and job.started_at is None)
            return replace(begun, origin=Origin.OUTSIDE, state=State.QUEUED if waits else State.RUNNING)
        return replace(
            begun,
            origin=Origin.HISTORY,
            state=_ENDS[job.status],
            started_at=job.started_at,
            ended_at=job.ended_at or job.started_at or job.created_at,
            error=job.error if job.status == "failed" else None,
        )

    return make
