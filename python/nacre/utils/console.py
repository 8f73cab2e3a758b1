"""Where the framework's own lines go: the terminal, or the ``nacre`` logger."""

from __future__ import annotations

import sys

_interactive = True


def enable_interactive_logging() -> None:
    """Sends progress bars and messages to stdout. This is the default.

    Example:

    >>> import nacre
    >>> nacre.utils.enable_interactive_logging()
    >>> nacre.utils.is_interactive_logging_enabled()
    True
    """
    global _interactive
    _interactive = True


def disable_interactive_logging() -> None:
    """Sends progress bars and messages to the logger named ``nacre`` (level INFO).

    Meant for jobs on servers, whose stdout is not read by a person.

    Example:

    >>> import nacre
    >>> nacre.utils.disable_interactive_logging()
    >>> nacre.utils.is_interactive_logging_enabled()
    False
    >>> nacre.utils.enable_interactive_logging()
    """
    global _interactive
    _interactive = False


def is_interactive_logging_enabled() -> bool:
    """Says whether messages go to stdout.

    Returns:
        ``True`` for stdout, ``False`` for the ``nacre`` logger.
    """
    return _interactive


def print_msg(message: object, line_break: bool = True) -> None:
    """Writes a message to stdout and flushes it, or logs it.

    Args:
        message: What to write; ``str()`` of it.
        line_break: Whether a newline follows.
    """
    text = str(message)
    if not _interactive:
        import logging

        logging.getLogger("nacre").info(text)
        return
    if line_break:
        text += "\n"
    out = sys.stdout
    if out is None:  # pythonw and some embedders have no stdout
        return
    try:
        out.write(text)
    except UnicodeEncodeError:
        encoding = getattr(out, "encoding", None) or "ascii"
        plain = text.replace("━", "=")
        out.write(plain.encode(encoding, errors="replace").decode(encoding))
    out.flush()
