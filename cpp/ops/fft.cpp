// Discrete Fourier transforms. A complex tensor is a pair of real ones, as in keras.ops. One
// primitive transforms the last axis, by Eigen's kissfft in float64; the public ops are made of it.
#include <complex>
#include <vector>

#include <unsupported/Eigen/FFT>

#include "nacre/base/parallel.h"
#include "nacre/ops/fft.h"
#include "nacre/ops/indexing.h"
#include "nacre/ops/shaping.h"
#include "ops/define.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct FourierAttrs : AttrsOf<FourierAttrs> {
  bool inverse = false;  // e^{+...}, not divided by the length
  NACRE_ATTRS(inverse)
};
struct LengthAttrs : AttrsOf<LengthAttrs> {
  std::optional<int64_t> fft_length;
  NACRE_ATTRS(fft_length)
};

struct FramesAttrs : AttrsOf<FramesAttrs> {
  int64_t sequence_length = 1, sequence_stride = 1, fft_length = 1;
  bool center = true;
  NACRE_ATTRS(sequence_length, sequence_stride, fft_length, center)
};

constexpr int64_t kLineGrain = 16384;  // elements

template <class T>
void transform_lines(const KernelContext& c, bool inverse) {
  const int64_t n = c.in[0].shape().back();
  const T* real = c.in[0].as<const T>();
  const T* imag = c.in[1] ? c.in[1].as<const T>() : nullptr;
  T* y_real = c.out[0].as<T>();
  T* y_imag = c.out[1].as<T>();
  const int64_t grain = std::max<int64_t>(1, kLineGrain / n);
  parallel_for(c.in[0].size() / n, grain, [=](int64_t begin, int64_t end) {
    Eigen::FFT<double> fft;
    fft.SetFlag(Eigen::FFT<double>::Unscaled);
    std::vector<std::complex<double>> x(static_cast<size_t>(n)), y(x);
    for (int64_t line = begin; line < end; ++line) {
      const int64_t at = line * n;
      for (int64_t i = 0; i < n; ++i) {
        x[static_cast<size_t>(i)] = {static_cast<double>(real[at + i]),
                                     imag ? static_cast<double>(imag[at + i]) : 0.0};
      }
      if (n == 1) {
        y = x;
      } else if (inverse) {
        fft.inv(y.data(), x.data(), n);
      } else {
        fft.fwd(y.data(), x.data(), n);
      }
      for (int64_t i = 0; i < n; ++i) {
        y_real[at + i] = static_cast<T>(y[static_cast<size_t>(i)].real());
        y_imag[at + i] = static_cast<T>(y[static_cast<size_t>(i)].imag());
      }
    }
  });
}

void fourier_kernel(const KernelContext& c) {
  if (c.in[0].size() == 0) return;
  const bool inverse = c.attrs_as<FourierAttrs>().inverse;
  c.in[0].dtype() == DType::kFloat64 ? transform_lines<double>(c, inverse)
                                     : transform_lines<float>(c, inverse);
}

Tensors fourier(const Tensor& real, const Tensor& imag, bool inverse) {
  static const OpDef& op = find_op("fourier");
  auto attrs = make_ref<FourierAttrs>();
  attrs->inverse = inverse;
  return apply(op, {real, imag}, std::move(attrs));
}

// The transform is symmetric: its adjoint is that with the other sign.
Tensors fourier_backward(const BackwardContext& c) {
  const auto or_zeros = [&](size_t i) {
    return c.grads[i].defined() ? c.grads[i] : ops::zeros_like(c.inputs[0]);
  };
  const Tensors g = fourier(or_zeros(0), or_zeros(1), !c.attrs_as<FourierAttrs>().inverse);
  return {g[0], c.inputs[1].defined() ? g[1] : Tensor()};
}

struct Complex {
  Tensor real, imag;
};

Complex checked_pair(const char* op, Inputs in, int rank) {
  if (in.size() != 2) {
    value_error(op, ": expected the real and the imaginary part, received ", in.size(), " tensors");
  }
  if (!(in[0].shape() == in[1].shape())) {
    value_error(op, ": expected real and imaginary parts of one shape, received ", in[0].shape(),
                " and ", in[1].shape());
  }
  for (const Tensor& part : in) {
    if (part.dtype() != DType::kFloat32 && part.dtype() != DType::kFloat64) {
      value_error(op, ": expected float32 or float64, received ", part.dtype());
    }
  }
  if (in[0].dtype() != in[1].dtype()) {
    value_error(op, ": expected one dtype, received ", in[0].dtype(), " and ", in[1].dtype());
  }
  if (in[0].rank() < rank) {
    value_error(op, ": expected a tensor of rank ", rank, " or more, received ", in[0].shape());
  }
  return {in[0], in[1]};
}

