"""The console command: ``nacre demo``, ``nacre info``, ``nacre --version``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        argv: Its arguments. Defaults to those of the process.

    Returns:
        The exit status: 0 if all went well, 1 for a failed check or an error, 2 for
        wrong arguments, 130 after Ctrl-C.

    Example:

    >>> from nacre.__main__ import main
    >>> main(["info"])  # doctest: +SKIP
    nacre 0.1.0
    0
    """
    arguments = _parser().parse_args(argv)
    if arguments.command is None:
        _parser().print_help()
        return 0
    try:
        return _info() if arguments.command == "info" else _run_demo(arguments)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except (OSError, ValueError, ImportError) as error:
        print(f"nacre {arguments.command}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    import argparse

    import nacre

    parser = argparse.ArgumentParser(
        prog="nacre", description="A deep-learning framework in one small wheel."
    )
    parser.add_argument("--version", action="version", version=f"nacre {nacre.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("info", help="print version, instruction set and threads")
    demo = commands.add_parser(
        "demo",
        help="train a classifier on real data, save it, load it and check it",
        description="Trains a classifier on real data, evaluates, saves and reloads it, and checks "
        "that the reloaded model predicts the same bits.",
    )
    demo.add_argument(
        "--dataset",
        choices=("digits", "mnist", "fashion_mnist", "cifar10"),
        default="digits",
        help="the data; digits comes with the package (default: digits)",
    )
    demo.add_argument(
        "--model",
        choices=("mlp", "cnn"),
        default="mlp",
        help="dense layers 128, 64, 10, or two convolutions (default: mlp)",
    )
    demo.add_argument("--epochs", type=_positive, help="default: depends on data and model")
    demo.add_argument("--batch-size", type=_positive, help="default: depends on data and model")
    demo.add_argument(
        "--seed", type=_seed, default=0, help="seed of all that is random (default: 0)"
    )
    demo.add_argument(
        "--output-dir",
        default="nacre-demo",
        metavar="DIR",
        help="where the model and the curves go (default: nacre-demo)",
    )
    return parser


def _positive(text: str) -> int:
    return _integer(text, 1, 2**31 - 1)


def _seed(text: str) -> int:
    return _integer(text, 0, 2**32 - 1)


def _integer(text: str, least: int, most: int) -> int:
    import argparse

    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(
            f"expected an integer from {least} to {most}, received {text!r}"
        )
    return value


def _run_demo(arguments: argparse.Namespace) -> int:
    from nacre import _demo

    good = _demo.run(
        dataset=arguments.dataset,
        model=arguments.model,
        epochs=arguments.epochs,
        batch_size=arguments.batch_size,
        seed=arguments.seed,
        output_dir=arguments.output_dir,
    )
    return 0 if good else 1


def _info() -> int:
    import platform

    import numpy as np

    import nacre
    from nacre import _core

    rows = [("python", platform.python_version()), ("numpy", np.__version__)]
    # What the core says of itself, under the names that it has.
    for label, name in (("instruction set", "active_isa"), ("threads", "num_threads")):
        value = getattr(_core, name, None)
        if value is not None:
            rows.append((label, str(value() if callable(value) else value)))
    rows += [
        ("machine", f"{platform.machine()} {platform.system()}"),
        ("package", nacre.__path__[0]),
    ]
    print(f"nacre {nacre.__version__}")
    for label, text in rows:
        print(f"  {label:<16} {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
