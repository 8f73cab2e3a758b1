// Recorders see every op that runs while they are active on the thread: gradient tapes and captures
// (graph/) are recorders.
#pragma once

#include <functional>
#include <span>

#include "nacre/ops/opdef.h"

namespace nacre {

class Variable;

struct OpCall {
  const OpDef* op;  // null for a call with a gradient of its own (custom_gradient)
  Ref<Attrs> attrs;
  std::span<const Tensor> inputs;
  std::span<const Tensor> outputs;
  // Gradients of the inputs from those of the outputs, for calls without an op.
  std::function<Tensors(const Tensors& grads)> custom_backward;
};

class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void on_call(const OpCall& call) = 0;
  virtual void on_read(const Variable& variable, const Tensor& value) {}
  // True: the recorder keeps the value for itself, and the variable and outer recorders stay as
  // they are.
  virtual bool on_assign(const Variable& variable, const Tensor& value) { return false; }
  // The value it keeps for a variable, undefined when none: what this thread reads meanwhile.
  virtual Tensor assigned(const Variable& variable) const { return {}; }
  // Not null: ops are not run, they are told on_call with outputs that this computes at need.
  virtual Ref<Deferral> deferral() const { return nullptr; }
  // A value left for the caller's own code (float(x), x.numpy()): a replay could not follow it.
  virtual void on_observe(const Tensor& value) {}
  virtual bool is_gradient_tape() const { return false; }
};

// The active recorders of this thread, innermost last.
std::vector<Recorder*>& active_recorders();

class RecorderScope {
 public:
  explicit RecorderScope(Recorder& recorder) { active_recorders().push_back(&recorder); }
  ~RecorderScope() { active_recorders().pop_back(); }
  RecorderScope(const RecorderScope&) = delete;
  RecorderScope& operator=(const RecorderScope&) = delete;
};

// Hides gradient tapes (not captures) while it lives: for stop_recording and custom gradients.
class PauseGradients {
 public:
  PauseGradients();
  ~PauseGradients();
  PauseGradients(const PauseGradients&) = delete;
  PauseGradients& operator=(const PauseGradients&) = delete;

 private:
  std::vector<Recorder*> saved_;
};

// Hides every recorder while it lives: for work that is no part of a step (initializers, printing).
class PauseRecording {
 public:
  PauseRecording() { saved_.swap(active_recorders()); }
  ~PauseRecording() { saved_.swap(active_recorders()); }
  PauseRecording(const PauseRecording&) = delete;
  PauseRecording& operator=(const PauseRecording&) = delete;

 private:
  std::vector<Recorder*> saved_;
};

// The op's outputs by its kernel, or as a view of its first input; unrecorded. `specs` are what
// op.infer gives.
Tensors run_op(const OpDef& op, std::span<const Tensor> inputs, const Attrs* attrs,
               const std::vector<TensorSpec>& specs);

// Told before a tensor's data is read by code outside the ops.
void observe(const Tensor& value);

}  // namespace nacre
