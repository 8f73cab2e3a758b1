// Reverse-mode differentiation: a tape records the ops that depend on what it watches and replays
// their backward functions. Backward functions are made of ops, so tapes nest to any order.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "nacre/graph/variable.h"
#include "nacre/ops/recorder.h"

namespace nacre {

class Tape final : public Recorder {
 public:
  explicit Tape(bool persistent = false, bool watch_variables = true)
      : persistent_(persistent), watch_variables_(watch_variables) {}

  // Makes gradients with respect to a tensor available; floating dtypes only.
  void watch(const Tensor& tensor);
  void watch(const Variable& variable);

  // d sum(targets) / d source for each source; undefined where none depends on it. output_grads
  // weigh the targets (ones when empty). A tape that is not persistent is spent after one call.
  Tensors gradient(const Tensors& targets, const Tensors& sources,
                   const Tensors& output_grads = {});
  // The last value the variable was read as while recording; undefined if it was not.
  Tensor value_of(const Variable& variable) const;

  void reset();
  bool spent() const { return spent_; }
  std::vector<const Variable*> watched_variables() const { return watched_variables_; }

  void on_call(const OpCall& call) override;
  void on_read(const Variable& variable, const Tensor& value) override;
  bool on_assign(const Variable& variable, const Tensor& value) override;
  bool is_gradient_tape() const override { return true; }

 private:
  struct Node {
    const OpDef* op;
    Ref<Attrs> attrs;
    Tensors inputs;
    Tensors outputs;
    std::vector<uint8_t> needs;
    std::function<Tensors(const Tensors&)> custom_backward;
  };

  Tensors backward(const Node& node, const Tensors& grads);

  bool persistent_;
  bool watch_variables_;
  bool spent_ = false;
  std::vector<Node> nodes_;
  std::unordered_set<uint64_t> tracked_;  // ids of tensors that depend on what is watched
  Tensors watched_;                       // kept alive
  std::unordered_map<uint64_t, Tensor> variable_values_;
  std::vector<const Variable*> watched_variables_;
};

// Runs f(x...) so that its gradient is `backward(grads)`: recorded by tapes as one call.
Tensors with_custom_gradient(std::span<const Tensor> inputs, const std::function<Tensors()>& f,
                             std::function<Tensors(const Tensors& grads)> backward);

// Gradients of sum(f(inputs)) in one call.
Tensors grad(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs);

}  // namespace nacre
