"""Windows of signal processing, and the Bessel function that one of them is made of."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nacre import _core
from nacre._core import Tensor
from nacre.ops.conversion import convert_to_tensor

# Chebyshev coefficients of exp(-x) I0(x) in x / 4 - 1 on [0, 8], and of exp(-x) sqrt(x) I0(x) in
# 16 / x - 1 beyond: interpolated at 30 and 25 Chebyshev nodes, relative error below 3e-14.
_NEAR = (
    0.3383976372047381, -0.3046826723431984, 0.17162090152220866,
    -0.09490109704804753, 0.0493052842396706, -0.023737414805899366,
    0.010546460394594871, -0.004324309995050468, 0.001639475616941207,
    -0.0005763755745384717, 0.00018850288509562053, -5.754195010061377e-05,
    1.6448448070363608e-05, -4.4167383581400484e-06, 1.1173875386502608e-06,
    -2.6707938504373985e-07, 6.046994976161939e-08, -1.3000249734588613e-08,
    2.6598232315729515e-09, -5.189790773056183e-10, 9.675728829261488e-11,
    -1.7267520746599985e-11, 2.953831623742076e-12, -4.845115049908107e-13,
    7.496410899439828e-14, -1.0041042071880686e-14, -8.840150833577809e-16,
    1.887379141862766e-15, -3.0205005163708166e-15, 2.3903333016643085e-15,
)  # fmt: skip
_FAR = (
    0.40224520550705445, 0.0033691164782557142, 6.88975834692117e-05,
    2.8913705208126813e-06, 2.0489185899477076e-07, 2.2666689887611037e-08,
    3.3962320502115926e-09, 4.940602382964768e-10, 1.188918045601103e-11,
    -3.1499165983641015e-11, -1.321571968438912e-11, -1.7941851619608441e-12,
    7.181137345593904e-13, 3.8528978499709384e-13, 1.560832707745815e-14,
    -4.148804532840955e-14, -9.302824808355569e-15, 3.8210536898730756e-15,
    2.0630143322135386e-15, -3.682159467053485e-16, -3.6031186370386943e-16,
    2.057433520677399e-17, -5.2401059243372e-16, -1.4302191671631408e-17,
    -7.174798106576486e-16,
)  # fmt: skip


def bartlett(x: Any) -> Tensor:
    """The triangular window that begins and ends with 0.

    Args:
        x: number of points.

    Returns:
        A tensor of shape (x,) of dtype `config.floatx()`.

    Example:
        >>> from nacre import ops
        >>> ops.bartlett(5)
        Tensor([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return _window("bartlett", np.bartlett, x)


def blackman(x: Any) -> Tensor:
    """Blackman's window, of three cosines.

    Args:
        x: number of points.

    Returns:
        A tensor of shape (x,) of dtype `config.floatx()`.

    Example:
        >>> from nacre import ops
        >>> ops.blackman(5).shape
        (5,)
    """
    return _window("blackman", np.blackman, x)


def hamming(x: Any) -> Tensor:
    """Hamming's window: 0.54 - 0.46 cos(2 pi n / (x - 1)).

    Args:
        x: number of points.

    Returns:
        A tensor of shape (x,) of dtype `config.floatx()`.

    Example:
        >>> from nacre import ops
        >>> ops.hamming(3)
        Tensor([0.08, 1.  , 0.08], dtype=float32)
    """
    return _window("hamming", np.hamming, x)


def hanning(x: Any) -> Tensor:
    """Hann's window: 0.5 - 0.5 cos(2 pi n / (x - 1)).

    Args:
        x: number of points.

    Returns:
        A tensor of shape (x,) of dtype `config.floatx()`.

    Example:
        >>> from nacre import ops
        >>> ops.hanning(5)
        Tensor([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return _window("hanning", np.hanning, x)


def kaiser(x: Any, beta: float) -> Tensor:
    """Kaiser's window.

    Args:
        x: number of points.
        beta: its shape: 0 for a rectangle, 14 for a narrow bell.

    Returns:
        A tensor of shape (x,) of dtype `config.floatx()`.

    Example:
        >>> from nacre import ops
        >>> ops.kaiser(3, 0.0)
        Tensor([1., 1., 1.], dtype=float32)
    """
    return _window("kaiser", lambda count: np.kaiser(count, float(beta)), x)


def _window(name: str, function: Callable[[int], np.ndarray], x: Any) -> Tensor:
    count = np.asarray(x)
    if count.size != 1 or count.dtype.kind not in "iu":
        raise ValueError(f"{name}: expected a number of points, received {x!r}")
    return convert_to_tensor(function(int(count.reshape(()))), _core.floatx())


def i0(x: Any) -> Tensor:
    """The modified Bessel function of the first kind of order 0.

    Args:
        x: a tensor of any shape.

    Returns:
        A tensor of the shape of `x`; of float dtype.

    Example:
        >>> from nacre import ops
        >>> ops.i0([0.0, 1.0])
        Tensor([1.       , 1.2660658], dtype=float32)
    """
    x = convert_to_tensor(x)
    dtype = x.dtype if _core.is_floating(x.dtype) else _core.floatx()
    if x.dtype == "int64":
        dtype = "float64"
    op = _core.op
    # Sums of half-precision numbers would lose what they have.
    a = op("absolute")(op("cast")(x, "float64" if dtype == "float64" else "float32"))
    near, far = op("minimum")(a, 8.0), op("maximum")(a, 8.0)
    scaled = op("where")(
        a <= 8.0,
        _chebyshev(near * 0.25 - 1.0, _NEAR),
        _chebyshev(16.0 / far - 1.0, _FAR) / op("sqrt")(far),
    )
    return op("cast")(op("exp")(a) * scaled, dtype)


def _chebyshev(t: Tensor, coefficients: Sequence[float]) -> Tensor:
    """The sum of c[k] T_k(t), by Clenshaw's recurrence."""
    after: Any = 0.0
    value: Any = 0.0
    for c in reversed(coefficients[1:]):
        after, value = value, 2.0 * t * value - after + c
    return t * value - after + coefficients[0]
