// LSTM over all steps, forward and backward. Gates in Keras's order: input, forget, candidate,
// output.
#include "kernels/cpu/rnn.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int64_t kGates = 4;

struct Forward {
  const RecurrentArgs& args;
  Panels weights;

  // Units [first, last) of one row: products z (a gate every `span`) and the input's part become
  // gates, in both places.
  NACRE_INLINE void activate(float* z, int64_t span, float* gates, const float* ahead,
                             int64_t first, int64_t last) const {
    const int64_t units = args.units;
    for (int64_t u = first; u < last; u += kLanes, z += kLanes) {
      const int64_t n = last - u;
      Vec gate[kGates];
#pragma GCC unroll 4
      for (int64_t g = 0; g < kGates; ++g) {
        prefetch(ahead + g * units + u);
        gate[g] = load(z + g * span) + load_units(gates + g * units + u, n) +
                  load_optional(args.bias, g * units + u, n);
      }
#pragma GCC unroll 4
      for (int64_t g = 0; g < kGates; ++g) {
        const Vec activated = g == 2 ? tanh(gate[g]) : sigmoid(gate[g]);
        store(z + g * span, activated);
        store_units(gates + g * units + u, activated, n);
      }
    }
  }

  NACRE_FULL_VECTORS void operator()(int64_t begin, int64_t rows) const {
    const Steps steps{args};
    const int64_t units = args.units, width = weights.width, panels = ceil_div(units, width);
    const int64_t ld = state_stride(units, width);
    const int64_t span = panels_at_once(kGates, rows, panels, width) * width,
                  ldz = kGates * span + kLanes;
    auto* scratch = static_cast<float*>(
        thread_scratch(static_cast<size_t>(rows * (3 * ld + ldz)) * sizeof(float), kRnnState));
    float *h = scratch, *next = h + rows * ld, *c = next + rows * ld, *z = c + rows * ld;
    for (int64_t i = 0; i < rows; ++i) {
      copy_floats(h + i * ld, args.h0 + (begin + i) * units, units);
      copy_floats(c + i * ld, args.c0 + (begin + i) * units, units);
    }
    for (int64_t s = 0; s < args.steps; ++s) {
      for (int64_t first = 0; first < units; first += span) {
        const int64_t last = smaller(units, first + span);
        for (int64_t g = 0; g < kGates; ++g) {
          for (int64_t u = first; u < last; u += width) {
            multiply(h, ld, weights.panel(g * panels + u / width), units, weights.vecs,
                     z + g * span + (u - first), ldz, rows, false);
          }
        }
        for (int64_t i = 0; i < rows; ++i) {
          const int64_t b = begin + i;
          float *gates = args.gates + steps.input(b, s) * kGates * units, *const zi = z + i * ldz;
          const bool counts = steps.counts(b, s);
          // A loop of their own: what follows waits for them, which only short iterations hide.
          if (counts) {
            activate(zi, span, gates, steps.row_ahead(gates, kGates * units, s), first, last);
          }
          const int64_t out_row = steps.output(b, s), ahead = s + 1 < args.steps ? units : 0;
          for (int64_t u = first; u < last; u += kLanes) {
            const int64_t n = last - u, at = i * ld + u, to = out_row * units + u;
            prefetch_for_write(args.h + to + ahead);
            prefetch_for_write(args.c + to + ahead);
            Vec hv = load(h + at), cv = load(c + at);
            if (counts) {
              const float* gate = zi + (u - first);  // input, forget, candidate, output
              cv = fma(load(gate), load(gate + 2 * span), load(gate + span) * cv);
              hv = load(gate + 3 * span) * tanh(cv);
            }
            store(next + at, hv);
            store(c + at, cv);
            store_units(args.h + to, hv, n);
            store_units(args.c + to, cv, n);
          }
        }
      }
      float* const old = h;
      h = next;
      next = old;
    }
    for (int64_t i = 0; i < rows; ++i) {
      copy_floats(args.h_last + (begin + i) * units, h + i * ld, units);
      copy_floats(args.c_last + (begin + i) * units, c + i * ld, units);
    }
  }
};

struct Backward {
  const RecurrentArgs& args;
  Panels weights;

