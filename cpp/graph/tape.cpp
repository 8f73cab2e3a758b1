#include "nacre/graph/tape.h"

#include "nacre/graph/graph.h"
#include "nacre/ops/ops.h"

namespace nacre {

void Tape::watch(const Tensor& tensor) {
  if (!is_floating(tensor.dtype())) {
    type_error("GradientTape.watch: expected a floating tensor, received dtype ", tensor.dtype());
  }
  if (tracked_.insert(tensor.id()).second) watched_.push_back(tensor);
}

void Tape::watch(const Variable& variable) {
  const Tensor value = variable.current();
  on_read(variable, value);
  if (tracked_.insert(value.id()).second) watched_.push_back(value);
}

void Tape::on_read(const Variable& variable, const Tensor& value) {
  if (!is_floating(value.dtype())) return;
  const bool first = variable_values_.insert_or_assign(variable.id(), value).second;
  if (!watch_variables_ || !variable.trainable) return;
  if (first) watched_variables_.push_back(&variable);
  if (tracked_.insert(value.id()).second) watched_.push_back(value);
}

bool Tape::on_assign(const Variable& variable, const Tensor& value) {
  if (variable_values_.contains(variable.id())) variable_values_[variable.id()] = value;
  return false;
}

Tensor Tape::value_of(const Variable& variable) const {
  const auto found = variable_values_.find(variable.id());
  return found == variable_values_.end() ? Tensor() : found->second;
}

void Tape::on_call(const OpCall& call) {
  if (call.op && !call.op->differentiable) return;
  std::vector<uint8_t> needs(call.inputs.size());
  bool any = false;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const Tensor& t = call.inputs[i];
    needs[i] = t.defined() && is_floating(t.dtype()) && tracked_.contains(t.id());
    any = any || needs[i];
  }
  if (!any) return;
  bool floating = false;
  for (const Tensor& out : call.outputs) {
    if (!is_floating(out.dtype())) continue;
    tracked_.insert(out.id());
    floating = true;
  }
  if (!floating) return;
  nodes_.push_back({call.op, call.attrs, Tensors(call.inputs.begin(), call.inputs.end()),
                    Tensors(call.outputs.begin(), call.outputs.end()), std::move(needs),
                    call.custom_backward});
}

void Tape::reset() {
  nodes_.clear();
  tracked_.clear();
  watched_.clear();
  variable_values_.clear();
  watched_variables_.clear();
  spent_ = false;
}

Tensors Tape::backward(const Node& node, const Tensors& grads) {
  if (!node.op) return node.custom_backward(grads);
  if (node.op->backward) {
    return node.op->backward({node.attrs.get(), node.inputs, node.outputs, grads, node.needs});
  }
  if (!node.op->composite) {
    raise(ErrorKind::kNotImplemented, "op '", node.op->name, "' has no gradient");
  }
  // A fused op: differentiate its definition.
  Tape inner(false, false);
  Tensors inputs;
  Tensors sources;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    inputs.push_back(node.needs[i] ? ops::identity(node.inputs[i]) : node.inputs[i]);
    if (node.needs[i]) {
      inner.watch(inputs.back());
      sources.push_back(inputs.back());
    }
  }
  Tensors outputs;
  {
    const RecorderScope scope(inner);
    outputs = node.op->composite(inputs, node.attrs.get());
  }
  Tensors targets;
  Tensors weights;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!grads[i].defined()) continue;
    targets.push_back(outputs[i]);
    weights.push_back(grads[i]);
  }
  const Tensors found = inner.gradient(targets, sources, weights);
  Tensors result(node.inputs.size());
  for (size_t i = 0, s = 0; i < result.size(); ++i) {
    if (node.needs[i]) result[i] = found[s++];
  }
  return result;
}

