// Recurrences over time: fused LSTM, GRU and SimpleRNN, and a loop for any other step.
#pragma once

#include <functional>
#include <utility>

#include "nacre/tensor/tensor.h"

namespace nacre::ops {

using TensorFn = std::function<Tensor(const Tensor&)>;

// States after every step (batch, steps, units), in the order in which the steps run, and after the
// last one. A masked step leaves the state as it was.
struct Recurrence {
  Tensor sequence;
  Tensors last;  // LSTM: h and c
};

// projected: the input's part of all gates, (batch, steps, gates * units), in Keras's order of
// gates; recurrent (units, gates * units); states (batch, units); mask (batch, steps), bool, or
// undefined. With `backwards` the last step of the input comes first. Activations are tanh and
// sigmoid. float32 runs in one kernel, other dtypes op by op.
Recurrence lstm(const Tensor& projected, const Tensor& h0, const Tensor& c0,
                const Tensor& recurrent, const Tensor& bias, const Tensor& mask, bool backwards);
// bias, recurrent_bias: (3 * units); recurrent_bias is used with reset_after only.
Recurrence gru(const Tensor& projected, const Tensor& h0, const Tensor& recurrent,
               const Tensor& bias, const Tensor& recurrent_bias, const Tensor& mask,
               bool reset_after, bool backwards);
Recurrence simple_rnn(const Tensor& projected, const Tensor& h0, const Tensor& recurrent,
                      const Tensor& bias, const Tensor& mask, bool backwards);

// One step, from the sum z of both parts of the gates and the bias: h and c.
std::pair<Tensor, Tensor> lstm_step(const Tensor& z, const Tensor& c, const TensorFn& activation,
                                    const TensorFn& recurrent_activation, int64_t axis = -1);

// The slices of x (batch, steps, ...) along axis 1, without it.
Tensors unstack_steps(const Tensor& x);

// step(x_t, states) -> {output, new states...} over axis 1 of x. A masked step keeps the states;
// its output is 0 with zero_output, else the state `output_state` before it.
struct LoopOptions {
  Tensor mask;
  bool backwards = false;
  bool zero_output = false;
  size_t output_state = 0;
};
using StepFn = std::function<Tensors(const Tensor& x, const Tensors& states)>;
struct LoopResult {
  Tensor sequence, last_output;
  Tensors states;
  std::vector<Tensors> history;  // the states after each step
};
LoopResult run_steps(const Tensor& x, Tensors states, const LoopOptions& options,
                     const StepFn& step);

}  // namespace nacre::ops