Complex along(const Complex& x, bool inverse) {
  const Tensors y = fourier(x.real, x.imag, inverse);
  return {y[0], y[1]};
}

Complex swapped(const Complex& x) {
  return {ops::swapaxes(x.real, -2, -1), ops::swapaxes(x.imag, -2, -1)};
}

Complex both_axes(const Complex& x, bool inverse) {
  return swapped(along(swapped(along(x, inverse)), inverse));
}

Tensors as_tensors(const Complex& x) {
  return {x.real, x.imag};
}

// The last axis cut or filled with zeros to `length`.
Tensor with_length(const Tensor& x, int64_t length) {
  const int64_t now = x.shape().back();
  if (now > length) return ops::slice_axis(x, x.rank() - 1, 0, length);
  if (now == length) return x;
  IntList width(static_cast<size_t>(2 * x.rank()), 0);
  width.back() = length - now;
  return ops::pad(x, width);
}

int64_t checked_length(const char* op, const Attrs* attrs, int64_t otherwise) {
  const int64_t length = attrs_as<LengthAttrs>(attrs).fft_length.value_or(otherwise);
  if (length < 1) value_error(op, ": expected fft_length of at least 1, received ", length);
  return length;
}

void require_last_axis(const char* op, const Tensor& x) {
  if (x.rank() < 1 || x.shape().back() == kUnknownDim) {
    value_error(op, ": expected a known last axis, received ", x.shape());
  }
}

Tensors rfft(Inputs in, const Attrs* attrs) {
  constexpr const char* op = "rfft";
  require_last_axis(op, in[0]);
  if (in[0].dtype() != DType::kFloat32 && in[0].dtype() != DType::kFloat64) {
    value_error(op, ": expected float32 or float64, received ", in[0].dtype());
  }
  const int64_t length = checked_length(op, attrs, in[0].shape().back());
  const Tensors y = fourier(with_length(in[0], length), Tensor(), false);
  return {with_length(y[0], length / 2 + 1), with_length(y[1], length / 2 + 1)};
}

// Bins beyond the middle are the conjugates of those before it.
Tensors irfft(Inputs in, const Attrs* attrs) {
  constexpr const char* op = "irfft";
  const Complex given = checked_pair(op, in, 1);
  require_last_axis(op, given.real);
  const int64_t length = checked_length(op, attrs, 2 * (given.real.shape().back() - 1));
  const int64_t bins = length / 2 + 1, mirrored = length - bins;
  const Tensor real = with_length(given.real, bins), imag = with_length(given.imag, bins);
  const auto mirror = [&](const Tensor& x) {
    return ops::flip(ops::slice_axis(x, x.rank() - 1, 1, mirrored), IntList{-1});
  };
  const Complex whole{ops::concatenate({real, mirror(real)}, -1),
                      ops::concatenate({imag, -mirror(imag)}, -1)};
  return {along(whole, true).real / static_cast<double>(length)};
}

// The last axis with zeros on both sides, to `length`.
Tensor in_the_middle(const Tensor& x, int64_t length) {
  const int64_t missing = length - x.shape().back();
  IntList width(static_cast<size_t>(2 * x.rank()), 0);
  width[width.size() - 2] = missing / 2;
  width.back() = missing - missing / 2;
  return missing == 0 ? x : ops::pad(x, width);
}

Tensors framed_fft(Inputs in, const Attrs* raw) {
  constexpr const char* op = "stft";
  const auto& a = attrs_as<FramesAttrs>(raw);
  Tensor x = in[0];
  require_last_axis(op, x);
  if (x.dtype() != DType::kFloat32 && x.dtype() != DType::kFloat64) {
    type_error(op, ": expected float32 or float64, received ", x.dtype());
  }
  if (a.sequence_length < 1 || a.fft_length < a.sequence_length) {
    value_error(op, ": expected sequence_length in [1, fft_length=", a.fft_length, "], received ",
                a.sequence_length);
  }
  if (a.sequence_stride < 1) {
    value_error(op, ": expected sequence_stride of at least 1, received ", a.sequence_stride);
  }
  const Tensor& window = in[1];
  if (window.defined() && !(window.shape() == Shape{a.sequence_length})) {
    value_error(op, ": expected a window of shape ", Shape{a.sequence_length}, ", received ",
                window.shape());
  }
  const int64_t half = a.fft_length / 2;
  if (a.center && half > 0) {
    if (x.shape().back() <= half) {
      value_error(op, ": expected more than fft_length / 2 = ", half,
                  " elements along the last axis, received ", x.shape());
    }
    IntList width(static_cast<size_t>(2 * x.rank()), 0);
    width[width.size() - 2] = width.back() = half;
    x = ops::pad(x, width, "reflect");
  }
  const int64_t room = x.shape().back() - a.fft_length;
  if (room < 0) {
    value_error(op, ": expected at least fft_length=", a.fft_length,
                " elements along the last axis, received ", in[0].shape());
  }
  const int64_t frames = room / a.sequence_stride + 1;
  Tensor places({DType::kInt32, Shape{frames, a.fft_length}});
  for (int64_t t = 0; t < frames; ++t) {
    for (int64_t i = 0; i < a.fft_length; ++i) {
      places.mutable_data<int32_t>()[t * a.fft_length + i] =
          static_cast<int32_t>(t * a.sequence_stride + i);
    }
  }
  Tensor framed = ops::take(x, places, x.rank() - 1);
  const Tensor shape = window.defined()
                           ? ops::cast(window, x.dtype())
                           : ops::ones({a.fft_length}, x.dtype());  // all of the transform's points
  framed = framed * in_the_middle(shape, a.fft_length);
  const Tensors y = fourier(framed, Tensor(), false);
  return {with_length(y[0], half + 1), with_length(y[1], half + 1)};
}

}  // namespace