Tensors Tape::gradient(const Tensors& targets, const Tensors& sources,
                       const Tensors& output_grads) {
  if (spent_) {
    runtime_error(
        "GradientTape.gradient can be called once unless the tape is made with persistent=True");
  }
  spent_ = !persistent_;
  // A persistent tape that is still recording sees its own backward pass; one that is spent does
  // not.
  std::vector<Recorder*> active = active_recorders();
  if (!persistent_) std::erase(active_recorders(), this);
  struct Restore {
    std::vector<Recorder*>* saved;
    ~Restore() { active_recorders().swap(*saved); }
  } restore{&active};
  // Captures are told whose gradient is computed.
  struct Attribution {
    std::vector<Capture*> captures;
    void tell(const Tensor* output) const {
      for (Capture* capture : captures) capture->begin_backward(output);
    }
    ~Attribution() { tell(nullptr); }
  } attribution;
  for (Recorder* recorder : active_recorders()) {
    auto* capture = dynamic_cast<Capture*>(recorder);
    // Within a composite's gradient the outer one has said whose it is.
    if (capture && !capture->in_backward()) attribution.captures.push_back(capture);
  }
  std::unordered_map<uint64_t, Tensor> grads;
  const auto accumulate = [&](const Tensor& t, const Tensor& g) {
    auto [at, inserted] = grads.try_emplace(t.id(), g);
    if (!inserted) at->second = at->second + g;
  };
  for (size_t i = 0; i < targets.size(); ++i) {
    const Tensor& target = targets[i];
    if (!is_floating(target.dtype())) {
      type_error("gradient: expected floating targets, received dtype ", target.dtype());
    }
    if (!tracked_.contains(target.id())) continue;
    const bool given = i < output_grads.size() && output_grads[i].defined();
    if (given && !(output_grads[i].shape() == target.shape())) {
      value_error("gradient: expected output_gradients of shape ", target.shape(), ", received ",
                  output_grads[i].shape());
    }
    accumulate(target, given ? output_grads[i] : ops::ones_like(target));
  }
  std::unordered_set<uint64_t> wanted;
  for (const Tensor& source : sources) wanted.insert(source.id());

  for (size_t n = nodes_.size(); n-- > 0;) {
    // By value: a persistent tape that is still recording may grow while backward functions run.
    const Node node = persistent_ ? nodes_[n] : std::move(nodes_[n]);
    Tensors node_grads(node.outputs.size());
    bool flows = false;
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      const auto found = grads.find(node.outputs[o].id());
      if (found == grads.end()) continue;
      node_grads[o] = found->second;
      flows = true;
      if (!wanted.contains(node.outputs[o].id())) grads.erase(found);
    }
    if (!flows) continue;
    attribution.tell(node.outputs.data());
    const Tensors input_grads = backward(node, node_grads);
    for (size_t i = 0; i < node.inputs.size() && i < input_grads.size(); ++i) {
      if (node.needs[i] && input_grads[i].defined()) accumulate(node.inputs[i], input_grads[i]);
    }
  }
  Tensors result;
  result.reserve(sources.size());
  for (const Tensor& source : sources) {
    const auto found = grads.find(source.id());
    result.push_back(found == grads.end() ? Tensor() : found->second);
  }
  if (!persistent_) {
    nodes_.clear();
    watched_.clear();
  }
  return result;
}

Tensors with_custom_gradient(std::span<const Tensor> inputs, const std::function<Tensors()>& f,
                             std::function<Tensors(const Tensors& grads)> backward) {
  Tensors outputs;
  {
    const PauseGradients pause;
    outputs = f();
  }
  for (Tensor& out : outputs) {
    // A fresh identity, so that an input returned as it is has a gradient of its own.
    const PauseGradients pause;
    out = ops::identity(out);
  }
  const OpCall call{nullptr, nullptr, inputs, outputs, std::move(backward)};
  for (Recorder* recorder : active_recorders()) {
    if (recorder->is_gradient_tape()) recorder->on_call(call);
  }
  return outputs;
}

Tensors grad(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs) {
  Tape tape;
  Tensors watched;
  Tensor value;
  {
    for (const Tensor& t : inputs) {
      watched.push_back(ops::identity(t));
      tape.watch(watched.back());
    }
    const RecorderScope scope(tape);
    value = f(watched);
  }
  return tape.gradient({value}, watched);
}

}  // namespace nacre
