"""What a few lines of code with a webhook would say of a run must be in our messages as well, fact by fact."""

from messages.made import JOB, NOW, RUNNING, answer, curve, ended, pings, plain

from bot.domain.runs import Numbers, State
from bot.messages import runs, samples
from bot.messages.model import Message, Ping

ERROR = "CUDA out of memory. Tried to allocate 2.00 GiB"


def missing(message: Message, *facts: str) -> list[str]:
    """The facts that are not in the text."""
    return [fact for fact in facts if fact not in plain(message)]


def test_completed_has_name_artifacts_and_job() -> None:
    message = runs.outcome(ended(artifacts=2), now=NOW, points=curve(), votes={}, picture=None)
    assert not missing(message, "support-bot", "completed", "2 artifacts", JOB)
    assert "support-bot" in message.summary
    assert "completed" in message.summary
    assert "2 artifacts" in message.summary
    assert not pings(message)


def test_failed_calls_here_and_has_name_error_and_job() -> None:
    run = ended(State.FAILED, error=ERROR)
    message = runs.failure(run, now=NOW, points=curve(), votes={}, picture=None, ping=Ping(), follower=None)
    assert not missing(message, "@here", "support-bot", "failed", ERROR, JOB)
    assert all(fact in message.summary for fact in ("support-bot", "failed", ERROR, JOB))
    assert pings(message) == [Ping()]


def test_progress_has_step_and_loss_to_four_decimals() -> None:
    message = runs.progress(RUNNING, step=100, numbers=Numbers(loss=1.23456))
    assert plain(message) == "step=100 loss=1.2346"
    assert "step=100 loss=1.2346" in message.summary


def test_a_sample_has_its_step_and_its_text() -> None:
    message = samples.sample(RUNNING, answer(30), previous=None)
    assert not missing(message, "step 30", "We are sorry.")
    assert "step 30" in message.summary
    assert "We are sorry." in message.summary
