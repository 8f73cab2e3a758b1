// Elementwise ops with one or two operands: arithmetic, activations, their gradients, comparisons.
#include <algorithm>
#include <array>

#include "kernels/abi.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "ops/elementwise_docs.h"
#include "ops/loop.h"
#include "ops/reference/scalar.h"
#include "ops/registry.h"
#include "ops/widen.h"

namespace nacre {
namespace {

using kernels::table;

template <class T, class F>
void unary_loop(const KernelContext& c, F f) {
  const T* x = c.in[0].as<const T>();
  T* y = c.out[0].as<T>();
  using C = reference::Compute<T>;
  parallel_for(c.out[0].size(), kElementwiseGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = static_cast<T>(f(static_cast<C>(x[i])));
  });
}

template <class T, class R, class F>
void binary_loop(const KernelContext& c, F f) {
  const T* a = c.in[0].as<const T>();
  const T* b = c.in[1].as<const T>();
  R* y = c.out[0].as<R>();
  using C = reference::Compute<T>;
  const BroadcastLoop<2> loop(c.out[0].shape(), {&c.in[0].shape(), &c.in[1].shape()});
  loop([=](int64_t at, const std::array<int64_t, 2>& offset, int64_t n,
           const std::array<int, 2>& step) {
    for (int64_t i = 0; i < n; ++i) {
      y[at + i] = static_cast<R>(f(static_cast<C>(a[offset[0] + i * step[0]]),
                                   static_cast<C>(b[offset[1] + i * step[1]])));
    }
  });
}

// A kernel of two float32 operands; the result is float32, or bytes for comparisons.
template <class Y>
using PairFn = void (*)(const float* a, const float* b, Y* y, int64_t n, int step_a, int step_b);

// 16-bit operands tile by tile; a result that is no byte is rounded to their dtype.
template <class Y>
void widened_pair(const KernelContext& c, const HalfConversion& half, PairFn<Y> fast) {
  const auto* a = c.in[0].as<const uint16_t>();
  const auto* b = c.in[1].as<const uint16_t>();
  void* y = c.out[0].data;
  const BroadcastLoop<2> loop(c.out[0].shape(), {&c.in[0].shape(), &c.in[1].shape()});
  loop([=](int64_t at, const std::array<int64_t, 2>& offset, int64_t n,
           const std::array<int, 2>& step) {
    alignas(64) float tile_a[kWidenTile], tile_b[kWidenTile], tile_y[kWidenTile];
    for (int64_t i = 0; i < n; i += kWidenTile) {
      const int64_t count = std::min(n - i, kWidenTile);
      const float* wide_a = widen_tile(half, a + offset[0] + i * step[0], count, step[0], tile_a);
      const float* wide_b = widen_tile(half, b + offset[1] + i * step[1], count, step[1], tile_b);
      if constexpr (std::is_same_v<Y, uint8_t>) {
        fast(wide_a, wide_b, static_cast<uint8_t*>(y) + at + i, count, step[0], step[1]);
      } else {
        fast(wide_a, wide_b, tile_y, count, step[0], step[1]);
        half.narrow(tile_y, static_cast<uint16_t*>(y) + at + i, count);
      }
    }
  });
}

// Runs the fast kernel, if there is one, for float32 and through it for 16-bit floats; false for
// other dtypes.
template <class Y>
bool run_pair(const KernelContext& c, PairFn<Y> fast) {
  if (!fast) return false;
  if (c.in[0].dtype() == DType::kFloat32) {
    const float* a = c.in[0].as<const float>();
    const float* b = c.in[1].as<const float>();
    Y* y = c.out[0].as<Y>();
    const BroadcastLoop<2> loop(c.out[0].shape(), {&c.in[0].shape(), &c.in[1].shape()});
    loop([=](int64_t at, const std::array<int64_t, 2>& offset, int64_t n,
             const std::array<int, 2>& step) {
      fast(a + offset[0], b + offset[1], y + at, n, step[0], step[1]);
    });
    return true;
  }
  const HalfConversion half = half_conversion(c.in[0].dtype());
  if (half) widened_pair<Y>(c, half, fast);
  return static_cast<bool>(half);
}

// The same for one operand.
bool run_unary(const KernelContext& c, kernels::UnaryFn fast) {
  if (!fast) return false;
  if (c.in[0].dtype() == DType::kFloat32) {
    const float* x = c.in[0].as<const float>();
    float* y = c.out[0].as<float>();
    parallel_for(c.out[0].size(), kElementwiseGrain,
                 [=](int64_t begin, int64_t end) { fast(x + begin, y + begin, end - begin); });
    return true;
  }
  const HalfConversion half = half_conversion(c.in[0].dtype());
  if (!half) return false;
  const auto* x = c.in[0].as<const uint16_t>();
  auto* y = c.out[0].as<uint16_t>();
  parallel_for(c.out[0].size(), kElementwiseGrain, [=](int64_t begin, int64_t end) {
    alignas(64) float in[kWidenTile], out[kWidenTile];
    for (int64_t i = begin; i < end; i += kWidenTile) {
      const int64_t n = std::min(end - i, kWidenTile);
      half.widen(x + i, in, n);
      fast(in, out, n);
      half.narrow(out, y + i, n);
    }
  });
  return true;
}

// The fast kernel where it serves the dtype, else the reference.
template <class F>
void unary_kernel(const KernelContext& c, kernels::Unary kind) {
  if (run_unary(c, table().unary[static_cast<int>(kind)])) return;
  if constexpr (requires { F::kFloatOnly; }) {
    dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) { unary_loop<T>(c, F{}); });
  } else {
    dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) { unary_loop<T>(c, F{}); });
  }
}

