"""nacre."""

from __future__ import annotations

from bench.frameworks.keras_like import KerasLike


class Subject(KerasLike):
    def __init__(self, work, threads: int) -> None:
        import nacre

        nacre.config.set_num_threads(threads)
        super().__init__(nacre, work)
