"""LSTMs whose products are convolutions: ConvLSTM1D, ConvLSTM2D, ConvLSTM3D."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.recurrent_base import _Recurrent


class _ConvRecurrent(_Recurrent):
    """What the three layers share."""

    _base_arguments = (*_Recurrent._base_arguments, "unroll")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        config = super().get_config()
        config["unroll"] = False
        return config


@native
class ConvLSTM1D(_ConvRecurrent):
    """LSTM over series: its products are convolutions (Shi et al. 2015).

    Args:
        filters: Number of channels of the state and of the output.
        kernel_size: Size of the windows, a number or one each axis.
        strides: Steps of the windows of the input.
        padding: "valid" or "same"; the state is always padded.
        data_format: "channels_last" or "channels_first"; default: ``image_data_format()``.
        dilation_rate: Spacing of the windows' elements in the input.
        activation: Name or function of the candidate and the output.
        recurrent_activation: Name or function of the gates.
        use_bias: Whether a bias is added.
        kernel_initializer: Initializer of the input's weights, shape ``(*kernel_size, channels, 4 *
            filters)``.
        recurrent_initializer: Initializer of the state's weights, shape ``(*kernel_size, filters, 4
            * filters)``.
        bias_initializer: Initializer of the bias, shape ``(4 * filters,)``.
        unit_forget_bias: Whether the forget gate's bias begins at 1.
        kernel_regularizer: Penalty of the input's weights.
        recurrent_regularizer: Penalty of the state's weights.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        kernel_constraint: Projection of the input's weights after each update.
        recurrent_constraint: Projection of the state's weights after each update.
        bias_constraint: Projection of the bias after each update.
        dropout: Fraction of the inputs that training drops, the same ones at every step.
        recurrent_dropout: Fraction of the state that training drops.
        seed: Seed of the dropped elements.
        return_sequences: Whether the output has all steps.
        return_state: Whether the last states are returned too.
        go_backwards: Whether the last step of the input comes first.
        stateful: Whether a batch begins with the states that the one before left.

    Input shape:
        ``(batch, steps, length, channels)``; with "channels_first" the channels follow the steps.

    Output shape:
        ``(batch, length, filters)``, with ``return_sequences`` the steps
        behind the batch axis; with ``return_state`` a list that begins with it.

    Raises:
        ValueError: A size is not positive, an axis of the input is not known, or there is no step.

    Example:
        >>> import nacre
        >>> nacre.layers.ConvLSTM1D(4, 2)(nacre.ops.ones((2, 4, 6, 3))).shape
        (2, 5, 4)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
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
        **kwargs: Any,
    ) -> None: ...


@native
class ConvLSTM2D(_ConvRecurrent):
    """LSTM over images: its products are convolutions (Shi et al. 2015).

    Args:
        filters: Number of channels of the state and of the output.
        kernel_size: Size of the windows, a number or one each axis.
        strides: Steps of the windows of the input.
        padding: "valid" or "same"; the state is always padded.
        data_format: "channels_last" or "channels_first"; default: ``image_data_format()``.
        dilation_rate: Spacing of the windows' elements in the input.
        activation: Name or function of the candidate and the output.
        recurrent_activation: Name or function of the gates.
        use_bias: Whether a bias is added.
        kernel_initializer: Initializer of the input's weights, shape ``(*kernel_size, channels, 4 *
            filters)``.
        recurrent_initializer: Initializer of the state's weights, shape ``(*kernel_size, filters, 4
            * filters)``.
        bias_initializer: Initializer of the bias, shape ``(4 * filters,)``.
        unit_forget_bias: Whether the forget gate's bias begins at 1.
        kernel_regularizer: Penalty of the input's weights.
        recurrent_regularizer: Penalty of the state's weights.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        kernel_constraint: Projection of the input's weights after each update.
        recurrent_constraint: Projection of the state's weights after each update.
        bias_constraint: Projection of the bias after each update.
        dropout: Fraction of the inputs that training drops, the same ones at every step.
        recurrent_dropout: Fraction of the state that training drops.
        seed: Seed of the dropped elements.
        return_sequences: Whether the output has all steps.
        return_state: Whether the last states are returned too.
        go_backwards: Whether the last step of the input comes first.
        stateful: Whether a batch begins with the states that the one before left.

    Input shape:
        ``(batch, steps, rows, columns, channels)``; with "channels_first" the channels follow
        the steps.

    Output shape:
        ``(batch, rows, columns, filters)``, with ``return_sequences`` the steps
        behind the batch axis; with ``return_state`` a list that begins with it.

    Raises:
        ValueError: A size is not positive, an axis of the input is not known, or there is no step.

    Example:
        >>> import nacre
        >>> nacre.layers.ConvLSTM2D(4, 2)(nacre.ops.ones((2, 4, 6, 6, 3))).shape
        (2, 5, 5, 4)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
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
        **kwargs: Any,
    ) -> None: ...


@native
class ConvLSTM3D(_ConvRecurrent):
    """LSTM over volumes: its products are convolutions (Shi et al. 2015).

    Args:
        filters: Number of channels of the state and of the output.
        kernel_size: Size of the windows, a number or one each axis.
        strides: Steps of the windows of the input.
        padding: "valid" or "same"; the state is always padded.
        data_format: "channels_last" or "channels_first"; default: ``image_data_format()``.
        dilation_rate: Spacing of the windows' elements in the input.
        activation: Name or function of the candidate and the output.
        recurrent_activation: Name or function of the gates.
        use_bias: Whether a bias is added.
        kernel_initializer: Initializer of the input's weights, shape ``(*kernel_size, channels, 4 *
            filters)``.
        recurrent_initializer: Initializer of the state's weights, shape ``(*kernel_size, filters, 4
            * filters)``.
        bias_initializer: Initializer of the bias, shape ``(4 * filters,)``.
        unit_forget_bias: Whether the forget gate's bias begins at 1.
        kernel_regularizer: Penalty of the input's weights.
        recurrent_regularizer: Penalty of the state's weights.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        kernel_constraint: Projection of the input's weights after each update.
        recurrent_constraint: Projection of the state's weights after each update.
        bias_constraint: Projection of the bias after each update.
        dropout: Fraction of the inputs that training drops, the same ones at every step.
        recurrent_dropout: Fraction of the state that training drops.
        seed: Seed of the dropped elements.
        return_sequences: Whether the output has all steps.
        return_state: Whether the last states are returned too.
        go_backwards: Whether the last step of the input comes first.
        stateful: Whether a batch begins with the states that the one before left.

    Input shape:
        ``(batch, steps, depth, rows, columns, channels)``; with "channels_first" the channels
        follow the steps.

    Output shape:
        ``(batch, depth, rows, columns, filters)``, with ``return_sequences`` the steps
        behind the batch axis; with ``return_state`` a list that begins with it.

    Raises:
        ValueError: A size is not positive, an axis of the input is not known, or there is no step.

    Example:
        >>> import nacre
        >>> nacre.layers.ConvLSTM3D(4, 2)(nacre.ops.ones((2, 4, 6, 6, 6, 3))).shape
        (2, 5, 5, 5, 4)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
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
        **kwargs: Any,
    ) -> None: ...