template <class F>
struct FloatOnly : F {
  static constexpr bool kFloatOnly = true;
};

template <class F>
void binary_kernel(const KernelContext& c, kernels::Binary kind) {
  if (run_pair<float>(c, table().binary[static_cast<int>(kind)])) return;
  if constexpr (requires { F::kFloatOnly; }) {
    dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) { binary_loop<T, T>(c, F{}); });
  } else {
    dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) { binary_loop<T, T>(c, F{}); });
  }
}

template <class F>
void compare_kernel(const KernelContext& c, kernels::Compare kind) {
  if (run_pair<uint8_t>(c, table().compare[static_cast<int>(kind)])) return;
  dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) { binary_loop<T, bool>(c, F{}); });
}

std::vector<TensorSpec> infer_unary(const InferContext& c) {
  return {c.inputs[0].spec()};
}

std::vector<TensorSpec> infer_binary(const InferContext& c) {
  return {{c.dtype(0), broadcast_shapes(c.shape(0), c.shape(1), c.op)}};
}

std::vector<TensorSpec> infer_compare(const InferContext& c) {
  return {{DType::kBool, broadcast_shapes(c.shape(0), c.shape(1), c.op)}};
}

// The derivative of each unary op times g, in terms of x and y = f(x).
using UnaryGrad = Tensor (*)(const Tensor& g, const Tensor& x, const Tensor& y);
UnaryGrad unary_gradient(kernels::Unary kind) {
  using enum kernels::Unary;
  using T = const Tensor&;
  using namespace ops;  // NOLINT
  constexpr double kLn2 = 0.69314718055994530942;
  constexpr double kLn10 = 2.30258509299404568402;
  switch (kind) {
    case kExp:
      return [](T g, T, T y) { return g * y; };
    case kExp2:
      return [](T g, T, T y) { return g * y * kLn2; };
    case kExpm1:
      return [](T g, T, T y) { return g * (y + 1.0); };
    case kLog:
      return [](T g, T x, T) { return g / x; };
    case kLog2:
      return [](T g, T x, T) { return g / (x * kLn2); };
    case kLog10:
      return [](T g, T x, T) { return g / (x * kLn10); };
    case kLog1p:
      return [](T g, T x, T) { return g / (x + 1.0); };
    case kSqrt:
      return [](T g, T, T y) { return g * 0.5 / y; };
    case kRsqrt:
      return [](T g, T x, T y) { return g * -0.5 * y / x; };
    case kCbrt:
      return [](T g, T, T y) { return g / (square(y) * 3.0); };
    case kSin:
      return [](T g, T x, T) { return g * cos(x); };
    case kCos:
      return [](T g, T x, T) { return -(g * sin(x)); };
    case kTan:
      return [](T g, T, T y) { return g * (square(y) + 1.0); };
    case kSinh:
      return [](T g, T x, T) { return g * cosh(x); };
    case kCosh:
      return [](T g, T x, T) { return g * sinh(x); };
    case kTanh:
      return [](T g, T, T y) { return tanh_grad(g, y); };
    case kAsin:
      return [](T g, T x, T) { return g * rsqrt(1.0 - square(x)); };
    case kAcos:
      return [](T g, T x, T) { return -(g * rsqrt(1.0 - square(x))); };
    case kAtan:
      return [](T g, T x, T) { return g / (square(x) + 1.0); };
    case kAsinh:
      return [](T g, T x, T) { return g * rsqrt(square(x) + 1.0); };
    case kAcosh:
      return [](T g, T x, T) { return g * rsqrt(square(x) - 1.0); };
    case kAtanh:
      return [](T g, T x, T) { return g / (1.0 - square(x)); };
    case kSigmoid:
      return [](T g, T, T y) { return sigmoid_grad(g, y); };
    case kSoftplus:
      return [](T g, T x, T) { return softplus_grad(g, x); };
    case kErf:
      return [](T g, T x, T) { return g * exp(-square(x)) * 1.12837916709551257390; };
    case kErfInv:
      return [](T g, T, T y) { return g * exp(square(y)) * 0.88622692545275801365; };
    case kGelu:
      return [](T g, T x, T) { return gelu_grad(g, x); };
    case kGeluTanh:
      return [](T g, T x, T) { return gelu_tanh_grad(g, x); };
    case kSilu:
      return [](T g, T x, T) { return silu_grad(g, x); };
    case kMish:
      return [](T g, T x, T) {
        const Tensor t = tanh(softplus(x));
        return g * (t + x * (1.0 - square(t)) * sigmoid(x));
      };
    case kLogSigmoid:
      return [](T g, T x, T) { return softplus_grad(g, -x); };
    case kSoftsign:
      return [](T g, T x, T) { return g / square(abs(x) + 1.0); };
    case kLgamma:
      return [](T g, T x, T) { return g * digamma(x); };
    case kReciprocal:
      return [](T g, T, T y) { return -(g * square(y)); };
    case kAbs:
      return [](T g, T x, T) { return g * sign(x); };
    case kNeg:
      return [](T g, T, T) { return -g; };
    case kSquare:
      return [](T g, T x, T) { return g * x * 2.0; };
    case kRelu:
      return [](T g, T, T y) { return relu_grad(g, y); };
    case kRelu6:
      return [](T g, T, T y) { return relu6_grad(g, y); };
    default:
      return nullptr;  // piecewise constant, or no derivative in closed form
  }
}

