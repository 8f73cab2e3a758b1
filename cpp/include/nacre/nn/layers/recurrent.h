// Recurrent cells, and layers that run one over time.
#pragma once

#include "nacre/nn/field_types.h"
#include "nacre/nn/layer.h"
#include "nacre/nn/sequential.h"
#include "nacre/ops/rnn.h"

namespace nacre {

// What makes a layer a cell: called with {x, states...} of one step, it gives {output, states...}.
class RecurrentCell {
 public:
  virtual ~RecurrentCell() = default;
  // Shapes of the states, without the batch axis; known once the cell is built.
  virtual std::vector<Shape> state_shapes() = 0;
  // The index of the state that stands for the output of a masked step.
  virtual size_t output_state() { return 0; }
  virtual Tensors initial_state(int64_t batch, DType dtype);
  // Around the steps of one sequence: what is drawn once for all of them (dropout).
  virtual void begin_sequence(const Tensor& step, const Tensors& states, bool training) {}
  virtual void end_sequence() {}
};

// The cell that a layer is; TypeError for a layer that is none.
RecurrentCell& as_cell(const Ref<Layer>& layer);

// Weights, activations and dropout that the cells of the library share.
class BasicCell : public Layer, public RecurrentCell {
 public:
  int64_t units = 0;
  Activation activation{"tanh"};
  bool use_bias = true;
  Ref<Initializer> kernel_initializer =
      deserialize_as<Initializer>("initializers", "GlorotUniform");
  Ref<Initializer> recurrent_initializer =
      deserialize_as<Initializer>("initializers", "Orthogonal");
  Ref<Initializer> bias_initializer = deserialize_as<Initializer>("initializers", "Zeros");
  Ref<Regularizer> kernel_regularizer;
  Ref<Regularizer> recurrent_regularizer;
  Ref<Regularizer> bias_regularizer;
  Ref<Constraint> kernel_constraint;
  Ref<Constraint> recurrent_constraint;
  Ref<Constraint> bias_constraint;
  double dropout = 0;
  double recurrent_dropout = 0;
  std::optional<int64_t> seed;

  // The fields of the cell itself: what a layer made of it has too.
  virtual std::vector<Field> settings();
  std::vector<Field> fields() override;
  void validate() override;
  void set_policy(const DTypePolicy& policy) { policy_ = policy; }
  std::vector<Shape> state_shapes() override { return {{units}}; }
  void begin_sequence(const Tensor& step, const Tensors& states, bool training) override;
  void end_sequence() override;

  using Layer::build;
  void build(const std::vector<Shape>& input_shapes) override;
  Tensors call(const Tensors& inputs, const CallContext& context) final;

  // All steps by a fused kernel, where there is one for these settings; else nothing. x is of the
  // compute dtype, mask of bools or undefined.
  std::optional<ops::Recurrence> run_fused(const Tensor& x, const Tensors& states,
                                           const Tensor& mask, bool backwards, bool training);

 protected:
  explicit BasicCell(int64_t gates) : gates_(gates) {}
  virtual Tensors step(const Tensor& x, const Tensors& states) = 0;
  virtual bool can_fuse() const { return activation.name() == "tanh"; }
  virtual ops::Recurrence fused(const Tensor& projected, const Tensors& states, const Tensor& mask,
                                bool backwards) = 0;
  // The initializer and the shape of the bias.
  virtual Ref<Initializer> initializer_of_bias() { return bias_initializer; }
  virtual Shape bias_shape() const { return {gates_ * units}; }

  // x and h times the weights of all gates: what dropout leaves of them, each gate with its own
  // where the states are dropped too.
  void require_features(const Tensor& x) const;  // those the kernel was built for
  Tensor project_input(const Tensor& x) const;
  Tensor project_state(const Tensor& h, int64_t first_gate, int64_t gates) const;
  Tensor bias_of(int64_t row) const;  // undefined without one

  const int64_t gates_;
  VariableRef kernel_, recurrent_, bias_;

 private:
  Tensors draw(const Tensor& like, double rate) const;
  // Left by begin_sequence: one factor for all gates, or one each; empty: nothing is dropped.
  Tensors input_factors_, state_factors_;
  bool in_sequence_ = false;
  Ref<SeedGenerator> generator_;
};

class SimpleRNNCell final : public BasicCell {
 public:
  SimpleRNNCell() : BasicCell(1) {}
  std::string_view class_name() const override { return "SimpleRNNCell"; }

