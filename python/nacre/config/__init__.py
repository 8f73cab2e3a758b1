"""Settings of the process: default dtype, image data format, threads, running functions eagerly.

Example:
    >>> from nacre import config
    >>> config.floatx()
    'float32'
"""

import os as _os
from typing import Any as _Any

from nacre import _core
from nacre._core import (
    floatx as floatx,
    num_threads as num_threads,
    set_floatx as set_floatx,
    set_num_threads as set_num_threads,
)

_epsilon = 1e-7
_image_data_format = "channels_last"
_safe_mode = True
_flash_attention: bool | None = None


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite; 1e-7 unless changed."""
    return _epsilon


def set_epsilon(value: float) -> None:
    """Sets the value of `epsilon()`.

    Example:
        >>> from nacre import config
        >>> config.set_epsilon(1e-5)
        >>> config.epsilon()
        1e-05
        >>> config.set_epsilon(1e-7)
    """
    global _epsilon
    if not 0 < float(value) < 1:
        raise ValueError(f"set_epsilon: expected a number between 0 and 1, received {value!r}")
    _epsilon = float(value)


def image_data_format() -> str:
    """'channels_last' or 'channels_first': the layout of images where a layer is given none."""
    return _image_data_format


def set_image_data_format(data_format: str) -> None:
    """Sets the value of `image_data_format()`."""
    global _image_data_format
    name = str(data_format).lower()
    if name not in ("channels_last", "channels_first"):
        raise ValueError(
            "set_image_data_format: expected 'channels_last' or 'channels_first', "
            f"received {data_format!r}"
        )
    _image_data_format = name


def backend() -> str:
    """'nacre': there is one backend."""
    return "nacre"


def is_nnx_enabled() -> bool:
    """False: Flax NNX is not used."""
    return False


def run_functions_eagerly(run_eagerly: bool) -> None:
    """With True, functions decorated with `nacre.function` run op by op: for debugging."""
    _core.set_run_functions_eagerly(bool(run_eagerly))


def functions_run_eagerly() -> bool:
    """Whether `run_functions_eagerly(True)` is in effect."""
    return _core.functions_run_eagerly()


def enable_interactive_logging() -> None:
    """Progress bars and messages go to stdout (the default)."""
    from nacre.utils import console

    console.enable_interactive_logging()


def disable_interactive_logging() -> None:
    """Progress bars and messages go to the logger named 'nacre' instead of stdout."""
    from nacre.utils import console

    console.disable_interactive_logging()


def is_interactive_logging_enabled() -> bool:
    """Whether progress bars and messages go to stdout."""
    from nacre.utils import console

    return console.is_interactive_logging_enabled()


def enable_unsafe_deserialization() -> None:
    """Lets `load_model` restore Lambda layers, that is run code from the file."""
    global _safe_mode
    _safe_mode = False


def safe_mode() -> bool:
    """Whether loading refuses files that bring code; True unless it was switched off."""
    return _safe_mode


def enable_traceback_filtering() -> None:
    """Accepted for Keras's sake: tracebacks are short as they are."""


def disable_traceback_filtering() -> None:
    """Accepted for Keras's sake: tracebacks are short as they are."""


def is_traceback_filtering_enabled() -> bool:
    """False: nothing is filtered."""
    return False


def isa() -> str:
    """The instruction set that the kernels use, e.g. 'avx2'; `NACRE_ISA` caps it."""
    return _core.active_isa()


def available_isas() -> list[str]:
    """The instruction sets that this machine runs, from the least to the best."""
    return _core.available_isas()


def dtype_policy() -> _Any:
    """The default dtype policy of layers."""
    from nacre import dtype_policies

    return dtype_policies.dtype_policy()


def set_dtype_policy(policy: _Any) -> None:
    """Sets the default dtype policy of layers: 'float32', 'mixed_bfloat16', or a DTypePolicy."""
    from nacre import dtype_policies

    dtype_policies.set_dtype_policy(policy)


def max_epochs() -> int | None:
    """The most epochs `fit` runs: set, or from NACRE_MAX_EPOCHS; None: no limit."""
    return _limits["epochs"]


def set_max_epochs(max_epochs: int | None) -> None:
    """Limits the epochs of every `fit`, to try a program quickly; None: no limit.

    Example:
        >>> from nacre import config
        >>> config.set_max_epochs(2)
        >>> config.max_epochs()
        2
        >>> config.set_max_epochs(None)
    """
    _limits["epochs"] = _limit("set_max_epochs", max_epochs)


def max_steps_per_epoch() -> int | None:
    """The most steps of an epoch: set, or from NACRE_MAX_STEPS_PER_EPOCH; None: no limit."""
    return _limits["steps"]


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limits the steps of every epoch, evaluation and prediction; None: no limit.

    Example:
        >>> from nacre import config
        >>> config.set_max_steps_per_epoch(10)
        >>> config.max_steps_per_epoch()
        10
        >>> config.set_max_steps_per_epoch(None)
    """
    _limits["steps"] = _limit("set_max_steps_per_epoch", max_steps_per_epoch)


def _limit(caller: str, value: _Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"{caller}: expected a positive integer or None, received {value!r}")
    return value


def _limit_in_environment(name: str) -> int | None:
    text = _os.environ.get(name, "").strip()
    return int(text) if text.isdigit() and int(text) else None


_limits = {
    "epochs": _limit_in_environment("NACRE_MAX_EPOCHS"),
    "steps": _limit_in_environment("NACRE_MAX_STEPS_PER_EPOCH"),
}


def enable_flash_attention() -> None:
    """Undoes `disable_flash_attention()`."""
    global _flash_attention
    _flash_attention = None


def disable_flash_attention() -> None:
    """Kept for Keras: attention never makes its matrix of weights unless it is asked for."""
    global _flash_attention
    _flash_attention = False


def is_flash_attention_enabled() -> bool | None:
    """False after `disable_flash_attention()`, else None, as in Keras."""
    return _flash_attention
