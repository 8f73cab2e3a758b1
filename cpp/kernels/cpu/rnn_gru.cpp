// GRU over all steps, forward and backward. Gates in Keras's order: update, reset, candidate. The
// reset gate scales the candidate's product with the state (reset_after) or the state itself.
#include "kernels/cpu/rnn.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int64_t kGates = 3;
constexpr int64_t kUpdate = 0, kReset = 1, kCandidate = 2;

struct Forward {
  const RecurrentArgs& args;
  Panels weights;

  NACRE_INLINE const float* panel(int64_t gate, int64_t block) const {
    return weights.panel(gate * ceil_div(args.units, weights.width) + block);
  }

  // A gate before its activation: the input's part, the state's part and the biases.
  NACRE_INLINE Vec sum(const float* projected, Vec product, int64_t gate, int64_t u,
                       int64_t n) const {
    const int64_t at = gate * args.units + u;
    return load_units(projected + at, n) + load_optional(args.bias, at, n) +
           (product + load_optional(args.recurrent_bias, at, n));
  }

  // Units [first, last) of one row: products z (a gate every `span`) and the input's part become
  // the gates of update and, with reset_after, reset, in both places.
  NACRE_INLINE void activate(float* z, int64_t span, float* gates, const float* ahead,
                             int64_t first, int64_t last) const {
    const int64_t units = args.units;
    for (int64_t u = first; u < last; u += kLanes) {
      const int64_t n = last - u;
#pragma GCC unroll 3
      for (int64_t g = 0; g < kGates; ++g) prefetch(ahead + g * units + u);
      const Vec update = sigmoid(sum(gates, load(z + u), kUpdate, u, n));
      store(z + u, update);
      store_units(gates + u, update, n);
      if (!args.reset_after) continue;
      const Vec reset = sigmoid(sum(gates, load(z + span + u), kReset, u, n));
      store(z + span + u, reset);
      store_units(gates + units + u, reset, n);
    }
  }

  NACRE_FULL_VECTORS void operator()(int64_t begin, int64_t rows) const {
    const Steps steps{args};
    const int64_t units = args.units, width = weights.width, blocks = ceil_div(units, width);
    const int64_t ld = state_stride(units, width);
    const int64_t span = panels_at_once(kGates, rows, blocks, width) * width;
    const int64_t ldz = kGates * span + kLanes;
    auto* scratch = static_cast<float*>(
        thread_scratch(static_cast<size_t>(rows * (3 * ld + ldz)) * sizeof(float), kRnnState));
    float *h = scratch, *next = h + rows * ld, *scaled = next + rows * ld, *z = scaled + rows * ld;
    for (int64_t i = 0; i < rows; ++i)
      copy_floats(h + i * ld, args.h0 + (begin + i) * units, units);
    for (int64_t s = 0; s < args.steps; ++s) {
      if (!args.reset_after) {
        // The candidate's product needs the whole of reset * h: a pass of its own before it.
        for (int64_t block = 0; block < blocks; ++block) {
          multiply(h, ld, panel(kReset, block), units, weights.vecs, z, ldz, rows, false);
          const int64_t first = block * width, last = smaller(units, first + width);
          for (int64_t i = 0; i < rows; ++i) {
            float* gates = args.gates + steps.input(begin + i, s) * kGates * units;
            const bool counts = steps.counts(begin + i, s);
            for (int64_t u = first; u < last; u += kLanes) {
              const int64_t n = last - u, at = i * ld + u;
              Vec reset = 0.0f;
              if (counts) {
                reset = sigmoid(sum(gates, load(z + i * ldz + (u - first)), kReset, u, n));
                store_units(gates + kReset * units + u, reset, n);
              }
              store(scaled + at, reset * load(h + at));
            }
          }
        }
      }
      for (int64_t first = 0; first < units; first += span) {
        const int64_t last = smaller(units, first + span);
        for (int64_t g = 0; g < kGates; ++g) {
          if (g == kReset && !args.reset_after) continue;
          const float* a = g == kCandidate && !args.reset_after ? scaled : h;
          for (int64_t u = first; u < last; u += width) {
            multiply(a, ld, panel(g, u / width), units, weights.vecs, z + g * span + (u - first),
                     ldz, rows, false);
          }
        }
        for (int64_t i = 0; i < rows; ++i) {
          const int64_t b = begin + i, in_row = steps.input(b, s);
          float *gates = args.gates + in_row * kGates * units, *const zi = z + i * ldz - first;
          const bool counts = steps.counts(b, s);
          // A loop of their own: what follows waits for them, which only short iterations hide.
          if (counts) {
            activate(zi, span, gates, steps.row_ahead(gates, kGates * units, s), first, last);
          }
          float* const out = args.h + steps.output(b, s) * units;
          float* const out_ahead = out + (s + 1 < args.steps ? units : 0);
          float* const inner = args.reset_after ? args.inner + in_row * units : nullptr;
          for (int64_t u = first; u < last; u += kLanes) {
            const int64_t n = last - u, at = i * ld + u;
            prefetch_for_write(out_ahead + u);
            if (inner) prefetch_for_write(inner + steps.offset_ahead(units, s) + u);
            Vec y = load(h + at);
            if (counts) {
              const Vec update = load(zi + u);
              Vec candidate = load(zi + kCandidate * span + u);
              const int64_t offset = kCandidate * units + u;
              if (inner) {
                candidate += load_optional(args.recurrent_bias, offset, n);
                store_units(inner + u, candidate, n);
                candidate = load_units(gates + offset, n) + load_optional(args.bias, offset, n) +
                            load(zi + kReset * span + u) * candidate;
              } else {
                candidate = sum(gates, candidate, kCandidate, u, n);
              }
              candidate = tanh(candidate);
              y = fma(update, y - candidate, candidate);
              store_units(gates + offset, candidate, n);
            } else if (inner) {
              store_units(inner + u, Vec(0.0f), n);
            }
            store(next + at, y);
            store_units(out + u, y, n);
          }
        }
      }
      float* const old = h;
      h = next;
      next = old;
    }
    for (int64_t i = 0; i < rows; ++i)
      copy_floats(args.h_last + (begin + i) * units, h + i * ld, units);
  }
};

