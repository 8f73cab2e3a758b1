// SimpleRNN with tanh over all steps, forward and backward.
#include "kernels/cpu/rnn.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

struct Forward {
  const RecurrentArgs& args;
  Panels weights;

  NACRE_FULL_VECTORS void operator()(int64_t begin, int64_t rows) const {
    const Steps steps{args};
    const int64_t units = args.units, width = weights.width, blocks = ceil_div(units, width);
    const int64_t ld = state_stride(units, width);
    auto* scratch = static_cast<float*>(
        thread_scratch(static_cast<size_t>(rows * 2 * ld) * sizeof(float), kRnnState));
    float *h = scratch, *next = h + rows * ld;
    for (int64_t i = 0; i < rows; ++i)
      copy_floats(h + i * ld, args.h0 + (begin + i) * units, units);
    for (int64_t s = 0; s < args.steps; ++s) {
      for (int64_t block = 0; block < blocks; ++block) {
        multiply(h, ld, weights.panel(block), units, weights.vecs, next + block * width, ld, rows,
                 false);
      }
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t b = begin + i;
        const float* projected = args.gates + steps.input(b, s) * units;
        float* out = args.h + steps.output(b, s) * units;
        const bool counts = steps.counts(b, s);
        const float* ahead = steps.row_ahead(projected, units, s);
        float* const out_ahead = out + (s + 1 < args.steps ? units : 0);
        for (int64_t u = 0; u < units; u += kLanes) {
          const int64_t n = units - u, at = i * ld + u;
          prefetch(ahead + u);
          prefetch_for_write(out_ahead + u);
          const Vec y = counts ? tanh(load(next + at) + load_units(projected + u, n) +
                                      load_optional(args.bias, u, n))
                               : load(h + at);
          store(next + at, y);
          store_units(out + u, y, n);
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
  Panels weights;

  NACRE_FULL_VECTORS void operator()(int64_t begin, int64_t rows) const {
    const Steps steps{args};
    const int64_t units = args.units, width = weights.width, blocks = ceil_div(units, width);
    const int64_t ld = state_stride(units, width);
    auto* scratch = static_cast<float*>(
        thread_scratch(static_cast<size_t>(rows * 2 * ld) * sizeof(float), kRnnState));
    float *dh = scratch, *dz = dh + rows * ld;
    clear_floats(scratch, rows * 2 * ld);
    for (int64_t i = 0; i < rows && args.dh_last; ++i)
      copy_floats(dh + i * ld, args.dh_last + (begin + i) * units, units);
    for (int64_t s = args.steps - 1; s >= 0; --s) {
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t b = begin + i, out_row = steps.output(b, s), in_row = steps.input(b, s);
        float* const h_before = args.h_before + in_row * units;
        copy_floats(h_before, steps.before(args.h, args.h0, b, s), units);
        const float* ahead = steps.before(args.h, args.h0, b, larger(s - 1, 0));
        const int64_t behind = steps.offset_behind(units, s);
        const bool counts = steps.counts(b, s);
        for (int64_t u = 0; u < units; u += kLanes) {
          const int64_t n = units - u, at = i * ld + u;
          prefetch(ahead + u);
          prefetch_for_write(h_before + behind + u);
          prefetch_for_write(args.dz + in_row * units + behind + u);
          Vec d = load(dh + at);
          if (args.dh) d += load_units(args.dh + out_row * units + u, n);
          const Vec h = load_units(args.h + out_row * units + u, n);
          const Vec g = counts ? d * (Vec(1.0f) - h * h) : Vec(0.0f);
          store(dz + at, g);
          store_units(args.dz + in_row * units + u, g, n);
          store(dh + at, counts ? Vec(0.0f) : d);
        }
      }
      for (int64_t block = 0; block < blocks; ++block) {
        multiply(dz, ld, weights.panel(block), units, weights.vecs, dh + block * width, ld, rows,
                 true);
      }
    }
    for (int64_t i = 0; i < rows; ++i)
      copy_floats(args.dh0 + (begin + i) * units, dh + i * ld, units);
  }
};

float* packed_scratch(int64_t units, int vecs) {
  const int64_t floats = panel_count(units, vecs) * vecs * kLanes * units;
  return static_cast<float*>(
      thread_scratch(static_cast<size_t>(floats) * sizeof(float), kRnnWeights));
}

}  // namespace

void simple_rnn_f32(const RecurrentArgs& args) {
  const int vecs = panel_vecs(args.batch);
  const int64_t units = args.units, width = vecs * kLanes;
  float* packed = packed_scratch(units, vecs);
  pack(args.recurrent, units, units, 0, units, width, packed);
  each_chunk(args, 1, Forward{args, {packed, units, width, vecs}});
}

void simple_rnn_grad_f32(const RecurrentArgs& args) {
  const int vecs = panel_vecs(args.batch);
  const int64_t units = args.units, width = vecs * kLanes;
  float* packed = packed_scratch(units, vecs);
  pack_transposed(args.recurrent, units, units, 0, units, width, packed);
  each_chunk(args, 1, Backward{args, {packed, units, width, vecs}});
}

void fill_rnn(KernelTable& table) {
  table.lstm = lstm_f32;
  table.lstm_grad = lstm_grad_f32;
  table.gru = gru_f32;
  table.gru_grad = gru_grad_f32;
  table.simple_rnn = simple_rnn_f32;
  table.simple_rnn_grad = simple_rnn_grad_f32;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