  NACRE_FULL_VECTORS void operator()(int64_t begin, int64_t rows) const {
    const Steps steps{args};
    const int64_t units = args.units, width = weights.width, blocks = ceil_div(units, width);
    const int64_t ld = state_stride(units, width), ldz = round_up(kGates * units, kLanes) + kLanes;
    auto* scratch = static_cast<float*>(
        thread_scratch(static_cast<size_t>(rows * (2 * ld + ldz)) * sizeof(float), kRnnState));
    float *dh = scratch, *dc = dh + rows * ld, *dz = dc + rows * ld;
    clear_floats(scratch, rows * 2 * ld);
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t from = (begin + i) * units;
      if (args.dh_last) copy_floats(dh + i * ld, args.dh_last + from, units);
      if (args.dc_last) copy_floats(dc + i * ld, args.dc_last + from, units);
    }
    for (int64_t s = args.steps - 1; s >= 0; --s) {
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t b = begin + i, out_row = steps.output(b, s), in_row = steps.input(b, s);
        const float* gates = args.gates + in_row * kGates * units;
        const float* c = args.c + out_row * units;
        const float* c_before = steps.before(args.c, args.c0, b, s);
        float* dz_row = dz + i * ldz;
        float* dz_out = args.dz + in_row * kGates * units;
        float* const h_before = args.h_before + in_row * units;
        copy_floats(h_before, steps.before(args.h, args.h0, b, s), units);
        const bool counts = steps.counts(b, s);
        const float* ahead = steps.row_behind(gates, kGates * units, s);
        const float* c_ahead = steps.before(args.c, args.c0, b, larger(s - 1, 0));
        const float* h_ahead = steps.before(args.h, args.h0, b, larger(s - 1, 0));
        float* const h_before_ahead = h_before + steps.offset_behind(units, s);
        if (!counts) {
          clear_floats(dz_row, kGates * units);
          clear_floats(dz_out, kGates * units);
        }
        for (int64_t u = 0; u < units; u += kLanes) {
          const int64_t n = units - u, at = i * ld + u;
          const Vec one = 1.0f;
#pragma GCC unroll 4
          for (int64_t g = 0; g < kGates; ++g) prefetch(ahead + g * units + u);
          prefetch(c_ahead + u);
          prefetch(h_ahead + u);
          prefetch_for_write(h_before_ahead + u);
          Vec d = load(dh + at);
          if (args.dh) d += load_units(args.dh + out_row * units + u, n);
          if (!counts) {
            store(dh + at, d);
            continue;
          }
          const Vec in = load_units(gates + u, n), forget = load_units(gates + units + u, n);
          const Vec candidate = load_units(gates + 2 * units + u, n);
          const Vec out = load_units(gates + 3 * units + u, n);
          const Vec tc = tanh(load_units(c + u, n));
          const Vec d_out = d * tc * out * (one - out);
          const Vec carry = load(dc + at) + d * out * (one - tc * tc);
          const Vec d_in = carry * candidate * in * (one - in);
          const Vec d_forget = carry * load_units(c_before + u, n) * forget * (one - forget);
          const Vec d_candidate = carry * in * (one - candidate * candidate);
          store(dc + at, carry * forget);
          store(dh + at, Vec(0.0f));
          const Vec gate[kGates] = {d_in, d_forget, d_candidate, d_out};
#pragma GCC unroll 4
          for (int64_t g = 0; g < kGates; ++g) {
            store_units(dz_row + g * units + u, gate[g], n);
            store_units(dz_out + g * units + u, gate[g], n);
          }
        }
      }
      for (int64_t block = 0; block < blocks; ++block) {
        multiply(dz, ldz, weights.panel(block), kGates * units, weights.vecs, dh + block * width,
                 ld, rows, true);
      }
    }
    for (int64_t i = 0; i < rows; ++i) {
      copy_floats(args.dh0 + (begin + i) * units, dh + i * ld, units);
      copy_floats(args.dc0 + (begin + i) * units, dc + i * ld, units);
    }
  }
};

}  // namespace

void lstm_f32(const RecurrentArgs& args) {
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

void lstm_grad_f32(const RecurrentArgs& args) {
  const int vecs = panel_vecs(args.batch);
  const int64_t units = args.units, k = kGates * units, width = vecs * kLanes;
  auto* packed = static_cast<float*>(thread_scratch(
      static_cast<size_t>(panel_count(units, vecs) * width * k) * sizeof(float), kRnnWeights));
  pack_transposed(args.recurrent, k, k, 0, units, width, packed);
  each_chunk(args, kGates, Backward{args, {packed, k, width, vecs}});
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