Tensors ops::framed_fft(const Tensor& x, const Tensor& window, int64_t sequence_length,
                        int64_t sequence_stride, int64_t fft_length, bool centered) {
  auto attrs = make_ref<FramesAttrs>();
  attrs->sequence_length = sequence_length;
  attrs->sequence_stride = sequence_stride;
  attrs->fft_length = fft_length;
  attrs->center = centered;
  return apply(find_op("framed_fft"), {x, window}, std::move(attrs));
}

void register_fft_ops(OpRegistry& registry) {
  OpDef def;
  def.name = "fourier";
  def.params = "real, imag?, inverse";
  def.doc = "Discrete Fourier transform along the last axis, not scaled either way.";
  def.make_attrs = make_attrs_of<FourierAttrs>;
  def.infer = [](const InferContext& c) {
    if (c.shape(0).rank() < 1 || c.shape(0).back() == 0) {
      value_error("fft: expected at least one element along the last axis, received ", c.shape(0));
    }
    return std::vector<TensorSpec>(2, {c.dtype(0), c.shape(0)});
  };
  def.kernel = fourier_kernel;
  def.backward = fourier_backward;
  def.internal = true;
  registry.add(std::move(def));

  constexpr const char* kPair =
      "Args:\n    x: The real and the imaginary part: two tensors of one shape and dtype.\n\n"
      "Returns:\n    A tuple of the real and the imaginary part.";
  add_composite(
      registry, "fft", "*x", str_cat("Discrete Fourier transform along the last axis.\n\n", kPair),
      [](Inputs in, const Attrs*) { return as_tensors(along(checked_pair("fft", in, 1), false)); });
  add_composite(registry, "fft2", "*x",
                str_cat("Discrete Fourier transform along the last two axes.\n\n", kPair),
                [](Inputs in, const Attrs*) {
                  return as_tensors(both_axes(checked_pair("fft2", in, 2), false));
                });
  add_composite(registry, "ifft2", "*x",
                str_cat("Inverse of `fft2`: divided by the number of points.\n\n", kPair),
                [](Inputs in, const Attrs*) {
                  const Complex x = checked_pair("ifft2", in, 2);
                  require_last_axis("ifft2", x.real);
                  const Shape& s = x.real.shape();
                  if (s[s.rank() - 2] == kUnknownDim) {
                    value_error("ifft2: expected known last axes, received ", s);
                  }
                  const auto points = static_cast<double>(s.back() * s[s.rank() - 2]);
                  const Complex y = both_axes(x, true);
                  return Tensors{y.real / points, y.imag / points};
                });
  add_composite(registry, "rfft", "x, fft_length",
                "Discrete Fourier transform of real numbers along the last axis.\n\n"
                "Args:\n    x: Tensor of shape (..., n).\n"
                "    fft_length: The last axis is cut or filled with zeros to it; default n.\n\n"
                "Returns:\n    A tuple of the real and the imaginary part, of shape (..., "
                "fft_length / 2 + 1): the other bins are conjugates.",
                rfft, make_attrs_of<LengthAttrs>);
  OpDef frames;
  frames.name = "framed_fft";
  frames.params = "x, window?, sequence_length, sequence_stride, fft_length, center";
  frames.doc = "The transforms of windows that slide along the last axis.";
  frames.make_attrs = make_attrs_of<FramesAttrs>;
  frames.composite = framed_fft;
  frames.internal = true;
  registry.add(std::move(frames));
  add_composite(registry, "irfft", "*x, fft_length",
                "Inverse of `rfft`.\n\n"
                "Args:\n    x: The real and the imaginary part: tensors of shape (..., bins).\n"
                "    fft_length: Length of the result; default 2 * (bins - 1).\n\n"
                "Returns:\n    A tensor of shape (..., fft_length).",
                irfft, make_attrs_of<LengthAttrs>);
}

}  // namespace nacre
