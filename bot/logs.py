"""The log: structlog on standard error, the libraries' own loggers folded in, secrets cut out.

Set up once by the command line. What is logged is for the operator; people in chats get sentences.
"""

import json
import logging
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import structlog

HIDDEN = "[secret]"


def set_up(level: str, *, as_json: bool, secrets: Sequence[str]) -> None:
    """`level`: debug, info, warning or error. `secrets` appear in no line, wherever they come from."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
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
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer, _Redaction(secrets)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "asyncio", "matplotlib", "PIL"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


class _Redaction:
    """Replaces every secret in a finished line, however deep it lay, also as JSON or `repr` write it."""

    def __init__(self, secrets: Sequence[str]) -> None:
        forms = {form for secret in secrets if secret for form in _written(secret)}
        self._forms = sorted(forms, key=len, reverse=True)  # one secret may be part of another

    def __call__(self, _: Any, __: str, line: Any) -> str:
        text = str(line)
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text


def _written(secret: str) -> tuple[str, ...]:
    """The secret as it stands in a text, in JSON, in a `repr` and in the address of a request."""
    return secret, json.dumps(secret)[1:-1], json.dumps(repr(secret)[1:-1])[1:-1], repr(secret)[1:-1], quote(secret, "")
