"""Recurrent layers: cells, which compute one step."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.recurrent_base import _Cell


@native
class SimpleRNNCell(_Cell):
    """One step of SimpleRNN: ``activation(x @ kernel + h @ recurrent_kernel + bias)``.

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
        kernel_constraint: Projection of the input's weights after each update.
        recurrent_constraint: Projection of the state's weights after each update.
        bias_constraint: Projection of the bias after each update.
        dropout: Fraction of the inputs that training drops, the same ones at every step.
        recurrent_dropout: Fraction of the state that training drops; no fused kernel then.
        seed: Seed of the dropped elements.

    Input shape:
        ``(batch, features)``, and a list of one state of shape ``(batch, units)``

    Output shape:
        ``(batch, units)``, and the list of new states

    Raises:
        ValueError: ``units`` is not positive, or the input has changed its size.

    Example:
        >>> import nacre
        >>> cell = nacre.layers.SimpleRNNCell(4)
        >>> output, states = cell(nacre.ops.ones((2, 3)), cell.get_initial_state(2))
        >>> output.shape, len(states)
        ((2, 4), 1)
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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class LSTMCell(_Cell):
    """One step of a long short-term memory (Hochreiter and Schmidhuber 1997).

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
        kernel_constraint: Projection of the input's weights after each update.
        recurrent_constraint: Projection of the state's weights after each update.
        bias_constraint: Projection of the bias after each update.
        dropout: Fraction of the inputs that training drops, the same ones at every step.
        recurrent_dropout: Fraction of the state that training drops; no fused kernel then.
        seed: Seed of the dropped elements.

    Input shape:
        ``(batch, features)``, and a list of two states, h and c, of shape ``(batch, units)``

    Output shape:
        ``(batch, units)``, and the list of new states

    Raises:
        ValueError: ``units`` is not positive, or the input has changed its size.

    Example:
        >>> import nacre
        >>> cell = nacre.layers.LSTMCell(4)
        >>> output, states = cell(nacre.ops.ones((2, 3)), cell.get_initial_state(2))
        >>> output.shape, len(states)
        ((2, 4), 2)
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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...

    @property
    def state_size(self) -> list:
        """The sizes of h and c."""
        return [self.units, self.units]


@native
class GRUCell(_Cell):
    """One step of a gated recurrent unit (Cho et al. 2014).

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
        kernel_constraint: Projection of the input's weights after each update.
        recurrent_constraint: Projection of the state's weights after each update.
        bias_constraint: Projection of the bias after each update.
        dropout: Fraction of the inputs that training drops, the same ones at every step.
        recurrent_dropout: Fraction of the state that training drops; no fused kernel then.
        reset_after: Whether the reset gate scales the state's product rather than the state.
        seed: Seed of the dropped elements.

    Input shape:
        ``(batch, features)``, and a list of one state of shape ``(batch, units)``

    Output shape:
        ``(batch, units)``, and the list of new states

    Raises:
        ValueError: ``units`` is not positive, or the input has changed its size.

    Example:
        >>> import nacre
        >>> cell = nacre.layers.GRUCell(4)
        >>> output, states = cell(nacre.ops.ones((2, 3)), cell.get_initial_state(2))
        >>> output.shape, len(states)
        ((2, 4), 1)
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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...
