// Bit operations and integer arithmetic: and, or, xor, not, shifts, gcd, lcm.
#include <array>
#include <numeric>

#include "nacre/ops/ops.h"
#include "ops/define.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct BitAnd {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(a & b);
  }
};
struct BitOr {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(a | b);
  }
};
struct BitXor {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(a ^ b);
  }
};
// A shift by the width or more leaves 0 (or the sign), as in XLA.
struct ShiftLeft {
  template <class T>
  T operator()(T a, T b) const {
    const auto n = static_cast<uint64_t>(b);
    return n >= sizeof(T) * 8 ? T(0) : static_cast<T>(static_cast<uint64_t>(a) << n);
  }
};
struct ShiftRight {
  template <class T>
  T operator()(T a, T b) const {
    const auto n = static_cast<uint64_t>(b);
    if (n >= sizeof(T) * 8) return a < T(0) ? static_cast<T>(-1) : T(0);
    return static_cast<T>(a >> n);
  }
};
template <class T>
uint64_t magnitude(T a) {
  return a < T(0) ? uint64_t{0} - static_cast<uint64_t>(a) : static_cast<uint64_t>(a);
}
struct Gcd {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(std::gcd(magnitude(a), magnitude(b)));
  }
};
struct Lcm {
  template <class T>
  T operator()(T a, T b) const {
    const uint64_t x = magnitude(a);
    const uint64_t y = magnitude(b);
    return x == 0 || y == 0 ? T(0) : static_cast<T>(x / std::gcd(x, y) * y);
  }
};

template <class F>
void integer_kernel(const KernelContext& c) {
  const BroadcastLoop<2> loop(c.out[0].shape(), {&c.in[0].shape(), &c.in[1].shape()});
  dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    if constexpr (std::is_integral_v<T>) {
      const T* a = c.in[0].as<const T>();
      const T* b = c.in[1].as<const T>();
      T* y = c.out[0].as<T>();
      loop([=](int64_t at, const std::array<int64_t, 2>& offset, int64_t n,
               const std::array<int, 2>& step) {
        for (int64_t i = 0; i < n; ++i) {
          y[at + i] = F{}(a[offset[0] + i * step[0]], b[offset[1] + i * step[1]]);
        }
      });
    }
  });
}

void require_integers(const InferContext& c) {
  for (const Tensor& x : c.inputs) {
    if (is_floating(x.dtype())) {
      type_error(c.op, ": expected integer or bool tensors, received dtype ", x.dtype());
    }
  }
}

template <class F>
void add_integer(OpRegistry& registry, const char* name, const char* params, const char* doc) {
  OpDef def;
  def.name = name;
  def.params = params;
  def.doc = doc;
  def.promote = Promote::kCommon;
  def.infer = [](const InferContext& c) {
    require_integers(c);
    return std::vector<TensorSpec>{{c.dtype(0), broadcast_shapes(c.shape(0), c.shape(1), c.op)}};
  };
  def.kernel = integer_kernel<F>;
  def.differentiable = false;
  def.elementwise = true;
  registry.add(std::move(def));
}

}  // namespace

void register_bitwise_ops(OpRegistry& registry) {
  add_integer<BitAnd>(registry, "bitwise_and", "x, y", "The bits set in both `x` and `y`.");
  add_integer<BitOr>(registry, "bitwise_or", "x, y", "The bits set in `x` or `y`.");
  add_integer<BitXor>(registry, "bitwise_xor", "x, y", "The bits set in exactly one of `x`, `y`.");
  add_integer<ShiftLeft>(
      registry, "bitwise_left_shift", "x, y",
      "`x` times 2 to the power `y`: its bits moved up; those pushed out are lost.");
  add_integer<ShiftRight>(registry, "bitwise_right_shift", "x, y",
                          "floor(`x` / 2 to the power `y`): its bits moved down, the sign kept.");
  add_integer<Gcd>(registry, "gcd", "x1, x2", "Greatest common divisor, 0 of two zeros.");
  add_integer<Lcm>(registry, "lcm", "x1, x2", "Least common multiple, 0 where one is 0.");

  OpDef inverse;
  inverse.name = "bitwise_not";
  inverse.params = "x";
  inverse.doc = "`x` with every bit flipped; for bool, logical not.";
  inverse.infer = [](const InferContext& c) {
    require_integers(c);
    return std::vector<TensorSpec>{c.inputs[0].spec()};
  };
  inverse.kernel = [](const KernelContext& c) {
    dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
      if constexpr (std::is_integral_v<T>) {
        const T* x = c.in[0].as<const T>();
        T* y = c.out[0].as<T>();
        for (int64_t i = 0; i < c.out[0].size(); ++i) {
          if constexpr (std::is_same_v<T, bool>) {
            y[i] = !x[i];
          } else {
            y[i] = static_cast<T>(~x[i]);
          }
        }
      }
    });
  };
  inverse.differentiable = false;
  inverse.elementwise = true;
  registry.add(std::move(inverse));
}

}  // namespace nacre