 protected:
  Tensors step(const Tensor& x, const Tensors& states) override;
  ops::Recurrence fused(const Tensor& projected, const Tensors& states, const Tensor& mask,
                        bool backwards) override;
};

class LSTMCell final : public BasicCell {
 public:
  Activation recurrent_activation{"sigmoid"};
  bool unit_forget_bias = true;

  LSTMCell() : BasicCell(4) {}
  std::string_view class_name() const override { return "LSTMCell"; }
  std::vector<Field> settings() override;
  std::vector<Shape> state_shapes() override { return {{units}, {units}}; }

 protected:
  Tensors step(const Tensor& x, const Tensors& states) override;
  bool can_fuse() const override;
  ops::Recurrence fused(const Tensor& projected, const Tensors& states, const Tensor& mask,
                        bool backwards) override;
  Ref<Initializer> initializer_of_bias() override;
};

class GRUCell final : public BasicCell {
 public:
  Activation recurrent_activation{"sigmoid"};
  bool reset_after = true;

  GRUCell() : BasicCell(3) {}
  std::string_view class_name() const override { return "GRUCell"; }
  std::vector<Field> settings() override;

 protected:
  Tensors step(const Tensor& x, const Tensors& states) override;
  bool can_fuse() const override;
  ops::Recurrence fused(const Tensor& projected, const Tensors& states, const Tensor& mask,
                        bool backwards) override;
  // With reset_after: a row for the input's part and one for the state's.
  Shape bias_shape() const override;
};

// Cells one on top of the other, as one cell.
class StackedRNNCells final : public Layer, public RecurrentCell {
 public:
  std::vector<Ref<Layer>> cells;

  NACRE_CONFIG(StackedRNNCells, Layer, cells)
  void validate() override;
  std::vector<Shape> state_shapes() override;
  size_t output_state() override;
  Tensors initial_state(int64_t batch, DType dtype) override;
  void begin_sequence(const Tensor& step, const Tensors& states, bool training) override;
  void end_sequence() override;
  using Layer::build;
  void build(const std::vector<Shape>& input_shapes) override;
  Tensors call(const Tensors& inputs, const CallContext& context) override;
};

// A cell run over axis 1 of its input.
class RecurrentLayer : public Layer {
 public:
  bool return_sequences = false;
  bool return_state = false;
  bool go_backwards = false;
  bool stateful = false;
  bool unroll = false;  // taken for Keras's sake: a recorded plan is unrolled or fused as it is
  bool zero_output_for_mask = false;

  std::vector<Field> fields() override;
  bool takes_mask() const override { return true; }
  Tensors compute_mask(const Tensors& inputs, const Tensors& masks) override;
  using Layer::build;
  void build(const std::vector<Shape>& input_shapes) override;
  Tensors call(const Tensors& inputs, const CallContext& context) override;
  void reset_state() override;
  const std::vector<VariableRef>& states() const { return states_; }
  const Ref<Layer>& cell() const { return cell_; }

 protected:
  bool passes_masks() const override { return true; }
  virtual int input_rank() const { return 0; }  // 0: any from 2 on
  void set_cell(Ref<Layer> cell);
  // Validates the cell made for this layer: errors name the layer.
  void validate_cell();

  Ref<Layer> cell_;

 private:
  Tensors starting_states(const Tensors& inputs);
  Tensor step_mask(const Tensor& x, const CallContext& context) const;
  ops::LoopResult run(const Tensor& x, const Tensors& states, const Tensor& mask, bool training);

  std::vector<VariableRef> states_;  // of a stateful layer
};

class RNN final : public RecurrentLayer {
 public:
  std::string_view class_name() const override { return "RNN"; }
  std::vector<Field> fields() override;
  void validate() override;
};

// SimpleRNN, LSTM and GRU: a cell of the library whose fields are the layer's own.
template <class Cell>
class CellLayer final : public RecurrentLayer {
 public:
  CellLayer();
  std::string_view class_name() const override;
  std::vector<Field> fields() override;
  void validate() override;

 protected:
  int input_rank() const override { return 3; }

 private:
  Cell& own() { return static_cast<Cell&>(*cell_); }
};

using SimpleRNN = CellLayer<SimpleRNNCell>;
using LSTM = CellLayer<LSTMCell>;
using GRU = CellLayer<GRUCell>;

}  // namespace nacre
