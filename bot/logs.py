"""The log: structlog on standard error, the libraries' own loggers folded in, secrets cut out.

Set up once by the command line. What is logged is for the operator; people in chats get sentences.
"""

import logging
import sys
from collections.abc import MutableMapping, Sequence
from typing import Any

import structlog

HIDDEN = "[secret]"
Event = MutableMapping[str, Any]


def set_up(level: str, *, as_json: bool, secrets: Sequence[str]) -> None:
    """`level`: debug, info, warning or error. `secrets` appear in no line, wherever they come from."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _Redaction(secrets),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "asyncio", "matplotlib", "PIL"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


class _Redaction:
    """Replaces every secret in every text of a line."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = [secret for secret in secrets if secret]

    def __call__(self, _: Any, __: str, event: Event) -> Event:
        for key, value in event.items():
            text = value if isinstance(value, str) else repr(value) if isinstance(value, BaseException) else None
            if text is not None:
                event[key] = self._without(text)
        return event

    def _without(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text
