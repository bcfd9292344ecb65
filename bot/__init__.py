"""trainbot: runs an ML team's fine-tuning from the team's chat."""

__version__ = "0.1.0"
