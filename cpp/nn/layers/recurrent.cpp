// Recurrent layers: RNN over any cell, SimpleRNN, LSTM, GRU.
#include "nacre/nn/layers/recurrent.h"

#include <type_traits>

#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"
#include "nacre/ops/shaping.h"
#include "nn/registry.h"

namespace nacre {

std::vector<Field> RecurrentLayer::fields() {
  std::vector<Field> all = Layer::fields();
  detail::append_fields(
      all, "return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask",
      std::tie(return_sequences, return_state, go_backwards, stateful, unroll,
               zero_output_for_mask));
  return all;
}

void RecurrentLayer::set_cell(Ref<Layer> cell) {
  as_cell(cell);
  if (cell_) remove_sublayer(cell_.get());
  cell_ = std::move(cell);
  add_sublayer(cell_);
}

void RecurrentLayer::validate_cell() {
  try {
    cell_->validate();
  } catch (const Error& error) {
    std::string text = error.what();
    const std::string from = str_cat(cell_->class_name(), ":");
    if (text.starts_with(from)) text = str_cat(class_name(), ":", text.substr(from.size()));
    throw Error(error.kind(), text);
  }
}

Tensors RecurrentLayer::compute_mask(const Tensors& inputs, const Tensors& masks) {
  return return_sequences && !masks.empty() ? Tensors{masks[0]} : Tensors();
}

void RecurrentLayer::build(const std::vector<Shape>& input_shapes) {
  const Shape& shape = input_shapes.at(0);
  if (input_rank() > 0 ? shape.rank() != input_rank() : shape.rank() < 2) {
    value_error("expected an input of shape (batch, steps, ",
                input_rank() == 3 || input_rank() == 0 ? "features" : "spatial axes, channels",
                "), received shape ", shape);
  }
  Shape step{shape[0]};
  for (int i = 2; i < shape.rank(); ++i) step.push_back(shape[i]);
  cell_->ensure_built({step});
}

void RecurrentLayer::reset_state() {
  for (const auto& state : states_) state->assign(ops::zeros(state->shape(), state->dtype()));
}

// The states given with the call, those kept from the last one, or the cell's own.
Tensors RecurrentLayer::starting_states(const Tensors& inputs) {
  RecurrentCell& cell = as_cell(cell_);
  const int64_t batch = inputs[0].shape()[0];
  const DType dtype = compute_dtype();
  if (stateful && states_.empty() && batch >= 0) {
    const PauseRecording pause;
    for (const Tensor& state : cell.initial_state(batch, policy().variable)) {
      auto variable = make_ref<Variable>(state, "rnn_state", false);
      variable->path = name() + "/rnn_state";
      states_.push_back(std::move(variable));
    }
  }
  if (stateful && batch >= 0 && states_[0]->shape()[0] != batch) {
    value_error("expected a batch of ", states_[0]->shape()[0],
                " samples, as the states of a stateful layer have, received shape ",
                inputs[0].shape());
  }
  if (inputs.size() == 1) {
    if (!stateful || batch < 0) return cell.initial_state(batch, dtype);
    Tensors states;
    for (const auto& state : states_) states.push_back(value(state));
    return states;
  }
  const Tensors expected = cell.initial_state(kUnknownDim, dtype);
  if (inputs.size() != 1 + expected.size()) {
    value_error("expected ", expected.size(), " initial states, received ", inputs.size() - 1);
  }
  Tensors states;
  for (size_t i = 0; i < expected.size(); ++i) {
    Shape shape = expected[i].shape();
    shape[0] = batch;
    const Tensor& state = inputs[i + 1];
    bool fits = state.rank() == shape.rank();
    for (int d = 0; fits && d < shape.rank(); ++d) {
      fits = shape[d] < 0 || state.shape()[d] < 0 || shape[d] == state.shape()[d];
    }
    if (!fits) {
      value_error("expected an initial state of shape ", shape, ", received ", state.shape(),
                  " (x: ", inputs[0].shape(), ")");
    }
    states.push_back(state.dtype() == dtype ? state : ops::cast(state, dtype));
  }
  return states;
}

// The mask of the steps, as bools, in the order of the input.
Tensor RecurrentLayer::step_mask(const Tensor& x, const CallContext& context) const {
  Tensor mask = context.mask();
  if (!mask.defined()) return {};
  if (mask.rank() == 3 && mask.shape()[2] == 1) mask = ops::squeeze(mask, IntList{2});
  bool fits = mask.rank() == 2;
  for (int i = 0; fits && i < 2; ++i) {
    fits = mask.shape()[i] < 0 || x.shape()[i] < 0 || mask.shape()[i] == x.shape()[i];
  }
  if (!fits) {
    value_error("expected a mask of shape ", Shape{x.shape()[0], x.shape()[1]}, ", received ",
                mask.shape(), " (x: ", x.shape(), ")");
  }
  return mask.dtype() == DType::kBool ? mask : ops::cast(mask, DType::kBool);
}

namespace {

// The specs that one step has, for all of them: nothing runs.
ops::LoopResult placeholders(const Tensor& x, const Tensors& states, Layer& cell) {
  Shape step{x.shape()[0]};
  for (int i = 2; i < x.rank(); ++i) step.push_back(x.shape()[i]);
  Tensors inputs{Tensor::placeholder({x.dtype(), step})};
  for (const Tensor& state : states) inputs.push_back(Tensor::placeholder(state.spec()));
  const Tensors outputs = cell(inputs);
  const TensorSpec& one = outputs.at(0).spec();
  Shape all{one.shape[0], x.shape()[1]};
  for (int i = 1; i < one.shape.rank(); ++i) all.push_back(one.shape[i]);
  ops::LoopResult result;
  result.sequence = Tensor::placeholder({one.dtype, all});
  result.last_output = outputs[0];
  result.states.assign(outputs.begin() + 1, outputs.end());
  return result;
}

}  // namespace

ops::LoopResult RecurrentLayer::run(const Tensor& x, const Tensors& states, const Tensor& mask,
                                    bool training) {
  RecurrentCell& cell = as_cell(cell_);
  Shape step{x.shape()[0]};
  for (int i = 2; i < x.rank(); ++i) step.push_back(x.shape()[i]);
  if (x.is_placeholder()) return placeholders(x, states, *cell_);
  // Dropout draws its factors for inputs of one step; only the shape of this one counts.
  struct End {
    RecurrentCell& cell;
    ~End() { cell.end_sequence(); }
  } end{cell};
  cell.begin_sequence(training ? ops::zeros(step, x.dtype()) : x, states, training);
  if (auto* basic = dynamic_cast<BasicCell*>(cell_.get())) {
    if (auto fused = basic->run_fused(x, states, mask, go_backwards, training)) {
      ops::LoopResult result;
      result.sequence = fused->sequence;
      result.last_output = fused->last[0];
      result.states = fused->last;
      if (mask.defined() && zero_output_for_mask) {
        const Tensor ordered = go_backwards ? ops::flip(mask, IntList{1}) : mask;
        const Tensor last = ops::slice_axis(ordered, 1, mask.shape()[1] - 1, 1);
        result.sequence = ops::where(ops::expand_dims(ordered, -1), result.sequence,
                                     ops::zeros_like(result.sequence));
        result.last_output =
            ops::where(last, result.last_output, ops::zeros_like(result.last_output));
      }
      return result;
    }
  }
  ops::LoopOptions options;
  options.mask = mask;
  options.backwards = go_backwards;
  options.zero_output = zero_output_for_mask;
  options.output_state = cell.output_state();
  return ops::run_steps(x, states, options, [&](const Tensor& now, const Tensors& before) {
    Tensors inputs{now};
    inputs.insert(inputs.end(), before.begin(), before.end());
    Tensors outputs = (*cell_)(inputs);
    if (outputs.size() != inputs.size()) {
      value_error("expected ", before.size(), " new states of ", cell_->class_name(), " '",
                  cell_->name(), "', received ", outputs.size() - 1);
    }
    return outputs;
  });
}

Tensors RecurrentLayer::call(const Tensors& inputs, const CallContext& context) {
  const Tensor& x = inputs.at(0);
  if (input_rank() > 0 ? x.rank() != input_rank() : x.rank() < 2) {
    value_error("expected an input of rank ", input_rank() > 0 ? input_rank() : 3,
                ", received shape ", x.shape());
  }
  if (x.shape()[1] == 0) value_error("expected at least one step, received shape ", x.shape());
  if (unroll && x.shape()[1] < 0) {
    value_error("expected a known number of steps with unroll=True, received shape ", x.shape());
  }
  const Tensors states = starting_states(inputs);
  ops::LoopResult result = run(x, states, step_mask(x, context), context.training);
  if (stateful && !x.is_placeholder()) {
    for (size_t i = 0; i < states_.size(); ++i) {
      states_[i]->assign(ops::stop_gradient(result.states[i]));
    }
  }
  Tensors outputs{return_sequences ? result.sequence : result.last_output};
  if (return_state) {
    outputs.insert(outputs.end(), result.states.begin(), result.states.end());
  }
  return outputs;
}

std::vector<Field> RNN::fields() {
  std::vector<Field> all = RecurrentLayer::fields();
  all.push_back({"cell",
                 [this](const Json& json) {
                   if (json.is_array()) {  // cells to stack
                     const auto stack = make_ref<StackedRNNCells>();
                     stack->configure(Json::object({{"cells", json}}));
                     cell_ = stack;
                   } else {
                     read_field(cell_, json, "cell");
                   }
                 },
                 [this] { return write_field(cell_); }});
  return all;
}

void RNN::validate() {
  RecurrentLayer::validate();
  if (cell_) set_cell(cell_);
}

template <class Cell>
CellLayer<Cell>::CellLayer() {
  cell_ = make_ref<Cell>();
}

template <class Cell>
std::string_view CellLayer<Cell>::class_name() const {
  if (std::is_same_v<Cell, LSTMCell>) return "LSTM";
  return std::is_same_v<Cell, GRUCell> ? "GRU" : "SimpleRNN";
}

template <class Cell>
std::vector<Field> CellLayer<Cell>::fields() {
  std::vector<Field> all = RecurrentLayer::fields();
  for (Field& field : static_cast<Cell&>(*cell_).settings()) all.push_back(std::move(field));
  return all;
}

template <class Cell>
void CellLayer<Cell>::validate() {
  RecurrentLayer::validate();
  Cell& cell = own();
  cell.set_name(to_snake_case(cell.class_name()));
  cell.set_policy(policy());
  if (!trainable()) cell.set_trainable(false);
  validate_cell();
  set_cell(cell_);
}

void register_recurrent_layers() {
  ClassRegistry& layers = ClassRegistry::of(Layer::kModule);
  layers.add("SimpleRNNCell", make_configurable<SimpleRNNCell>);
  layers.add("LSTMCell", make_configurable<LSTMCell>);
  layers.add("GRUCell", make_configurable<GRUCell>);
  register_class<StackedRNNCells>();
  register_class<RNN>();
  register_class<SimpleRNN>();
  register_class<LSTM>();
  register_class<GRU>();
}

}  // namespace nacre
