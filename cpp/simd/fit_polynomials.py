"""Prints the minimax polynomials that math.h and math_double.h use (needs mpmath and numpy).

Each fit minimises the largest relative error of the whole formula, not of the polynomial, by
Lawson's iteratively reweighted least squares on Chebyshev points. Coefficients for float32 formulas
are rounded one after the other, lowest order first, and the rest is fitted again after each.
"""

import mpmath as mp
import numpy as np

mp.mp.dps = 40


def chebyshev_points(low, high, count=600):
    t = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    return (low + high) / 2 + (high - low) / 2 * t


def lawson(columns, target, iterations=300):
    """Minimises max |columns @ c - target|."""
    weight = np.full(len(target), 1.0 / len(target))
    scale = np.abs(columns).max(axis=0)
    best, best_error = None, np.inf
    for _ in range(iterations):
        root = np.sqrt(weight)[:, None]
        c = np.linalg.lstsq(root * columns / scale, root[:, 0] * target, rcond=1e-17)[0] / scale
        error = np.abs(columns @ c - target)
        if error.max() < best_error:
            best, best_error = c, error.max()
        weight = weight * error
        weight /= weight.sum()
    return best, best_error


def polynomial(name, f, prefix, factor, variable, low, high, count, single):
    """f(x) = prefix(x) + factor(x) * P(variable(x)); relative error over [low, high]."""
    x = [mp.mpf(v) for v in chebyshev_points(low, high)]
    exact = [f(v) for v in x]
    rest = np.array([float((e - prefix(v)) / e) for e, v in zip(exact, x)])
    gain = np.array([float(factor(v) / e) for e, v in zip(exact, x)])
    var = np.array([float(variable(v)) for v in x])
    columns = gain[:, None] * var[:, None] ** np.arange(count)
    fixed = []
    c, error = lawson(columns, rest)
    if single:
        for k in range(count):
            fixed.append(float(np.float32(c[0])))
            rest = rest - columns[:, k] * fixed[-1]
            if k + 1 < count:
                c, _ = lawson(columns[:, k + 1 :], rest)
        error, c = np.abs(rest).max(), np.array(fixed)
    suffix = "f" if single else ""
    print(f"// {name}: relative error 2^{np.log2(error):.1f}")
    print("  {" + ", ".join(f"{v:.9g}{suffix}" if single else f"{v:.17g}" for v in c) + "}")
    return c


def rational(name, f, factor, variable, low, high, p, q, rounds=40):
    """f(x) = factor(x) * P(z) / Q(z), z = variable(x), Q(0) = 1, single precision."""
    x = [mp.mpf(v) for v in chebyshev_points(low, high)]
    ratio = np.array([float(f(v) / factor(v)) for v in x])
    z = np.array([float(variable(v)) for v in x])
    den = np.ones_like(z)
    for _ in range(rounds):  # Sanathanan and Koerner: linearise, divide by the last denominator
        top = z[:, None] ** np.arange(p) / (ratio * den)[:, None]
        bottom = -(z[:, None] ** np.arange(1, q)) / den[:, None]
        c, _ = lawson(np.hstack([top, bottom]), 1.0 / den, 60)
        den = 1 + z[:, None] ** np.arange(1, q) @ c[p:]
    num = z[:, None] ** np.arange(p) @ c[:p]
    error = np.abs(num / den / ratio - 1).max()
    print(f"// {name}: relative error 2^{np.log2(error):.1f}")
    print("  P {" + ", ".join(f"{v:.9g}f" for v in c[:p]) + "}")
    print("  Q {" + ", ".join(f"{v:.9g}f" for v in [1.0, *c[p:]]) + "}")


one, zero = (lambda x: mp.mpf(1)), (lambda x: mp.mpf(0))
square, same = (lambda x: x * x), (lambda x: x)
half_ln2 = float(mp.log(2)) / 2 * 1.0001

if __name__ == "__main__":
    polynomial(
        "exp: 1 + r + r^2 P(r)", mp.exp, lambda r: 1 + r, square, same, -half_ln2, half_ln2, 5, True
    )
    polynomial(
        "log: f - f^2/2 + f^3 P(f)",
        lambda f: mp.log1p(f),
        lambda f: f - f * f / 2,
        lambda f: f**3,
        same,
        2**-0.5 - 1,
        2**0.5 - 1,
        9,
        True,
    )
    polynomial(
        "sin(2 pi t): t P(t^2)",
        lambda t: mp.sin(2 * mp.pi * t),
        zero,
        same,
        square,
        1e-6,
        0.125,
        5,
        True,
    )
    polynomial(
        "cos(2 pi t): 1 + t^2 P(t^2)",
        lambda t: mp.cos(2 * mp.pi * t),
        one,
        square,
        square,
        1e-6,
        0.125,
        4,
        True,
    )
    polynomial("log1p: z + z^2 P(z)", mp.log1p, same, square, same, 1e-6, 1.0, 9, True)
    polynomial("sin: x + x^3 P(x^2)", mp.sin, same, lambda x: x**3, square, 1e-4, 0.7855, 3, True)
    polynomial(
        "cos: 1 - x^2/2 + x^4 P(x^2)",
        mp.cos,
        lambda x: 1 - x * x / 2,
        lambda x: x**4,
        square,
        1e-4,
        0.7855,
        3,
        True,
    )
    for p, q in ((7, 5), (6, 6), (6, 7), (7, 6)):
        rational(f"erf: x P(x^2) / Q(x^2), {p} {q}", mp.erf, same, square, 1e-6, 3.93, p, q)
    polynomial(
        "double exp: 1 + r + r^2 P(r)",
        mp.exp,
        lambda r: 1 + r,
        square,
        same,
        -half_ln2,
        half_ln2,
        8,
        False,
    )
    polynomial(
        "double log: 2 s + s^3 P(s^2)",
        lambda s: 2 * mp.atanh(s),
        lambda s: 2 * s,
        lambda s: s**3,
        square,
        1e-6,
        0.1716,
        7,
        False,
    )
    polynomial(
        "double sin: x + x^3 P(x^2)", mp.sin, same, lambda x: x**3, square, 1e-4, 0.7855, 5, False
    )
    polynomial(
        "double cos: 1 - x^2/2 + x^4 P(x^2)",
        mp.cos,
        lambda x: 1 - x * x / 2,
        lambda x: x**4,
        square,
        1e-4,
        0.7855,
        5,
        False,
    )
    polynomial(
        "double atan: x + x^3 P(x^2)", mp.atan, same, lambda x: x**3, square, 1e-4, 1.0, 12, False
    )
    polynomial(
        "double asin: x + x^3 P(x^2)", mp.asin, same, lambda x: x**3, square, 1e-4, 0.5, 9, False
    )
    # erfinv(x) = x P(w - 2.5), w = -log(1 - x^2) < 5, and x P(sqrt(w) - 3) up to x = 1 - 2^-24.
    near = lambda t: mp.erfinv(mp.sqrt(-mp.expm1(-(t + 2.5)))) / mp.sqrt(-mp.expm1(-(t + 2.5)))
    far = lambda s: (
        mp.erfinv(mp.sqrt(-mp.expm1(-((s + 3) ** 2)))) / mp.sqrt(-mp.expm1(-((s + 3) ** 2)))
    )
    polynomial("double erfinv, w < 5", near, zero, one, same, -2.4999999, 2.5, 12, False)
    polynomial("double erfinv, w >= 5", far, zero, one, same, 5**0.5 - 3, 1.0, 12, False)
