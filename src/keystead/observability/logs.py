"""What is written down about what happens? Events with fields; never a secret, a code, a token, a body or a query."""

import logging
import sys
from typing import Any

import structlog

log: Any = structlog.get_logger("keystead")


def set_up_logs(*, json_lines: bool) -> None:
    """Write events to standard error: one JSON object a line, or for people when ``json_lines`` is False."""
    renderer: Any = structlog.processors.JSONRenderer() if json_lines else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