// Half the gradient to each side at a tie, as JAX does.
Tensor tie_share(const Tensor& g, const Tensor& mine, const Tensor& other, const Tensor& y) {
  const Tensor wins = ops::cast(ops::equal(mine, y), g.dtype());
  const Tensor both = ops::cast(ops::equal(other, y), g.dtype());
  return g * wins / (wins * both + 1.0);
}

// Gradients of a and b before the sum over broadcast axes; undefined where none flows.
using BinaryGrad = Tensors (*)(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor& y,
                               std::span<const uint8_t> needs);
BinaryGrad binary_gradient(kernels::Binary kind) {
  using enum kernels::Binary;
  using T = const Tensor&;
  using N = std::span<const uint8_t>;
  using namespace ops;  // NOLINT
  switch (kind) {
    case kAdd:
      return [](T g, T, T, T, N) { return Tensors{g, g}; };
    case kSub:
      return [](T g, T, T, T, N needs) { return Tensors{g, needs[1] ? -g : Tensor()}; };
    case kMul:
      return [](T g, T a, T b, T, N needs) {
        return Tensors{needs[0] ? g * b : Tensor(), needs[1] ? g * a : Tensor()};
      };
    case kDiv:
      return [](T g, T, T b, T y, N needs) {
        const Tensor ga = g / b;
        return Tensors{ga, needs[1] ? -(ga * y) : Tensor()};
      };
    case kMaximum:
    case kMinimum:
      return [](T g, T a, T b, T y, N needs) {
        return Tensors{needs[0] ? tie_share(g, a, b, y) : Tensor(),
                       needs[1] ? tie_share(g, b, a, y) : Tensor()};
      };
    case kPow:
      return [](T g, T a, T b, T y, N needs) {
        Tensors grads(2);
        const Tensor zero = scalar(0);
        if (needs[0]) {
          // b * a^(b - 1), which is 0 where b is 0 even if a is 0.
          grads[0] = where(equal(b, zero), zeros_like(g), g * b * power(a, b - 1.0));
        }
        if (needs[1]) {
          const Tensor safe = where(greater(a, zero), a, ones_like(a));
          grads[1] = where(greater(a, zero), g * y * log(safe), zeros_like(g));
        }
        return grads;
      };
    case kMod:
      return [](T g, T a, T b, T, N needs) {
        return Tensors{g, needs[1] ? -(g * floor(a / b)) : Tensor()};
      };
    case kAtan2:
      return [](T g, T a, T b, T, N needs) {
        const Tensor scaled = g / (square(a) + square(b));
        return Tensors{needs[0] ? scaled * b : Tensor(), needs[1] ? -(scaled * a) : Tensor()};
      };
    case kHypot:
      return [](T g, T a, T b, T y, N needs) {
        return Tensors{needs[0] ? g * a / y : Tensor(), needs[1] ? g * b / y : Tensor()};
      };
    case kLogAddExp:
      return [](T g, T a, T b, T y, N needs) {
        return Tensors{needs[0] ? g * exp(a - y) : Tensor(), needs[1] ? g * exp(b - y) : Tensor()};
      };
    case kCopySign:
      return [](T g, T a, T, T y, N) { return Tensors{g * sign(a) * sign(y), Tensor()}; };
    // Gradient micro-ops are linear in g (argument a); b is x, or y of the forward op.
    case kReluGrad:
      return [](T g, T, T b, T, N) { return Tensors{relu_grad(g, b), Tensor()}; };
    case kRelu6Grad:
      return [](T g, T, T b, T, N) { return Tensors{relu6_grad(g, b), Tensor()}; };
    case kSigmoidGradOut:
      return [](T g, T a, T b, T, N needs) {
        return Tensors{sigmoid_grad(g, b), needs[1] ? g * a * (1.0 - b * 2.0) : Tensor()};
      };
    case kTanhGradOut:
      return [](T g, T a, T b, T, N needs) {
        return Tensors{tanh_grad(g, b), needs[1] ? g * a * b * -2.0 : Tensor()};
      };
    case kSoftplusGrad:
      return [](T g, T a, T b, T, N needs) {
        return Tensors{softplus_grad(g, b), needs[1] ? sigmoid_grad(g * a, sigmoid(b)) : Tensor()};
      };
    case kSiluGrad:
      return [](T g, T a, T b, T, N needs) {
        Tensors grads{silu_grad(g, b), Tensor()};
        if (needs[1]) {
          const Tensor s = sigmoid(b);
          grads[1] = g * a * s * (1.0 - s) * (2.0 + b * (1.0 - s * 2.0));
        }
        return grads;
      };
    case kGeluGrad:
      return [](T g, T a, T b, T, N needs) {
        Tensors grads{gelu_grad(g, b), Tensor()};
        if (needs[1]) {
          const Tensor pdf = exp(square(b) * -0.5) * 0.39894228040143267794;
          grads[1] = g * a * pdf * (2.0 - square(b));
        }
        return grads;
      };
    case kGeluTanhGrad:
      return [](T g, T a, T b, T, N needs) {
        Tensors grads{gelu_tanh_grad(g, b), Tensor()};
        if (needs[1]) {
          constexpr double c = 0.79788456080286535588;
          constexpr double k = 0.044715;
          const Tensor t = tanh((b + b * square(b) * k) * c);
          const Tensor du = (square(b) * (3 * k) + 1.0) * c;
          const Tensor sech2 = 1.0 - square(t);
          grads[1] =
              g * a * 0.5 *
              (sech2 * du * 2.0 - b * t * sech2 * square(du) * 2.0 + b * sech2 * b * (6 * k * c));
        }
        return grads;
      };
    default:
      return nullptr;
  }
}

