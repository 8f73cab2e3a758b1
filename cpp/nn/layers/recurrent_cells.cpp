// Cells: SimpleRNNCell, LSTMCell, GRUCell, StackedRNNCells.
#include <algorithm>

#include "nacre/nn/layers/recurrent.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/random.h"
#include "nacre/ops/shaping.h"
#include "nn/layers/recurrent_bias.h"

namespace nacre {
namespace {

class ForgetBias final : public Initializer {
 public:
  explicit ForgetBias(Ref<Initializer> others) : others_(std::move(others)) {}
  std::string_view class_name() const override { return "ForgetBias"; }
  Tensor operator()(const Shape& shape, DType dtype) override {
    const int64_t units = shape[0] / 4;
    return ops::concatenate(
        {(*others_)({units}, dtype), ops::ones({units}, dtype), (*others_)({2 * units}, dtype)});
  }

 private:
  Ref<Initializer> others_;
};

Tensor zeros_of(int64_t batch, const Shape& shape, DType dtype) {
  Shape full{batch};
  for (const int64_t dim : shape) full.push_back(dim);
  return full.is_known() ? ops::zeros(full, dtype) : Tensor::placeholder({dtype, full});
}

}  // namespace

Ref<Initializer> forget_bias_initializer(const Ref<Initializer>& others) {
  if (!others) return nullptr;
  return make_ref<ForgetBias>(others);
}

Tensors RecurrentCell::initial_state(int64_t batch, DType dtype) {
  Tensors states;
  for (const Shape& shape : state_shapes()) states.push_back(zeros_of(batch, shape, dtype));
  return states;
}

RecurrentCell& as_cell(const Ref<Layer>& layer) {
  auto* cell = dynamic_cast<RecurrentCell*>(layer.get());
  if (!cell) {
    type_error("expected a cell (a layer with a state_size), received ",
               layer ? layer->class_name() : "None");
  }
  return *cell;
}

std::vector<Field> BasicCell::settings() {
  std::vector<Field> all;
  detail::append_fields(
      all,
      "units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, "
      "kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, "
      "recurrent_constraint, bias_constraint, dropout, recurrent_dropout, seed",
      std::tie(units, activation, use_bias, kernel_initializer, recurrent_initializer,
               bias_initializer, kernel_regularizer, recurrent_regularizer, bias_regularizer,
               kernel_constraint, recurrent_constraint, bias_constraint, dropout, recurrent_dropout,
               seed));
  return all;
}

std::vector<Field> BasicCell::fields() {
  std::vector<Field> all = Layer::fields();
  for (Field& field : settings()) all.push_back(std::move(field));
  return all;
}

void BasicCell::validate() {
  Layer::validate();
  if (units <= 0) value_error(class_name(), ": expected units > 0, received ", units);
  dropout = std::clamp(dropout, 0.0, 1.0);
  recurrent_dropout = std::clamp(recurrent_dropout, 0.0, 1.0);
  if ((dropout > 0 || recurrent_dropout > 0) && !generator_) {
    generator_ = make_ref<SeedGenerator>(seed);
    add_seed_generator(generator_);
  }
}

void BasicCell::build(const std::vector<Shape>& input_shapes) {
  const Shape& shape = input_shapes.at(0);
  if (shape.rank() != 2 || shape[1] < 0) {
    value_error("expected inputs of one step of shape (batch, features), received shape ", shape);
  }
  kernel_ = add_weight("kernel", {shape[1], gates_ * units}, kernel_initializer,
                       {.regularizer = kernel_regularizer, .constraint = kernel_constraint});
  recurrent_ =
      add_weight("recurrent_kernel", {units, gates_ * units}, recurrent_initializer,
                 {.regularizer = recurrent_regularizer, .constraint = recurrent_constraint});
  if (use_bias) {
    bias_ = add_weight("bias", bias_shape(), initializer_of_bias(),
                       {.regularizer = bias_regularizer, .constraint = bias_constraint});
  }
}

Tensors BasicCell::draw(const Tensor& like, double rate) const {
  Tensors factors;
  const int64_t count = recurrent_dropout > 0 ? gates_ : 1;
  const Tensor ones = ops::ones_like(like);
  for (int64_t i = 0; i < count; ++i) {
    factors.push_back(random::dropout(ones, rate, generator_->next()));
  }
  return factors;
}

void BasicCell::begin_sequence(const Tensor& step, const Tensors& states, bool training) {
  end_sequence();
  in_sequence_ = true;
  if (!training || step.is_placeholder()) return;
  if (dropout > 0) input_factors_ = draw(step, dropout);
  if (recurrent_dropout > 0) state_factors_ = draw(states.at(0), recurrent_dropout);
}

void BasicCell::end_sequence() {
  input_factors_.clear();
  state_factors_.clear();
  in_sequence_ = false;
}

Tensors BasicCell::call(const Tensors& inputs, const CallContext& context) {
  const size_t count = state_shapes().size();
  if (inputs.size() != 1 + count) {
    value_error("expected the input of one step and ", count, " states, received ", inputs.size(),
                " tensors");
  }
  const Tensor& x = inputs[0];
  if (x.rank() != 2) {
    value_error("expected inputs of shape (batch, ", kernel_->shape()[0], "), received shape ",
                x.shape());
  }
  require_features(x);
  const Tensors states(inputs.begin() + 1, inputs.end());
  if (in_sequence_) return step(x, states);
  struct End {
    BasicCell& cell;
    ~End() { cell.end_sequence(); }
  } end{*this};
  begin_sequence(x, states, context.training);
  return step(x, states);
}

void BasicCell::require_features(const Tensor& x) const {
  const int64_t features = x.shape().back();
  if (features >= 0 && features != kernel_->shape()[0]) {
    value_error("expected inputs of ", kernel_->shape()[0], " features, received shape ",
                x.shape());
  }
}

Tensor BasicCell::project_input(const Tensor& x) const {
  const Tensor weights = value(kernel_);
  if (input_factors_.empty()) return ops::matmul(x, weights);
  if (input_factors_.size() == 1) return ops::matmul(x * input_factors_[0], weights);
  Tensors parts;
  for (int64_t g = 0; g < gates_; ++g) {
    parts.push_back(ops::matmul(x * input_factors_[static_cast<size_t>(g)],
                                ops::slice_axis(weights, 1, g * units, units)));
  }
  return ops::concatenate(parts, -1);
}

Tensor BasicCell::project_state(const Tensor& h, int64_t first_gate, int64_t gates) const {
  const Tensor weights = value(recurrent_);
  if (state_factors_.empty()) {
    return ops::matmul(h, gates == gates_
                              ? weights
                              : ops::slice_axis(weights, 1, first_gate * units, gates * units));
  }
  Tensors parts;
  for (int64_t g = first_gate; g < first_gate + gates; ++g) {
    parts.push_back(ops::matmul(h * state_factors_[static_cast<size_t>(g)],
                                ops::slice_axis(weights, 1, g * units, units)));
  }
  return parts.size() == 1 ? parts[0] : ops::concatenate(parts, -1);
}

Tensor BasicCell::bias_of(int64_t row) const {
  if (!bias_) return {};
  const Tensor bias = value(bias_);
  if (bias.rank() == 1) return row == 0 ? bias : Tensor();
  return ops::squeeze(ops::slice_axis(bias, 0, row, 1), IntList{0});
}

std::optional<ops::Recurrence> BasicCell::run_fused(const Tensor& x, const Tensors& states,
                                                    const Tensor& mask, bool backwards,
                                                    bool training) {
  const DType dtype = x.dtype();
  const bool half = dtype == DType::kFloat16 || dtype == DType::kBFloat16;
  if (!can_fuse() || !state_factors_.empty() || input_factors_.size() > 1) return {};
  require_features(x);
  Tensor dropped = x;
  if (!input_factors_.empty()) dropped = x * ops::expand_dims(input_factors_[0], 1);
  Tensor projected = ops::matmul(dropped, value(kernel_));
  if (!half) return fused(projected, states, mask, backwards);
  // States would lose their digits step by step: they are float32 within the sequence.
  Tensors wide;
  for (const Tensor& state : states) wide.push_back(ops::cast(state, DType::kFloat32));
  ops::Recurrence result = fused(ops::cast(projected, DType::kFloat32), wide, mask, backwards);
  result.sequence = ops::cast(result.sequence, dtype);
  for (Tensor& state : result.last) state = ops::cast(state, dtype);
  return result;
}

namespace {

Tensor add_bias(const Tensor& x, const Tensor& bias) {
  return bias.defined() ? x + bias : x;
}

// The dtype in which a sequence runs.
Tensor as(const Tensor& x, DType dtype) {
  return x.defined() && x.dtype() != dtype ? ops::cast(x, dtype) : x;
}

}  // namespace

// ---- SimpleRNNCell

Tensors SimpleRNNCell::step(const Tensor& x, const Tensors& states) {
  const Tensor y =
      activation(add_bias(project_input(x), bias_of(0)) + project_state(states[0], 0, 1));
  return {y, y};
}

ops::Recurrence SimpleRNNCell::fused(const Tensor& projected, const Tensors& states,
                                     const Tensor& mask, bool backwards) {
  return ops::simple_rnn(projected, states[0], as(recurrent_->value(), projected.dtype()),
                         as(bias_of(0), projected.dtype()), mask, backwards);
}

// ---- LSTMCell

std::vector<Field> LSTMCell::settings() {
  std::vector<Field> all = BasicCell::settings();
  detail::append_fields(all, "recurrent_activation, unit_forget_bias",
                        std::tie(recurrent_activation, unit_forget_bias));
  return all;
}

bool LSTMCell::can_fuse() const {
  return BasicCell::can_fuse() && recurrent_activation.name() == "sigmoid";
}

Ref<Initializer> LSTMCell::initializer_of_bias() {
  return unit_forget_bias ? forget_bias_initializer(bias_initializer) : bias_initializer;
}

Tensors LSTMCell::step(const Tensor& x, const Tensors& states) {
  const Tensor z = add_bias(project_input(x) + project_state(states[0], 0, gates_), bias_of(0));
  const auto [h, c] = ops::lstm_step(z, states[1], activation, recurrent_activation);
  return {h, h, c};
}

ops::Recurrence LSTMCell::fused(const Tensor& projected, const Tensors& states, const Tensor& mask,
                                bool backwards) {
  return ops::lstm(projected, states[0], states[1], as(recurrent_->value(), projected.dtype()),
                   as(bias_of(0), projected.dtype()), mask, backwards);
}

// ---- GRUCell

std::vector<Field> GRUCell::settings() {
  std::vector<Field> all = BasicCell::settings();
  detail::append_fields(all, "recurrent_activation, reset_after",
                        std::tie(recurrent_activation, reset_after));
  return all;
}

bool GRUCell::can_fuse() const {
  return BasicCell::can_fuse() && recurrent_activation.name() == "sigmoid";
}

Shape GRUCell::bias_shape() const {
  return reset_after ? Shape{2, gates_ * units} : Shape{gates_ * units};
}

Tensors GRUCell::step(const Tensor& x, const Tensors& states) {
  const Tensor& h = states[0];
  const Tensors inputs = ops::split(add_bias(project_input(x), bias_of(0)), 3, -1);
  Tensor update, reset, candidate;
  if (reset_after) {
    const Tensors parts = ops::split(add_bias(project_state(h, 0, 3), bias_of(1)), 3, -1);
    update = recurrent_activation(inputs[0] + parts[0]);
    reset = recurrent_activation(inputs[1] + parts[1]);
    candidate = activation(inputs[2] + reset * parts[2]);
  } else {
    const Tensors parts = ops::split(project_state(h, 0, 2), 2, -1);
    update = recurrent_activation(inputs[0] + parts[0]);
    reset = recurrent_activation(inputs[1] + parts[1]);
    candidate = activation(inputs[2] + project_state(reset * h, 2, 1));
  }
  const Tensor y = update * h + (1.0 - update) * candidate;
  return {y, y};
}

ops::Recurrence GRUCell::fused(const Tensor& projected, const Tensors& states, const Tensor& mask,
                               bool backwards) {
  return ops::gru(projected, states[0], as(recurrent_->value(), projected.dtype()),
                  as(bias_of(0), projected.dtype()), as(bias_of(1), projected.dtype()), mask,
                  reset_after, backwards);
}

// ---- StackedRNNCells

void StackedRNNCells::validate() {
  Layer::validate();
  for (const auto& cell : cells) {
    as_cell(cell);
    add_sublayer(cell);
  }
}

std::vector<Shape> StackedRNNCells::state_shapes() {
  std::vector<Shape> all;
  for (const auto& cell : cells) {
    for (const Shape& shape : as_cell(cell).state_shapes()) all.push_back(shape);
  }
  return all;
}

size_t StackedRNNCells::output_state() {
  return state_shapes().size() - as_cell(cells.back()).state_shapes().size();
}

Tensors StackedRNNCells::initial_state(int64_t batch, DType dtype) {
  Tensors all;
  for (const auto& cell : cells) {
    for (Tensor& state : as_cell(cell).initial_state(batch, dtype)) all.push_back(std::move(state));
  }
  return all;
}

void StackedRNNCells::begin_sequence(const Tensor& step, const Tensors& states, bool training) {
  size_t at = 0;
  Tensor x = step;
  for (const auto& cell : cells) {
    RecurrentCell& own = as_cell(cell);
    const size_t count = own.state_shapes().size();
    const Tensors part(states.begin() + static_cast<int64_t>(at),
                       states.begin() + static_cast<int64_t>(at + count));
    own.begin_sequence(x, part, training);
    x = part.at(0);  // shaped as the output, which is the input of the next cell
    at += count;
  }
}

void StackedRNNCells::end_sequence() {
  for (const auto& cell : cells) as_cell(cell).end_sequence();
}

void StackedRNNCells::build(const std::vector<Shape>& input_shapes) {
  if (cells.empty()) value_error("expected at least one cell");
  Tensor x = Tensor::placeholder({compute_dtype(), input_shapes.at(0)});
  for (const auto& cell : cells) {
    cell->ensure_built({x.shape()});
    Tensors inputs{x};
    for (Tensor& state : as_cell(cell).initial_state(x.shape()[0], compute_dtype())) {
      inputs.push_back(Tensor::placeholder(state.spec()));
    }
    x = (*cell)(inputs)[0];
  }
}

Tensors StackedRNNCells::call(const Tensors& inputs, const CallContext& context) {
  Tensors outputs{inputs.at(0)};
  size_t at = 1;
  for (const auto& cell : cells) {
    const size_t count = as_cell(cell).state_shapes().size();
    if (inputs.size() < at + count) {
      value_error("expected the input of one step and ", state_shapes().size(),
                  " states, received ", inputs.size(), " tensors");
    }
    Tensors own{outputs[0]};
    own.insert(own.end(), inputs.begin() + static_cast<int64_t>(at),
               inputs.begin() + static_cast<int64_t>(at + count));
    Tensors result = (*cell)(own);
    outputs[0] = std::move(result[0]);
    outputs.insert(outputs.end(), result.begin() + 1, result.end());
    at += count;
  }
  return outputs;
}

}  // namespace nacre
