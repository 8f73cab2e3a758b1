"""One epoch: its steps, and the callbacks around them."""

from __future__ import annotations

from typing import Any


class EpochSteps:
    """The steps of one epoch: in C++ without Python, or one by one where a callback needs it."""

    def __init__(self, model: Any, calls: Any, mode: str) -> None:
        self.model = model
        self.trainer = model._trainer
        self.calls = calls
        self.mode = mode
        self.begin = calls.overrides(f"on_{mode}_batch_begin")
        self.end = calls.overrides(f"on_{mode}_batch_end")
        self.own = model._writes_step(mode)
        self.group = model.steps_per_execution  # steps between two rounds of callbacks

    def run(self, source: Any, start: int = 0) -> int:
        """Runs all steps, or those from one on; returns how many the epoch has had."""
        if source.feeder is not None and not (self.begin or self.end or self.own):
            return self._run_native(source, start)
        step = getattr(self.trainer, f"{self.mode}_step")
        done = start
        for batch in source.batches(start):
            in_group = (done - start) % self.group
            if self.begin and in_group == 0:
                getattr(self.calls, f"on_{self.mode}_batch_begin")(done)
            if self.own:
                self.model._run_step(self.mode, batch, source.nests, source.bare)
            else:
                step(*batch)
            done += 1
            if in_group == self.group - 1:
                self._end_group(done, done)
                if self.model.stop_training:
                    return done
        missing = -(done - start) % self.group
        if missing:  # a whole group is counted, as in Keras
            self._end_group(done + missing, done)
        return done

    def _end_group(self, counted: int, done: int) -> None:
        if self.end:
            getattr(self.calls, f"on_{self.mode}_batch_end")(counted - 1, self.model._logs())
        if self.calls.progress:
            self.calls.progress(done, self.model._logs)

    def _run_native(self, source: Any, start: int) -> int:
        steps = source.num_steps
        run = getattr(self.trainer, f"{self.mode}_steps")
        progress = self.calls.progress
        if progress is None:
            run(source.feeder, start, steps, None, 0.0)
            return steps

        def hook(step: int) -> bool:
            progress(step + 1, self.model._logs)
            return not self.model.stop_training

        run(source.feeder, start, steps, hook, self.calls.progress_interval)
        return steps


def callback_list(
    callbacks: Any, model: Any, verbose: Any, *, epochs: int, steps: Any, history: bool = False
) -> Any:
    """The callbacks of one call of fit(), evaluate() or predict()."""
    from nacre.callbacks import CallbackList

    if isinstance(callbacks, CallbackList):
        return callbacks
    verbose = 1 if verbose == "auto" else int(verbose)
    return CallbackList(
        callbacks,
        add_history=history,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=epochs,
        steps=steps,
    )


def is_due(frequency: Any, epoch: int) -> bool:
    """Whether an epoch is among those of ``validation_freq``: every n-th, or a list of them."""
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    return (epoch + 1) in frequency
