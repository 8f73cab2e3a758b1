// Fused recurrences: LSTM, GRU and SimpleRNN over all steps. The products of the inputs are a
// matmul before them; what is left is a loop over time, and its gradient. Kernels are float32; the
// composites (rnn_composites.cpp) are their definition, and where they are differentiated twice.
#include "nacre/ops/rnn.h"

#include <cstring>

#include "kernels/abi.h"
#include "nacre/ops/ops.h"
#include "ops/define.h"
#include "ops/registry.h"
#include "ops/rnn_composites.h"

namespace nacre {
namespace {

using kernels::RecurrentArgs;
using kernels::table;

void require_float(const InferContext& c, size_t i) {
  if (c.has(i) && c.dtype(i) != DType::kFloat32) {
    type_error(c.op, ": expected float32, received ", c.dtype(i));
  }
}

// projected (batch, steps, gates * units), states (batch, units) from input 1 on, then recurrent
// (units, gates * units) and vectors of gates * units; a mask (batch, steps).
Shape check_forward(const InferContext& c, int64_t gates, size_t states, size_t vectors) {
  const Shape& x = c.shape(0);
  const size_t recurrent = 1 + states, mask = recurrent + 1 + vectors;
  for (size_t i = 0; i < mask; ++i) require_float(c, i);
  if (x.rank() != 3) value_error(c.op, ": expected an input of rank 3, received shape ", x);
  if (x[1] == 0) value_error(c.op, ": expected at least one step, received shape ", x);
  const int64_t units = c.shape(recurrent).rank() == 2 ? c.shape(recurrent)[0] : -1;
  const auto fits = [](int64_t a, int64_t b) { return a == b || a < 0 || b < 0; };
  if (units < 0 || c.shape(recurrent)[1] != gates * units || !fits(x[2], gates * units)) {
    value_error(c.op, ": expected recurrent weights (units, ", gates, " * units) for an input of ",
                x, ", received ", c.shape(recurrent));
  }
  for (size_t i = 1; i < recurrent; ++i) {
    const Shape& state = c.shape(i);
    if (state.rank() != 2 || !fits(state[0], x[0]) || state[1] != units) {
      value_error(c.op, ": expected a state of shape ", Shape{x[0], units}, ", received ", state);
    }
  }
  for (size_t i = recurrent + 1; i < mask; ++i) {
    if (c.has(i) && !(c.shape(i) == Shape{gates * units})) {
      value_error(c.op, ": expected a bias of shape ", Shape{gates * units}, ", received ",
                  c.shape(i));
    }
  }
  if (c.has(mask)) {
    const Shape& m = c.shape(mask);
    if (c.dtype(mask) != DType::kBool || m.rank() != 2 || !fits(m[0], x[0]) || !fits(m[1], x[1])) {
      value_error(c.op, ": expected a mask of bools of shape ", Shape{x[0], x[1]}, ", received ",
                  c.dtype(mask), " ", m);
    }
  }
  return {x[0], x[1], units};
}

TensorSpec f32(const Shape& shape) {
  return {DType::kFloat32, shape};
}

RecurrentArgs shape_args(const Shape& sequence, const Buffer& mask, bool backwards) {
  RecurrentArgs args{};
  args.batch = sequence[0];
  args.steps = sequence[1];
  args.units = sequence[2];
  args.backwards = backwards;
  args.mask = mask.as<const uint8_t>();
  return args;
}

// The kernels turn the input's part of the gates into the gates in place.
float* begin_gates(const Buffer& projected, const Buffer& gates) {
  if (gates.data != projected.data) std::memcpy(gates.data, projected.data, gates.spec->bytes());
  return gates.as<float>();
}

// drecurrent columns [column, column + n) = states^T gates, over all steps.
void weight_gradient(const RecurrentArgs& args, const float* states, const float* gates,
                     int64_t all, int64_t column, int64_t n, float* drecurrent) {
  kernels::GemmArgs g{};
  g.a = states;
  g.b = gates + column;
  g.c = drecurrent + column;
  g.m = args.units;
  g.n = n;
  g.k = args.batch * args.steps;
  g.lda = args.units;
  g.ldb = g.ldc = all;
  g.trans_a = true;
  g.alpha = 1;
  g.batch = 1;
  table().gemm(g);
}

size_t states_workspace(const Buffer& sequence) {
  return sequence.spec->bytes();
}

// Whether a tape will see the backward pass: its ops then need what defines the forward one.
Tensor for_second_order(const Tensor& projected) {
  for (const Recorder* recorder : active_recorders()) {
    if (recorder->is_gradient_tape()) return projected;
  }
  return {};
}

Tensor bias_gradient(const Tensor& dprojected, bool needed) {
  return needed ? ops::sum(dprojected, IntList{0, 1}) : Tensor();
}

Ref<Attrs> shared_attrs(const BackwardContext& c) {
  return Ref<Attrs>(const_cast<Attrs*>(c.attrs));
}

// ---- LSTM: projected, h0, c0, recurrent, bias?, mask?

void lstm_kernel(const KernelContext& c) {
  RecurrentArgs args = shape_args(c.out[0].shape(), c.in[5], c.attrs_as<RnnAttrs>().backwards);
  args.gates = begin_gates(c.in[0], c.out[4]);
  args.h0 = c.in[1].as<const float>();
  args.c0 = c.in[2].as<const float>();
  args.recurrent = c.in[3].as<const float>();
  args.bias = c.in[4].as<const float>();
  args.h = c.out[0].as<float>();
  args.h_last = c.out[1].as<float>();
  args.c_last = c.out[2].as<float>();
  args.c = c.out[3].as<float>();
  table().lstm(args);
}

// dh?, dh_last?, dc_last?, projected?, h0, c0, recurrent, bias?, mask?, h, c, gates
void lstm_grad_kernel(const KernelContext& c) {
  RecurrentArgs args = shape_args(c.in[9].shape(), c.in[8], c.attrs_as<RnnAttrs>().backwards);
  args.dh = c.in[0].as<const float>();
  args.dh_last = c.in[1].as<const float>();
  args.dc_last = c.in[2].as<const float>();
  args.h0 = c.in[4].as<const float>();
  args.c0 = c.in[5].as<const float>();
  args.recurrent = c.in[6].as<const float>();
  args.h = c.in[9].as<float>();
  args.c = c.in[10].as<float>();
  args.gates = c.in[11].as<float>();
  args.dz = c.out[0].as<float>();
  args.dh0 = c.out[1].as<float>();
  args.dc0 = c.out[2].as<float>();
  args.h_before = static_cast<float*>(c.workspace);
  table().lstm_grad(args);
  weight_gradient(args, args.h_before, args.dz, 4 * args.units, 0, 4 * args.units,
                  c.out[3].as<float>());
}

Tensors lstm_backward(const BackwardContext& c) {
  static const OpDef& op = find_op("lstm_grad");
  const Tensors d = apply(
      op,
      {c.grads[0], c.grads[1], c.grads[2], for_second_order(c.inputs[0]), c.inputs[1], c.inputs[2],
       c.inputs[3], c.inputs[4], c.inputs[5], c.outputs[0], c.outputs[3], c.outputs[4]},
      shared_attrs(c));
  return {d[0], d[1], d[2], d[3], bias_gradient(d[0], c.needs[4]), Tensor()};
}

// ---- GRU: projected, h0, recurrent, bias?, recurrent_bias?, mask?

void gru_kernel(const KernelContext& c) {
  const auto& attrs = c.attrs_as<GruAttrs>();
  RecurrentArgs args = shape_args(c.out[0].shape(), c.in[5], attrs.backwards);
  args.reset_after = attrs.reset_after;
  args.gates = begin_gates(c.in[0], c.out[2]);
  args.h0 = c.in[1].as<const float>();
  args.recurrent = c.in[2].as<const float>();
  args.bias = c.in[3].as<const float>();
  args.recurrent_bias = c.in[4].as<const float>();
  args.h = c.out[0].as<float>();
  args.h_last = c.out[1].as<float>();
  args.inner = c.out[3].as<float>();
  table().gru(args);
}

// dh?, dh_last?, projected?, h0, recurrent, bias?, recurrent_bias?, mask?, h, gates, inner
void gru_grad_kernel(const KernelContext& c) {
  const auto& attrs = c.attrs_as<GruAttrs>();
  RecurrentArgs args = shape_args(c.in[8].shape(), c.in[7], attrs.backwards);
  args.reset_after = attrs.reset_after;
  args.dh = c.in[0].as<const float>();
  args.dh_last = c.in[1].as<const float>();
  args.h0 = c.in[3].as<const float>();
  args.recurrent = c.in[4].as<const float>();
  args.h = c.in[8].as<float>();
  args.gates = c.in[9].as<float>();
  args.inner = c.in[10].as<float>();
  args.dz = c.out[0].as<float>();
  args.dh0 = c.out[1].as<float>();
  args.h_before = static_cast<float*>(c.workspace);
  float* const second = args.h_before + c.in[8].size();
  (attrs.reset_after ? args.d_inner : args.scaled_h) = second;
  table().gru_grad(args);
  const int64_t units = args.units, all = 3 * units;
  float* drecurrent = c.out[2].as<float>();
  float* dbias = c.out[3].as<float>();
  if (attrs.reset_after) {
    weight_gradient(args, args.h_before, args.d_inner, all, 0, all, drecurrent);
    table().reduce[static_cast<int>(kernels::Reduce::kSum)](args.d_inner, dbias, 0, 1,
                                                            args.batch * args.steps, all);
  } else {
    weight_gradient(args, args.h_before, args.dz, all, 0, 2 * units, drecurrent);
    weight_gradient(args, args.scaled_h, args.dz, all, 2 * units, units, drecurrent);
    std::memset(dbias, 0, c.out[3].spec->bytes());
  }
}

Tensors gru_backward(const BackwardContext& c) {
  static const OpDef& op = find_op("gru_grad");
  const Tensors d =
      apply(op,
            {c.grads[0], c.grads[1], for_second_order(c.inputs[0]), c.inputs[1], c.inputs[2],
             c.inputs[3], c.inputs[4], c.inputs[5], c.outputs[0], c.outputs[2], c.outputs[3]},
            shared_attrs(c));
  return {d[0],    d[1], d[2], bias_gradient(d[0], c.needs[3]), c.needs[4] ? d[3] : Tensor(),
          Tensor()};
}

// ---- SimpleRNN: projected, h0, recurrent, bias?, mask?

void simple_rnn_kernel(const KernelContext& c) {
  RecurrentArgs args = shape_args(c.out[0].shape(), c.in[4], c.attrs_as<RnnAttrs>().backwards);
  args.gates = c.in[0].as<float>();
  args.h0 = c.in[1].as<const float>();
  args.recurrent = c.in[2].as<const float>();
  args.bias = c.in[3].as<const float>();
  args.h = c.out[0].as<float>();
  args.h_last = c.out[1].as<float>();
  table().simple_rnn(args);
}

// dh?, dh_last?, projected?, h0, recurrent, bias?, mask?, h
void simple_rnn_grad_kernel(const KernelContext& c) {
  RecurrentArgs args = shape_args(c.in[7].shape(), c.in[6], c.attrs_as<RnnAttrs>().backwards);
  args.dh = c.in[0].as<const float>();
  args.dh_last = c.in[1].as<const float>();
  args.h0 = c.in[3].as<const float>();
  args.recurrent = c.in[4].as<const float>();
  args.h = c.in[7].as<float>();
  args.dz = c.out[0].as<float>();
  args.dh0 = c.out[1].as<float>();
  args.h_before = static_cast<float*>(c.workspace);
  table().simple_rnn_grad(args);
  weight_gradient(args, args.h_before, args.dz, args.units, 0, args.units, c.out[2].as<float>());
}

Tensors simple_rnn_backward(const BackwardContext& c) {
  static const OpDef& op = find_op("simple_rnn_grad");
  const Tensors d = apply(op,
                          {c.grads[0], c.grads[1], for_second_order(c.inputs[0]), c.inputs[1],
                           c.inputs[2], c.inputs[3], c.inputs[4], c.outputs[0]},
                          shared_attrs(c));
  return {d[0], d[1], d[2], bias_gradient(d[0], c.needs[3]), Tensor()};
}

// ---- unstack_steps

std::vector<TensorSpec> infer_unstack(const InferContext& c) {
  Shape step{c.shape(0)[0]};
  for (int i = 2; i < c.shape(0).rank(); ++i) step.push_back(c.shape(0)[i]);
  return std::vector<TensorSpec>(static_cast<size_t>(c.shape(0)[1]), {c.dtype(0), step});
}

void unstack_kernel(const KernelContext& c) {
  const Shape& x = c.in[0].shape();
  if (c.in[0].size() == 0) return;
  const size_t row = static_cast<size_t>(x.size(2, x.rank())) * size_of(c.in[0].dtype());
  const char* from = c.in[0].as<const char>();
  for (int64_t b = 0; b < x[0]; ++b) {
    for (const Buffer& out : c.out) {
      std::memcpy(out.as<char>() + static_cast<size_t>(b) * row, from, row);
      from += row;
    }
  }
}

OpDef internal_op(const char* name, const char* params, const char* doc, MakeAttrs make) {
  OpDef def;
  def.name = name;
  def.params = params;
  def.doc = doc;
  def.make_attrs = make;
  def.internal = true;
  return def;
}

Tensors run(const OpDef& op, const Tensors& inputs, const Ref<Attrs>& attrs) {
  return inputs[0].dtype() == DType::kFloat32 ? apply(op, inputs, attrs)
                                              : op.composite(inputs, attrs.get());
}

}  // namespace

void register_rnn_ops(OpRegistry& registry) {
  // Of the products with the recurrent weights; twice as many in a gradient.
  const auto add = [&](OpDef def, double products = 1) {
    def.flops = [products](const Attrs*, std::span<const Buffer> in, std::span<const Buffer> out) {
      const Buffer& gates = products == 1 ? in[0] : out[0];
      return 2 * products * static_cast<double>(gates.size() * out[1].shape()[1]);
    };
    registry.add(std::move(def));
  };
  OpDef lstm = internal_op("lstm", "projected, h0, c0, recurrent, bias?, mask?, backwards",
                           "LSTM over all steps: states h, the last h and c, states c, gates.",
                           make_attrs_of<RnnAttrs>);
  lstm.infer = [](const InferContext& c) {
    const Shape h = check_forward(c, 4, 2, 1), state{h[0], h[2]};
    return std::vector<TensorSpec>{f32(h), f32(state), f32(state), f32(h),
                                   f32({h[0], h[1], 4 * h[2]})};
  };
  lstm.kernel = lstm_kernel;
  lstm.in_place = {-1, -1, -1, -1, 0};
  lstm.composite = lstm_composite;
  lstm.backward = lstm_backward;
  add(std::move(lstm));

  OpDef lstm_grad = internal_op("lstm_grad",
                                "dh?, dh_last?, dc_last?, projected?, h0, c0, recurrent, bias?, "
                                "mask?, h, c, gates, backwards",
                                "Gradients of lstm: of projected, h0, c0 and recurrent.",
                                make_attrs_of<RnnAttrs>);
  lstm_grad.infer = [](const InferContext& c) {
    return std::vector<TensorSpec>{c.inputs[11].spec(), c.inputs[4].spec(), c.inputs[5].spec(),
                                   c.inputs[6].spec()};
  };
  lstm_grad.kernel = lstm_grad_kernel;
  lstm_grad.workspace = [](const Attrs*, std::span<const Buffer> in, std::span<const Buffer>) {
    return states_workspace(in[9]);
  };
  lstm_grad.composite = lstm_grad_composite;
  lstm_grad.in_place = {11};
  add(std::move(lstm_grad), 2);

  OpDef gru = internal_op(
      "gru", "projected, h0, recurrent, bias?, recurrent_bias?, mask?, reset_after, backwards",
      "GRU over all steps: states, the last one, gates, the candidate's product.",
      make_attrs_of<GruAttrs>);
  gru.infer = [](const InferContext& c) {
    const Shape h = check_forward(c, 3, 1, 2);
    return std::vector<TensorSpec>{f32(h), f32({h[0], h[2]}), f32({h[0], h[1], 3 * h[2]}), f32(h)};
  };
  gru.kernel = gru_kernel;
  gru.in_place = {-1, -1, 0};
  gru.composite = gru_composite;
  gru.backward = gru_backward;
  add(std::move(gru));

  OpDef gru_grad = internal_op(
      "gru_grad",
      "dh?, dh_last?, projected?, h0, recurrent, bias?, recurrent_bias?, mask?, h, gates, inner, "
      "reset_after, backwards",
      "Gradients of gru: of projected, h0, recurrent and recurrent_bias.", make_attrs_of<GruAttrs>);
  gru_grad.infer = [](const InferContext& c) {
    return std::vector<TensorSpec>{c.inputs[9].spec(), c.inputs[3].spec(), c.inputs[4].spec(),
                                   f32({c.shape(4)[1]})};
  };
  gru_grad.kernel = gru_grad_kernel;
  gru_grad.workspace = [](const Attrs* attrs, std::span<const Buffer> in, std::span<const Buffer>) {
    const bool after = static_cast<const GruAttrs*>(attrs)->reset_after;
    return states_workspace(in[8]) + states_workspace(after ? in[9] : in[8]);
  };
  gru_grad.composite = gru_grad_composite;
  add(std::move(gru_grad), 2);

  OpDef simple = internal_op("simple_rnn", "projected, h0, recurrent, bias?, mask?, backwards",
                             "SimpleRNN with tanh over all steps: states and the last one.",
                             make_attrs_of<RnnAttrs>);
  simple.infer = [](const InferContext& c) {
    const Shape h = check_forward(c, 1, 1, 1);
    return std::vector<TensorSpec>{f32(h), f32({h[0], h[2]})};
  };
  simple.kernel = simple_rnn_kernel;
  simple.composite = simple_rnn_composite;
  simple.backward = simple_rnn_backward;
  add(std::move(simple));

  OpDef simple_grad = internal_op(
      "simple_rnn_grad", "dh?, dh_last?, projected?, h0, recurrent, bias?, mask?, h, backwards",
      "Gradients of simple_rnn: of projected, h0 and recurrent.", make_attrs_of<RnnAttrs>);
  simple_grad.infer = [](const InferContext& c) {
    return std::vector<TensorSpec>{c.inputs[7].spec(), c.inputs[3].spec(), c.inputs[4].spec()};
  };
  simple_grad.kernel = simple_rnn_grad_kernel;
  simple_grad.workspace = [](const Attrs*, std::span<const Buffer> in, std::span<const Buffer>) {
    return states_workspace(in[7]);
  };
  simple_grad.composite = simple_rnn_grad_composite;
  add(std::move(simple_grad), 2);

  OpDef unstack =
      internal_op("unstack_steps", "x", "The slices of `x` along axis 1, without it.", nullptr);
  unstack.infer = infer_unstack;
  unstack.kernel = unstack_kernel;
  unstack.list_output = true;
  unstack.backward = [](const BackwardContext& c) {
    Tensors grads(c.grads.begin(), c.grads.end());
    for (size_t i = 0; i < grads.size(); ++i) {
      if (!grads[i].defined()) grads[i] = ops::zeros_like(c.outputs[i]);
    }
    return Tensors{ops::stack(grads, 1)};
  };
  registry.add(std::move(unstack));
}

namespace ops {

Recurrence lstm(const Tensor& projected, const Tensor& h0, const Tensor& c0,
                const Tensor& recurrent, const Tensor& bias, const Tensor& mask, bool backwards) {
  static const OpDef& op = find_op("lstm");
  auto attrs = make_ref<RnnAttrs>();
  attrs->backwards = backwards;
  const Tensors out = run(op, {projected, h0, c0, recurrent, bias, mask}, attrs);
  return {out[0], {out[1], out[2]}};
}

Recurrence gru(const Tensor& projected, const Tensor& h0, const Tensor& recurrent,
               const Tensor& bias, const Tensor& recurrent_bias, const Tensor& mask,
               bool reset_after, bool backwards) {
  static const OpDef& op = find_op("gru");
  auto attrs = make_ref<GruAttrs>();
  attrs->reset_after = reset_after;
  attrs->backwards = backwards;
  const Tensors out = run(op, {projected, h0, recurrent, bias, recurrent_bias, mask}, attrs);
  return {out[0], {out[1]}};
}

Recurrence simple_rnn(const Tensor& projected, const Tensor& h0, const Tensor& recurrent,
                      const Tensor& bias, const Tensor& mask, bool backwards) {
  static const OpDef& op = find_op("simple_rnn");
  auto attrs = make_ref<RnnAttrs>();
  attrs->backwards = backwards;
  const Tensors out = run(op, {projected, h0, recurrent, bias, mask}, attrs);
  return {out[0], {out[1]}};
}

Tensors unstack_steps(const Tensor& x) {
  static const OpDef& op = find_op("unstack_steps");
  return apply(op, {x});
}

}  // namespace ops
}  // namespace nacre
