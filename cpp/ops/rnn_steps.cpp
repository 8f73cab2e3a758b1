// A step of an LSTM and the loop over steps, made of other ops.
#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/rnn.h"
#include "nacre/ops/shaping.h"

namespace nacre::ops {

std::pair<Tensor, Tensor> lstm_step(const Tensor& z, const Tensor& c, const TensorFn& activation,
                                    const TensorFn& recurrent_activation, int64_t axis) {
  const Tensors gates = split(z, 4, axis);
  const Tensor in = recurrent_activation(gates[0]), forget = recurrent_activation(gates[1]);
  const Tensor carry = forget * c + in * activation(gates[2]);
  return {recurrent_activation(gates[3]) * activation(carry), carry};
}

LoopResult run_steps(const Tensor& x, Tensors states, const LoopOptions& options,
                     const StepFn& step) {
  const int64_t steps = x.dim(1);
  if (steps < 1) value_error("expected at least one step, received shape ", x.shape());
  const Tensors inputs = unstack_steps(x);
  const Tensors masks =
      options.mask.defined() ? unstack_steps(cast(options.mask, DType::kBool)) : Tensors();
  LoopResult result;
  Tensors outputs;
  for (int64_t s = 0; s < steps; ++s) {
    const auto at = static_cast<size_t>(options.backwards ? steps - 1 - s : s);
    Tensors next = step(inputs[at], states);
    Tensor output = std::move(next[0]);
    next.erase(next.begin());
    if (!masks.empty()) {
      const auto keep = [&](const Tensor& now, const Tensor& before) {
        Tensor counts = masks[at];
        while (counts.rank() < now.rank()) counts = expand_dims(counts, -1);
        return where(counts, now, before);
      };
      output =
          keep(output, options.zero_output ? zeros_like(output) : states[options.output_state]);
      for (size_t i = 0; i < next.size(); ++i) next[i] = keep(next[i], states[i]);
    }
    outputs.push_back(output);
    states = std::move(next);
    result.history.push_back(states);
  }
  result.sequence = stack(outputs, 1);
  result.last_output = outputs.back();
  result.states = std::move(states);
  return result;
}

}  // namespace nacre::ops