BackwardFn unary_backward(kernels::Unary kind) {
  const UnaryGrad gradient = unary_gradient(kind);
  if (!gradient) return nullptr;
  return [gradient](const BackwardContext& c) {
    return Tensors{gradient(c.grads[0], c.inputs[0], c.outputs[0])};
  };
}

BackwardFn binary_backward(kernels::Binary kind) {
  const BinaryGrad gradient = binary_gradient(kind);
  if (!gradient) return nullptr;
  return [gradient](const BackwardContext& c) {
    Tensors grads = gradient(c.grads[0], c.inputs[0], c.inputs[1], c.outputs[0], c.needs);
    for (size_t i = 0; i < 2; ++i) {
      if (!c.needs[i]) {
        grads[i] = Tensor();
      } else if (grads[i].defined()) {
        grads[i] = ops::reduce_to_shape(grads[i], c.inputs[i].shape());
      }
    }
    return grads;
  };
}

// Micro-ops that Keras has no op for: building blocks of others.
bool is_building_block(std::string_view name) {
  constexpr std::string_view kNames[] = {"rint",   "gelu_exact", "gelu_tanh",
                                         "lgamma", "digamma",    "copysign"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

template <class F, bool floating>
void add_unary(OpRegistry& registry, const char* name, kernels::Unary kind) {
  OpDef def;
  def.name = name;
  def.params = "x";
  def.doc = unary_doc(name);
  // Keras gives floor, ceil and relu6 of integers in floatx.
  using kernels::Unary;
  const bool floats = kind == Unary::kFloor || kind == Unary::kCeil || kind == Unary::kRelu6;
  def.promote = floating || floats ? Promote::kCommonFloat : Promote::kNone;
  def.infer = infer_unary;
  using Scalar = std::conditional_t<floating, FloatOnly<F>, F>;
  def.kernel = [kind](const KernelContext& c) { unary_kernel<Scalar>(c, kind); };
  def.backward = unary_backward(kind);
  def.differentiable = static_cast<bool>(def.backward);
  def.elementwise = true;
  def.internal = is_building_block(name);
  registry.add(std::move(def));
}

}  // namespace

void register_elementwise_ops(OpRegistry& registry) {
  constexpr auto first_any = kernels::Unary::kAbs;
#define NACRE_ADD_UNARY(function, name, kind)                                       \
  add_unary<reference::kind, (kernels::Unary::k##kind < first_any)>(registry, name, \
                                                                    kernels::Unary::k##kind);
  NACRE_UNARY_OPS(NACRE_ADD_UNARY)
#undef NACRE_ADD_UNARY

  constexpr auto first_float = kernels::Binary::kDiv;
  const auto add_binary = [&](const char* name, kernels::Binary kind, KernelFn kernel,
                              bool internal) {
    OpDef def;
    def.name = name;
    def.params = internal ? "grad, x" : "x1, x2";
    def.doc = binary_doc(name);
    def.promote = kind < first_float ? Promote::kCommon : Promote::kCommonFloat;
    def.infer = infer_binary;
    def.kernel = std::move(kernel);
    def.backward = binary_backward(kind);
    def.differentiable = static_cast<bool>(def.backward);
    def.elementwise = true;
    def.internal = internal || is_building_block(name);
    registry.add(std::move(def));
  };
#define NACRE_ADD_ANY(function, name, kind)                                                     \
  add_binary(                                                                                   \
      name, kernels::Binary::k##kind,                                                           \
      [](const KernelContext& c) {                                                              \
        using F = std::conditional_t<(kernels::Binary::k##kind < first_float), reference::kind, \
                                     FloatOnly<reference::kind>>;                               \
        binary_kernel<F>(c, kernels::Binary::k##kind);                                          \
      },                                                                                        \
      kernels::Binary::k##kind >= kernels::Binary::kReluGrad);
  NACRE_BINARY_OPS(NACRE_ADD_ANY)
  NACRE_GRADIENT_OPS(NACRE_ADD_ANY)
#undef NACRE_ADD_ANY

#define NACRE_ADD_COMPARE(function, op_name, kind)                   \
  {                                                                  \
    OpDef def;                                                       \
    def.name = op_name;                                              \
    def.params = "x1, x2";                                           \
    def.doc = binary_doc(op_name);                                   \
    def.promote = Promote::kCommon;                                  \
    def.infer = infer_compare;                                       \
    def.kernel = [](const KernelContext& c) {                        \
      compare_kernel<reference::kind>(c, kernels::Compare::k##kind); \
    };                                                               \
    def.differentiable = false;                                      \
    registry.add(std::move(def));                                    \
  }
  NACRE_COMPARE_OPS(NACRE_ADD_COMPARE)
#undef NACRE_ADD_COMPARE
}

namespace ops {

#define NACRE_DEFINE_UNARY(function, name, kind) \
  Tensor function(const Tensor& x) {             \
    static const OpDef& op = find_op(name);      \
    return apply_one(op, {x});                   \
  }
#define NACRE_DEFINE_BINARY(function, name, kind)       \
  Tensor function(const Tensor& x1, const Tensor& x2) { \
    static const OpDef& op = find_op(name);             \
    return apply_one(op, {x1, x2});                     \
  }
NACRE_UNARY_OPS(NACRE_DEFINE_UNARY)
NACRE_BINARY_OPS(NACRE_DEFINE_BINARY)
NACRE_GRADIENT_OPS(NACRE_DEFINE_BINARY)
NACRE_COMPARE_OPS(NACRE_DEFINE_BINARY)
#undef NACRE_DEFINE_UNARY
#undef NACRE_DEFINE_BINARY

Tensor reduce_to_shape(const Tensor& grad, const Shape& shape) {
  if (grad.shape() == shape) return grad;
  IntList axes;
  const int lead = grad.rank() - shape.rank();
  for (int i = 0; i < grad.rank(); ++i) {
    if (i < lead || (shape[i - lead] == 1 && grad.shape()[i] != 1)) axes.push_back(i);
  }
  const Tensor summed = axes.empty() ? grad : sum(grad, axes, true);
  return summed.shape() == shape ? summed : reshape(summed, shape);
}

}  // namespace ops
}  // namespace nacre
