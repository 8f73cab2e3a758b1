"""Recurrent layers: SimpleRNN, LSTM, GRU."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.recurrent_base import _Recurrent


@native
class SimpleRNN(_Recurrent):
    """A fully connected recurrent layer, whose output is its state.

    Args:
        units: Size of the state and of the output.
        activation: Name or function of the state.
        use_bias: Whether a bias is added.
        kernel_initializer: Initializer of the input's weights, shape ``(features, units)``.
        recurrent_initializer: Initializer of the state's weights, shape ``(units, units)``.
        bias_initializer: Initializer of the bias, shape ``(units,)``.
        kernel_regularizer: Penalty of the input's weights.
        recurrent_regularizer: Penalty of the state's weights.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        kernel_constraint: Projection of the input's weights after each update.
        recurrent_constraint: Projection of the state's weights after each update.
        bias_constraint: Projection of the bias after each update.
        dropout: Fraction of the inputs that training drops, the same ones at every step.
        recurrent_dropout: Fraction of the state that training drops; no fused kernel then.
        return_sequences: Whether the output has all steps.
        return_state: Whether the last states are returned too.
        go_backwards: Whether the last step of the input comes first.
        stateful: Whether a batch begins with the states that the one before left.
        unroll: Kept for Keras's signature.
        seed: Seed of the dropped elements.

    A masked step leaves the state as it was; its output is the one before it, or 0 with the further
    argument ``zero_output_for_mask=True``. ``initial_state=`` of a call gives its state.

    Input shape:
        ``(batch, steps, features)``

    Output shape:
        ``(batch, units)``, with ``return_sequences`` ``(batch, steps, units)``; with
        ``return_state`` a list that begins with it.

    Raises:
        ValueError: ``units`` is not positive, there is no step, or states or mask do not fit.

    Example:
        >>> import nacre
        >>> nacre.layers.SimpleRNN(4, return_sequences=True)(nacre.ops.ones((2, 5, 3))).shape
        (2, 5, 4)
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class LSTM(_Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber 1997).

    Args:
        units: Size of the state and of the output.
        activation: Name or function of the candidate and the output.
        recurrent_activation: Name or function of the gates.
        use_bias: Whether a bias is added.
        kernel_initializer: Initializer of the input's weights, shape ``(features, 4 * units)``.
        recurrent_initializer: Initializer of the state's weights, shape ``(units, 4 * units)``.
        bias_initializer: Initializer of the bias, shape ``(4 * units,)``.
        unit_forget_bias: Whether the forget gate's bias begins at 1.
        kernel_regularizer: Penalty of the input's weights.
        recurrent_regularizer: Penalty of the state's weights.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        kernel_constraint: Projection of the input's weights after each update.
        recurrent_constraint: Projection of the state's weights after each update.
        bias_constraint: Projection of the bias after each update.
        dropout: Fraction of the inputs that training drops, the same ones at every step.
        recurrent_dropout: Fraction of the state that training drops; no fused kernel then.
        seed: Seed of the dropped elements.
        return_sequences: Whether the output has all steps.
        return_state: Whether the last states are returned too.
        go_backwards: Whether the last step of the input comes first.
        stateful: Whether a batch begins with the states that the one before left.
        unroll: Kept for Keras's signature.
        use_cudnn: Kept for Keras's signature.

    A masked step leaves the state as it was; its output is the one before it, or 0 with the further
    argument ``zero_output_for_mask=True``. ``initial_state=`` of a call gives ``[h, c]``.

    Input shape:
        ``(batch, steps, features)``

    Output shape:
        ``(batch, units)``, with ``return_sequences`` ``(batch, steps, units)``; with
        ``return_state`` a list that begins with it.

    Raises:
        ValueError: ``units`` is not positive, there is no step, or states or mask do not fit.

    Example:
        >>> import nacre
        >>> nacre.layers.LSTM(4, return_sequences=True)(nacre.ops.ones((2, 5, 3))).shape
        (2, 5, 4)
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None: ...


@native
class GRU(_Recurrent):
    """Gated recurrent unit (Cho et al. 2014).

    Args:
        units: Size of the state and of the output.
        activation: Name or function of the candidate.
        recurrent_activation: Name or function of the gates.
        use_bias: Whether a bias is added.
        kernel_initializer: Initializer of the input's weights, shape ``(features, 3 * units)``.
        recurrent_initializer: Initializer of the state's weights, shape ``(units, 3 * units)``.
        bias_initializer: Initializer of the bias, shape ``(3 * units,)``, with ``reset_after``
            ``(2, 3 * units)``.
        kernel_regularizer: Penalty of the input's weights.
        recurrent_regularizer: Penalty of the state's weights.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        kernel_constraint: Projection of the input's weights after each update.
        recurrent_constraint: Projection of the state's weights after each update.
        bias_constraint: Projection of the bias after each update.
        dropout: Fraction of the inputs that training drops, the same ones at every step.
        recurrent_dropout: Fraction of the state that training drops; no fused kernel then.
        seed: Seed of the dropped elements.
        return_sequences: Whether the output has all steps.
        return_state: Whether the last states are returned too.
        go_backwards: Whether the last step of the input comes first.
        stateful: Whether a batch begins with the states that the one before left.
        unroll: Kept for Keras's signature.
        reset_after: Whether the reset gate scales the state's product rather than the state.
        use_cudnn: Kept for Keras's signature.

    A masked step leaves the state as it was; its output is the one before it, or 0 with the further
    argument ``zero_output_for_mask=True``. ``initial_state=`` of a call gives its state.

    Input shape:
        ``(batch, steps, features)``

    Output shape:
        ``(batch, units)``, with ``return_sequences`` ``(batch, steps, units)``; with
        ``return_state`` a list that begins with it.

    Raises:
        ValueError: ``units`` is not positive, there is no step, or states or mask do not fit.

    Example:
        >>> import nacre
        >>> nacre.layers.GRU(4, return_sequences=True)(nacre.ops.ones((2, 5, 3))).shape
        (2, 5, 4)
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None: ...
