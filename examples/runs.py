"""What every example shares: its options, and the table of its results."""

import argparse
from typing import Any

import numpy as np


def options(description: str | None, picture: str = "") -> Any:
    """The command line: ``--seeds``, ``--quick`` (a slice, for a moment) and ``--picture``.

    Args:
        description: The example's text.
        picture: Default of ``--picture``; "": the example draws none.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=1, help="number of runs that are averaged")
    parser.add_argument("--quick", action="store_true", help="a slice of the data, few steps")
    if picture:
        parser.add_argument("--picture", default=picture, help="where it is drawn; '' for nowhere")
    return parser.parse_args()


def report(results: dict[str, list]) -> None:
    """Prints each result: the mean over the seeds, and the spread."""
    width = max(len(name) for name in results)
    for name, values in results.items():
        spread = f"  (+- {np.std(values):.4f} over {len(values)})" if len(values) > 1 else ""
        print(f"{name:<{width}}  {np.mean(values):.4f}{spread}")


def average_precision(scores: np.ndarray, hits: np.ndarray, total: int | None = None) -> float:
    """Area under precision over recall: the mean of the precisions at each hit.

    Args:
        scores: One a guess.
        hits: Whether the guess was right, bool.
        total: How many hits there could be; default: as many as there are.
    """
    hits = hits[np.argsort(-scores, kind="stable")] if len(hits) else np.zeros(0, bool)
    precisions = np.cumsum(hits)[hits] / (np.flatnonzero(hits) + 1)
    return float(precisions.sum() / max(len(precisions) if total is None else total, 1))
