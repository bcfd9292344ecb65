"""A job's settings are checked before anything is trained."""

import pytest

from bot.trainer.tiny.config import ConfigError, config_of


def test_an_empty_config_is_a_whole_one() -> None:
    config = config_of({})
    assert config.schedule == "cosine"
    assert config.steps(rows=3200) == 400


def test_steps_come_before_epochs_and_a_dry_run_before_both() -> None:
    assert config_of({"maxSteps": 7, "numTrainEpochs": 3}).steps(100) == 7
    assert config_of({"numTrainEpochs": 2, "batchSize": 10}).steps(100) == 20
    assert config_of({"maxSteps": 700, "dryRun": True}).steps(100) == 10


def test_null_means_the_default_and_unknown_names_are_ignored() -> None:
    assert config_of({"seed": None, "loraRank": 16}) == config_of({})


@pytest.mark.parametrize(
    ("wire", "sentence"),
    [
        ({"maxSteps": 0}, "maxSteps must be from 1 to"),
        ({"maxSteps": 2.5}, "maxSteps must be a whole number, not 2.5"),
        ({"maxSteps": True}, "maxSteps must be a whole number, not True"),
        ({"learningRate": "fast"}, "learningRate must be a number, not 'fast'"),
        ({"learningRate": float("nan")}, "learningRate must be from"),
        ({"maxSteps": 10**400}, "maxSteps must be from 1 to"),
        ({"learningRate": -1}, "learningRate must be from"),
        ({"lrSchedulerType": "stairs"}, "lrSchedulerType must be one of linear, cosine, constant"),
        ({"maxLength": 100_000}, "maxLength must be from 8 to 256"),
        ({"seed": -1}, "seed must be from 0"),
        ({"dryRun": "yes"}, "dryRun must be true or false"),
        ({"model": "llama"}, "this engine trains the model tiny only"),
        ({"lrSchedulerType": ["linear"]}, "lrSchedulerType must be one of"),
    ],
)
def test_a_bad_value_is_refused_with_a_sentence(wire: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        config_of(wire)
