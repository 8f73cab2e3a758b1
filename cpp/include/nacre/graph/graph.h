// Graph: a recorded step as data. Capture records one; passes turn graphs into graphs; Plan runs
// one.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "nacre/graph/variable.h"
#include "nacre/ops/recorder.h"

namespace nacre {

struct GraphValue {
  enum class Kind : uint8_t { kTemporary, kArgument, kVariable, kConstant };
  TensorSpec spec;
  Kind kind = Kind::kTemporary;
  int index = -1;  // into the arguments, variables or constants
};

struct GraphNode {
  const OpDef* op = nullptr;
  Ref<Attrs> attrs;
  std::vector<int> inputs;  // values; -1: absent
  std::vector<int> outputs;
  int scope = -1;         // into Graph::scopes: the layer or optimizer that ran the op
  bool backward = false;  // part of a gradient
  bool kept = false;      // its result is kept between runs (KeptValue)
};

struct Graph {
  std::vector<GraphValue> values;
  std::vector<GraphNode> nodes;  // in an order that respects the data flow
  std::vector<VariableRef> variables;
  Tensors constants;
  int num_arguments = 0;
  std::vector<int> outputs;
  struct Assignment {
    int variable;
    int value;
  };
  std::vector<Assignment> assignments;  // at most one a variable: its value after the step
  std::vector<std::string> scopes;      // "sequential/dense", ...

  std::string str() const;  // one line a node, for people
};

// Records everything that would run on this thread while its scope is active: no kernel runs and no
// variable changes, unless a value is asked for. Then all that was recorded is run, and the rest of
// the step runs op by op.
class Capture final : public Recorder {
 public:
  explicit Capture(std::span<const Tensor> arguments);
  ~Capture() override;

  // The recorded step, returning `outputs`. Tensors made while recording have no data any more.
  Graph finish(std::span<const Tensor> outputs);
  // Why the step cannot be replayed; empty when it can.
  const std::string& failure() const { return failure_; }
  void fail(std::string reason);
  // Runs what was recorded, and makes its assignments; once.
  void compute();
  // What runs from here on is the gradient of the op that gave `output`; null: no longer.
  void begin_backward(const Tensor* output);
  bool in_backward() const { return in_backward_; }

  void on_call(const OpCall& call) override;
  void on_read(const Variable& variable, const Tensor& value) override;
  bool on_assign(const Variable& variable, const Tensor& value) override;
  void on_observe(const Tensor& value) override;
  Tensor assigned(const Variable& variable) const override;
  Ref<Deferral> deferral() const override { return deferral_; }

 private:
  class Deferred;
  void stop_deferring();
  int value_of(const Tensor& tensor);  // adds a constant for a tensor not seen before
  int add_value(const Tensor& tensor, GraphValue::Kind kind, int index);
  int variable_index(const Variable& variable);
  int scope_index();

  Graph graph_;
  Ref<Deferral> deferral_;  // null once ops run
  Tensors tensors_;         // of each value
  std::unordered_map<uint64_t, int> value_by_id_;
  std::unordered_map<uint64_t, int> variable_by_id_;
  std::unordered_map<std::string, int> scope_by_name_;
  std::vector<int> scope_of_value_;
  int backward_scope_ = -1;
  bool in_backward_ = false;
  std::string failure_;
};

// Where the caller's own code is, for messages ("train.py:12"); set by the bindings.
using LocationHook = std::string (*)();
void set_location_hook(LocationHook hook);
std::string caller_location();

// All passes in order (graph/passes/). NACRE_PASSES=-name,... turns some off, none all.
Graph optimize(Graph graph);

}  // namespace nacre
