#include "ops/rnn_composites.h"

#include <algorithm>

#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/rnn.h"
#include "nacre/ops/shaping.h"

namespace nacre {
namespace {

Tensor tanh_of(const Tensor& x) {
  return ops::tanh(x);
}
Tensor sigmoid_of(const Tensor& x) {
  return ops::sigmoid(x);
}

Tensor with_bias(const Tensor& z, const Tensor& bias) {
  return bias.defined() ? z + bias : z;
}

// The backward pass through time: steps in reverse, each with the gradient of the state after it.
// step(t, s, grads) -> {gradient of the step's input part, gradients of the states before it...}.
struct Reversed {
  const Tensor& dh;    // of all states, or undefined
  const Tensor& mask;  // or undefined
  bool backwards;
  int64_t steps;

  Tensor run(Tensors grads, const std::function<Tensors(size_t t, size_t s, const Tensors&)>& step,
             Tensors& first) const {
    const Tensors dhs = dh.defined() ? ops::unstack_steps(dh) : Tensors();
    const Tensors masks = mask.defined() ? ops::unstack_steps(mask) : Tensors();
    Tensors projected(static_cast<size_t>(steps));
    for (size_t s = static_cast<size_t>(steps); s-- > 0;) {
      const size_t t = backwards ? static_cast<size_t>(steps) - 1 - s : s;
      if (!dhs.empty()) grads[0] = grads[0] + dhs[s];
      Tensors next = step(t, s, grads);
      if (!masks.empty()) {
        const Tensor counts = ops::expand_dims(masks[t], -1);
        next[0] = ops::where(counts, next[0], ops::zeros_like(next[0]));
        for (size_t i = 0; i < grads.size(); ++i) {
          next[i + 1] = ops::where(counts, next[i + 1], grads[i]);
        }
      }
      projected[t] = next[0];
      grads.assign(next.begin() + 1, next.end());
    }
    first = grads;
    return ops::stack(projected, 1);
  }
};

Tensor or_zeros(const Tensor& grad, const Tensor& like) {
  return grad.defined() ? grad : ops::zeros_like(like);
}

// sum over steps and samples of states^T gates: (units, gates).
Tensor outer_sum(const Tensor& states, const Tensor& gates) {
  const int64_t rows = states.shape()[0] * states.shape()[1];
  return ops::matmul(ops::transpose(ops::reshape(states, {rows, states.shape()[2]})),
                     ops::reshape(gates, {rows, gates.shape()[2]}));
}

// The states before each step, in the order of the input.
Tensor states_before(const Tensor& first, const std::vector<Tensors>& history, bool backwards) {
  Tensors before{first};
  for (size_t s = 0; s + 1 < history.size(); ++s) before.push_back(history[s][0]);
  if (backwards) std::reverse(before.begin(), before.end());
  return ops::stack(before, 1);
}

ops::LoopOptions options_of(const Tensor& mask, bool backwards) {
  ops::LoopOptions options;
  options.mask = mask;
  options.backwards = backwards;
  return options;
}

// Per-step values in the order of the input, as one tensor.
Tensor in_order(Tensors steps, bool backwards) {
  if (backwards) std::reverse(steps.begin(), steps.end());
  return ops::stack(steps, 1);
}

struct LstmLoop {
  ops::LoopResult result;
  Tensors gates;  // in, forget, candidate, out of each step, joined
};

LstmLoop lstm_loop(const Tensor& projected, const Tensor& h0, const Tensor& c0,
                   const Tensor& recurrent, const Tensor& bias, const Tensor& mask,
                   bool backwards) {
  LstmLoop loop;
  loop.result = ops::run_steps(
      projected, {h0, c0}, options_of(mask, backwards), [&](const Tensor& x, const Tensors& s) {
        const Tensor z = with_bias(x + ops::matmul(s[0], recurrent), bias);
        const Tensors parts = ops::split(z, 4, -1);
        loop.gates.push_back(ops::concatenate(
            {sigmoid_of(parts[0]), sigmoid_of(parts[1]), tanh_of(parts[2]), sigmoid_of(parts[3])},
            -1));
        const auto [h, c] = ops::lstm_step(z, s[1], tanh_of, sigmoid_of);
        return Tensors{h, h, c};
      });
  return loop;
}

struct GruLoop {
  ops::LoopResult result;
  Tensors gates, inner;
};

GruLoop gru_loop(const Tensor& projected, const Tensor& h0, const Tensor& recurrent,
                 const Tensor& bias, const Tensor& recurrent_bias, const Tensor& mask,
                 const GruAttrs& attrs) {
  GruLoop loop;
  const int64_t units = h0.shape()[1];
  loop.result = ops::run_steps(
      projected, {h0}, options_of(mask, attrs.backwards), [&](const Tensor& x, const Tensors& s) {
        const Tensor& h = s[0];
        const Tensors p = ops::split(with_bias(x, bias), 3, -1);
        const Tensors r = ops::split(with_bias(ops::matmul(h, recurrent), recurrent_bias), 3, -1);
        const Tensor update = sigmoid_of(p[0] + r[0]), reset = sigmoid_of(p[1] + r[1]);
        const Tensor weights = ops::slice_axis(recurrent, 1, 2 * units, units);
        const Tensor candidate =
            tanh_of(p[2] + (attrs.reset_after ? reset * r[2] : ops::matmul(reset * h, weights)));
        loop.gates.push_back(ops::concatenate({update, reset, candidate}, -1));
        loop.inner.push_back(attrs.reset_after ? r[2] : ops::zeros_like(r[2]));
        const Tensor y = update * h + (1.0 - update) * candidate;
        return Tensors{y, y};
      });
  return loop;
}

ops::LoopResult simple_loop(const Tensor& projected, const Tensor& h0, const Tensor& recurrent,
                            const Tensor& bias, const Tensor& mask, bool backwards) {
  return ops::run_steps(
      projected, {h0}, options_of(mask, backwards), [&](const Tensor& x, const Tensors& s) {
        const Tensor y = tanh_of(with_bias(x + ops::matmul(s[0], recurrent), bias));
        return Tensors{y, y};
      });
}

void require_projected(const Tensor& projected, const char* op) {
  if (!projected.defined()) {
    runtime_error(op, ": the gradient of a gradient needs the input of the forward pass");
  }
}

}  // namespace

Tensors lstm_composite(Inputs in, const Attrs* attrs) {
  const bool backwards = attrs_as<RnnAttrs>(attrs).backwards;
  LstmLoop loop = lstm_loop(in[0], in[1], in[2], in[3], in[4], in[5], backwards);
  Tensors c;
  for (const Tensors& states : loop.result.history) c.push_back(states[1]);
  return {loop.result.sequence, loop.result.states[0], loop.result.states[1], ops::stack(c, 1),
          in_order(loop.gates, backwards)};
}

Tensors lstm_grad_composite(Inputs in, const Attrs* attrs) {
  require_projected(in[3], "lstm_grad");
  const bool backwards = attrs_as<RnnAttrs>(attrs).backwards;
  const Tensor &h0 = in[4], &c0 = in[5], &recurrent = in[6];
  const LstmLoop loop = lstm_loop(in[3], h0, c0, recurrent, in[7], in[8], backwards);
  const auto& history = loop.result.history;
  const Tensor transposed = ops::transpose(recurrent);
  Tensors first;
  const Tensor dz = Reversed{in[0], in[8], backwards, in[3].shape()[1]}.run(
      {or_zeros(in[1], h0), or_zeros(in[2], c0)},
      [&](size_t, size_t s, const Tensors& d) {
        const Tensors g = ops::split(loop.gates[s], 4, -1);
        const Tensor &i = g[0], &f = g[1], &candidate = g[2], &o = g[3];
        const Tensor& before = s ? history[s - 1][1] : c0;
        const Tensor tc = tanh_of(history[s][1]);
        const Tensor dc = d[1] + d[0] * o * (1.0 - tc * tc);
        const Tensor gates =
            ops::concatenate({dc * candidate * i * (1.0 - i), dc * before * f * (1.0 - f),
                              dc * i * (1.0 - candidate * candidate), d[0] * tc * o * (1.0 - o)},
                             -1);
        return Tensors{gates, ops::matmul(gates, transposed), dc * f};
      },
      first);
  return {dz, first[0], first[1], outer_sum(states_before(h0, history, backwards), dz)};
}

Tensors gru_composite(Inputs in, const Attrs* attrs) {
  const auto& a = attrs_as<GruAttrs>(attrs);
  GruLoop loop = gru_loop(in[0], in[1], in[2], in[3], in[4], in[5], a);
  return {loop.result.sequence, loop.result.states[0], in_order(loop.gates, a.backwards),
          in_order(loop.inner, a.backwards)};
}

Tensors gru_grad_composite(Inputs in, const Attrs* attrs) {
  require_projected(in[2], "gru_grad");
  const auto& a = attrs_as<GruAttrs>(attrs);
  const Tensor &h0 = in[3], &recurrent = in[4];
  const int64_t units = h0.shape()[1];
  const GruLoop loop = gru_loop(in[2], h0, recurrent, in[5], in[6], in[7], a);
  const auto& history = loop.result.history;
  const Tensor transposed = ops::transpose(recurrent);
  const Tensor two_gates = ops::slice_axis(transposed, 0, 0, 2 * units);
  const Tensor last_gate = ops::slice_axis(transposed, 0, 2 * units, units);
  const size_t steps = history.size();
  Tensors inner(steps), scaled(steps);  // in the order of the input
  Tensors first;
  const Tensor dz = Reversed{in[0], in[7], a.backwards, static_cast<int64_t>(steps)}.run(
      {or_zeros(in[1], h0)},
      [&](size_t t, size_t s, const Tensors& d) {
        const Tensors g = ops::split(loop.gates[s], 3, -1);
        const Tensor &z = g[0], &r = g[1], &y = g[2];
        const Tensor& before = s ? history[s - 1][0] : h0;
        const Tensor d_update = d[0] * (before - y) * z * (1.0 - z);
        const Tensor d_candidate = d[0] * (1.0 - z) * (1.0 - y * y);
        const Tensor d_scaled = ops::matmul(d_candidate, last_gate);
        const Tensor d_reset =
            (a.reset_after ? d_candidate * loop.inner[s] : d_scaled * before) * r * (1.0 - r);
        const Tensor gates = ops::concatenate({d_update, d_reset, d_candidate}, -1);
        Tensor dh = d[0] * z;
        if (a.reset_after) {
          inner[t] = ops::concatenate({d_update, d_reset, d_candidate * r}, -1);
          dh = dh + ops::matmul(inner[t], transposed);
        } else {
          scaled[t] = r * before;
          dh =
              dh + d_scaled * r + ops::matmul(ops::concatenate({d_update, d_reset}, -1), two_gates);
        }
        return Tensors{gates, dh};
      },
      first);
  const Tensor before = states_before(h0, history, a.backwards);
  if (a.reset_after) {
    Tensor all = ops::stack(inner, 1);
    if (in[7].defined()) {
      all = ops::where(ops::expand_dims(in[7], -1), all, ops::zeros_like(all));
    }
    return {dz, first[0], outer_sum(before, all), ops::sum(all, IntList{0, 1})};
  }
  const Tensor weights =
      ops::concatenate({outer_sum(before, ops::slice_axis(dz, 2, 0, 2 * units)),
                        outer_sum(ops::stack(scaled, 1), ops::slice_axis(dz, 2, 2 * units, units))},
                       -1);
  return {dz, first[0], weights, ops::zeros({3 * units}, dz.dtype())};
}

Tensors simple_rnn_composite(Inputs in, const Attrs* attrs) {
  const ops::LoopResult result =
      simple_loop(in[0], in[1], in[2], in[3], in[4], attrs_as<RnnAttrs>(attrs).backwards);
  return {result.sequence, result.states[0]};
}

Tensors simple_rnn_grad_composite(Inputs in, const Attrs* attrs) {
  require_projected(in[2], "simple_rnn_grad");
  const bool backwards = attrs_as<RnnAttrs>(attrs).backwards;
  const Tensor &h0 = in[3], &recurrent = in[4];
  const ops::LoopResult loop = simple_loop(in[2], h0, recurrent, in[5], in[6], backwards);
  const Tensor transposed = ops::transpose(recurrent);
  Tensors first;
  const Tensor dz = Reversed{in[0], in[6], backwards, in[2].shape()[1]}.run(
      {or_zeros(in[1], h0)},
      [&](size_t, size_t s, const Tensors& d) {
        const Tensor& y = loop.history[s][0];
        const Tensor g = d[0] * (1.0 - y * y);
        return Tensors{g, ops::matmul(g, transposed)};
      },
      first);
  return {dz, first[0], outer_sum(states_before(h0, loop.history, backwards), dz)};
}

}  // namespace nacre
