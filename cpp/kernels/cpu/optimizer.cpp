// One step of an optimizer over a range of elements, in place. Formulas: keras.optimizers.
#include "kernels/cpu/isa.h"
#include "simd/vec.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

// Whole vectors, then one partial: what Step's load and store see.
struct FullVector {
  NACRE_INLINE Vec get(const float* p) const { return load(p); }
  NACRE_INLINE void put(float* p, Vec v) const { store(p, v); }
};
struct PartialVector {
  int64_t n;
  NACRE_INLINE Vec get(const float* p) const { return load_partial(p, n); }
  NACRE_INLINE void put(float* p, Vec v) const { store_partial(p, v, n); }
};

// Rounded before it is used, as where each part is an op of its own: min and max keep the compiler
// from contracting the product into a sum. NaN is kept.
NACRE_INLINE Vec edited(const GradientEdit& edit, Vec g) {
  return min(Vec(edit.high), max(Vec(edit.low), g * Vec(edit.scale)));
}

template <class Step>
NACRE_INLINE void walk(const Step& step, int64_t begin, int64_t end) {
  int64_t i = begin;
  for (; i + kLanes <= end; i += kLanes) step(i, FullVector{});
  if (i < end) step(i, PartialVector{end - i});
}

template <bool kAmsgrad>
struct AdamStep {
  AdamArgs a;
  template <class Memory>
  NACRE_INLINE void operator()(int64_t i, const Memory memory) const {
    const Vec g = edited(a.edit, memory.get(a.grad + i));
    const Vec m = memory.get(a.m + i), v = memory.get(a.v + i);
    const Vec new_m = fma(g - m, Vec(1.0f - a.beta1), m);
    const Vec new_v = fma(g * g - v, Vec(1.0f - a.beta2), v);
    memory.put(a.m + i, new_m);
    memory.put(a.v + i, new_v);
    Vec scale = new_v;
    if constexpr (kAmsgrad) {
      scale = max_nan(memory.get(a.v_max + i), new_v);
      memory.put(a.v_max + i, scale);
    }
    const Vec p = memory.get(a.param + i) * Vec(1.0f - a.decay);
    memory.put(a.param + i, p - new_m * Vec(a.alpha) / (sqrt(scale) + Vec(a.epsilon)));
  }
};

void adam(const AdamArgs& args, int64_t begin, int64_t end) {
  if (args.v_max != nullptr) {
    walk(AdamStep<true>{args}, begin, end);
  } else {
    walk(AdamStep<false>{args}, begin, end);
  }
}

struct PlainSgdStep {
  SgdArgs a;
  template <class Memory>
  NACRE_INLINE void operator()(int64_t i, const Memory memory) const {
    const Vec p = memory.get(a.param + i) * Vec(1.0f - a.decay);
    memory.put(a.param + i, fma(edited(a.edit, memory.get(a.grad + i)), -a.learning_rate, p));
  }
};

template <bool kNesterov>
struct MomentumSgdStep {
  SgdArgs a;
  template <class Memory>
  NACRE_INLINE void operator()(int64_t i, const Memory memory) const {
    const Vec g = edited(a.edit, memory.get(a.grad + i)) * Vec(a.learning_rate);
    const Vec momentum = a.momentum;
    const Vec p = memory.get(a.param + i) * Vec(1.0f - a.decay);
    const Vec velocity = fma(momentum, memory.get(a.momentum_buffer + i), -g);
    memory.put(a.momentum_buffer + i, velocity);
    memory.put(a.param + i, p + (kNesterov ? fma(momentum, velocity, -g) : velocity));
  }
};

void sgd(const SgdArgs& args, int64_t begin, int64_t end) {
  if (args.momentum_buffer == nullptr) {
    walk(PlainSgdStep{args}, begin, end);
  } else if (args.nesterov) {
    walk(MomentumSgdStep<true>{args}, begin, end);
  } else {
    walk(MomentumSgdStep<false>{args}, begin, end);
  }
}

template <bool kMomentum, bool kCentered>
struct RmspropStep {
  RmspropArgs a;
  template <class Memory>
  NACRE_INLINE void operator()(int64_t i, const Memory memory) const {
    const Vec g = edited(a.edit, memory.get(a.grad + i)), rest = 1.0f - a.rho;
    const Vec square = fma(Vec(a.rho), memory.get(a.square + i), g * g * rest);
    memory.put(a.square + i, square);
    Vec variance = square;
    if constexpr (kCentered) {
      const Vec mean = fma(Vec(a.rho), memory.get(a.mean + i), g * rest);
      memory.put(a.mean + i, mean);
      variance = square - mean * mean;
    }
    Vec change = g * Vec(a.learning_rate) / sqrt(variance + Vec(a.epsilon));
    if constexpr (kMomentum) {
      change = fma(Vec(a.momentum), memory.get(a.momentum_buffer + i), change);
      memory.put(a.momentum_buffer + i, change);
    }
    memory.put(a.param + i, memory.get(a.param + i) * Vec(1.0f - a.decay) - change);
  }
};

void rmsprop(const RmspropArgs& args, int64_t begin, int64_t end) {
  if (args.momentum_buffer != nullptr) {
    args.mean != nullptr ? walk(RmspropStep<true, true>{args}, begin, end)
                         : walk(RmspropStep<true, false>{args}, begin, end);
  } else {
    args.mean != nullptr ? walk(RmspropStep<false, true>{args}, begin, end)
                         : walk(RmspropStep<false, false>{args}, begin, end);
  }
}

struct AdagradStep {
  AdagradArgs a;
  template <class Memory>
  NACRE_INLINE void operator()(int64_t i, const Memory memory) const {
    const Vec g = edited(a.edit, memory.get(a.grad + i));
    const Vec sum = fma(g, g, memory.get(a.sum + i));
    memory.put(a.sum + i, sum);
    const Vec change = g * Vec(a.learning_rate) / sqrt(sum + Vec(a.epsilon));
    memory.put(a.param + i, memory.get(a.param + i) * Vec(1.0f - a.decay) - change);
  }
};

void adagrad(const AdagradArgs& args, int64_t begin, int64_t end) {
  walk(AdagradStep{args}, begin, end);
}

}  // namespace

void fill_optimizer(KernelTable& table) {
  table.adam = adam;
  table.sgd = sgd;
  table.rmsprop = rmsprop;
  table.adagrad = adagrad;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