struct Backward {
  const RecurrentArgs& args;
  Panels weights;          // reset_after: of all gates; else of update and reset
  const float* candidate;  // without reset_after: panels of the candidate's

  NACRE_FULL_VECTORS void operator()(int64_t begin, int64_t rows) const {
    const Steps steps{args};
    const int64_t units = args.units, width = weights.width, blocks = ceil_div(units, width);
    const int64_t ld = state_stride(units, width), ldz = round_up(kGates * units, kLanes) + kLanes;
    auto* scratch = static_cast<float*>(
        thread_scratch(static_cast<size_t>(rows * (2 * ld + ldz)) * sizeof(float), kRnnState));
    // d_scaled: gradient of reset * h. dz: gradients of the products with the state.
    float *dh = scratch, *d_scaled = dh + rows * ld, *dz = d_scaled + rows * ld;
    clear_floats(scratch, rows * 2 * ld);
    for (int64_t i = 0; i < rows && args.dh_last; ++i)
      copy_floats(dh + i * ld, args.dh_last + (begin + i) * units, units);
    for (int64_t s = args.steps - 1; s >= 0; --s) {
      for (int64_t i = 0; i < rows; ++i) gates_of(steps, begin, i, s, dh, ld, dz, ldz);
      if (!args.reset_after) {
        for (int64_t block = 0; block < blocks; ++block) {
          multiply(dz + kCandidate * units, ldz, candidate + block * width * units, units,
                   weights.vecs, d_scaled + block * width, ld, rows, false);
        }
        for (int64_t i = 0; i < rows; ++i) reset_of(steps, begin, i, s, dh, d_scaled, ld, dz, ldz);
      }
      for (int64_t block = 0; block < blocks; ++block) {
        multiply(dz, ldz, weights.panel(block), weights.k, weights.vecs, dh + block * width, ld,
                 rows, true);
      }
    }
    for (int64_t i = 0; i < rows; ++i)
      copy_floats(args.dh0 + (begin + i) * units, dh + i * ld, units);
  }

  // Gradients of one row's gates; dh is left with what does not go through the products.
  NACRE_INLINE void gates_of(const Steps& steps, int64_t begin, int64_t i, int64_t s, float* dh,
                             int64_t ld, float* dz, int64_t ldz) const {
    const int64_t units = args.units, b = begin + i;
    const int64_t out_row = steps.output(b, s), in_row = steps.input(b, s);
    const float* gates = args.gates + in_row * kGates * units;
    const float* before = steps.before(args.h, args.h0, b, s);
    float* row = dz + i * ldz;
    float* dz_out = args.dz + in_row * kGates * units;
    copy_floats(args.h_before + in_row * units, before, units);
    const bool counts = steps.counts(b, s);
    const float* ahead = steps.row_behind(gates, kGates * units, s);
    const float* before_ahead = steps.before(args.h, args.h0, b, larger(s - 1, 0));
    const int64_t behind = steps.offset_behind(units, s);
    float* const h_before_ahead = args.h_before + in_row * units + behind;
    float* const dz_ahead = dz_out + kGates * behind;
    if (!counts) {
      clear_floats(row, kGates * units);
      clear_floats(dz_out, kGates * units);
      if (args.reset_after) {
        clear_floats(args.d_inner + in_row * kGates * units, kGates * units);
      } else {
        clear_floats(args.scaled_h + in_row * units, units);
      }
    }
    for (int64_t u = 0; u < units; u += kLanes) {
      const int64_t n = units - u, at = i * ld + u;
      const Vec one = 1.0f;
#pragma GCC unroll 3
      for (int64_t g = 0; g < kGates; ++g) {
        prefetch(ahead + g * units + u);
        prefetch_for_write(dz_ahead + g * units + u);
        if (args.reset_after) {
          prefetch_for_write(args.d_inner + (in_row * kGates + g) * units + kGates * behind + u);
        }
      }
      prefetch(before_ahead + u);
      prefetch_for_write(h_before_ahead + u);
      if (args.reset_after) prefetch(args.inner + in_row * units + behind + u);
      Vec d = load(dh + at);
      if (args.dh) d += load_units(args.dh + out_row * units + u, n);
      if (!counts) {
        store(dh + at, d);
        continue;
      }
      const Vec update = load_units(gates + u, n), reset = load_units(gates + units + u, n);
      const Vec y = load_units(gates + kCandidate * units + u, n), h = load_units(before + u, n);
      const Vec d_update = d * (h - y) * update * (one - update);
      const Vec d_candidate = d * (one - update) * (one - y * y);
      store(dh + at, d * update);
      store_units(row + u, d_update, n);
      store_units(dz_out + u, d_update, n);
      store_units(dz_out + kCandidate * units + u, d_candidate, n);
      if (args.reset_after) {
        const Vec inner = load_units(args.inner + in_row * units + u, n);
        const Vec d_reset = d_candidate * inner * reset * (one - reset);
        float* d_inner = args.d_inner + in_row * kGates * units;
        store_units(dz_out + units + u, d_reset, n);
        store_units(row + units + u, d_reset, n);
        store_units(row + kCandidate * units + u, d_candidate * reset, n);
        store_units(d_inner + u, d_update, n);
        store_units(d_inner + units + u, d_reset, n);
        store_units(d_inner + kCandidate * units + u, d_candidate * reset, n);
      } else {
        store_units(row + kCandidate * units + u, d_candidate, n);
        store_units(args.scaled_h + in_row * units + u, reset * h, n);
      }
    }
  }

  // Without reset_after: the reset gate's gradient, from that of reset * h.
  NACRE_INLINE void reset_of(const Steps& steps, int64_t begin, int64_t i, int64_t s, float* dh,
                             const float* d_scaled, int64_t ld, float* dz, int64_t ldz) const {
    const int64_t units = args.units, b = begin + i, in_row = steps.input(b, s);
    if (!steps.counts(b, s)) return;
    const float* gates = args.gates + in_row * kGates * units;
    const float* before = steps.before(args.h, args.h0, b, s);
    float* dz_out = args.dz + in_row * kGates * units;
    for (int64_t u = 0; u < units; u += kLanes) {
      const int64_t n = units - u, at = i * ld + u;
      const Vec reset = load_units(gates + units + u, n), d = load(d_scaled + at);
      const Vec d_reset = d * load_units(before + u, n) * reset * (Vec(1.0f) - reset);
      store(dh + at, fma(d, reset, load(dh + at)));
      store_units(dz + i * ldz + units + u, d_reset, n);
      store_units(dz_out + units + u, d_reset, n);
    }
  }
};

}  // namespace

void gru_f32(const RecurrentArgs& args) {
  const int vecs = panel_vecs(args.batch);
  const int64_t units = args.units, width = vecs * kLanes;
  const int64_t gate = panel_count(units, vecs) * width * units;
  auto* packed = static_cast<float*>(
      thread_scratch(static_cast<size_t>(kGates * gate) * sizeof(float), kRnnWeights));
  for (int64_t g = 0; g < kGates; ++g) {
    pack(args.recurrent, kGates * units, units, g * units, units, width, packed + g * gate);
  }
  each_chunk(args, kGates, Forward{args, {packed, units, width, vecs}});
}

void gru_grad_f32(const RecurrentArgs& args) {
  const int vecs = panel_vecs(args.batch);
  const int64_t units = args.units, width = vecs * kLanes, ld = kGates * units;
  const int64_t columns = panel_count(units, vecs) * width;
  auto* packed = static_cast<float*>(
      thread_scratch(static_cast<size_t>(columns * ld) * sizeof(float), kRnnWeights));
  const int64_t k = args.reset_after ? ld : 2 * units;
  float* candidate = packed + columns * k;
  pack_transposed(args.recurrent, ld, k, 0, units, width, packed);
  if (!args.reset_after) pack_transposed(args.recurrent, ld, units, k, units, width, candidate);
  each_chunk(args, kGates, Backward{args, {packed, k, width, vecs}, candidate});
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
