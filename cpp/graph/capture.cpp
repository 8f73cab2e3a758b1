#include <atomic>
#include <sstream>
#include <thread>

#include "nacre/graph/graph.h"
#include "nacre/graph/scope.h"
#include "ops/pointwise.h"

namespace nacre {
namespace {

LocationHook g_location_hook = nullptr;

}  // namespace

void set_location_hook(LocationHook hook) {
  g_location_hook = hook;
}

std::string caller_location() {
  return g_location_hook ? g_location_hook() : std::string();
}

std::string current_scope() {
  std::string path;
  for (const std::string_view name : active_scopes()) {
    if (!path.empty()) path += '/';
    path += name;
  }
  return path;
}

// What deferred tensors hold of the capture that may compute them.
class Capture::Deferred final : public Deferral {
 public:
  explicit Deferred(Capture* capture) : capture_(capture) {}
  void detach() { capture_ = nullptr; }
  void compute() override {
    Capture* capture = capture_;
    if (!capture || thread_ != std::this_thread::get_id()) {
      runtime_error(
          "a tensor made while a step was recorded has no value outside of it: return it from the "
          "step, or assign it to a Variable");
    }
    capture->fail("a value was read while the step was recorded");
    capture->compute();
  }

 private:
  std::atomic<Capture*> capture_;
  const std::thread::id thread_ = std::this_thread::get_id();
};

Capture::Capture(std::span<const Tensor> arguments) : deferral_(make_ref<Deferred>(this)) {
  for (const Tensor& argument : arguments) {
    add_value(argument, GraphValue::Kind::kArgument, graph_.num_arguments++);
  }
}

Capture::~Capture() {
  stop_deferring();
}

void Capture::stop_deferring() {
  if (deferral_) static_cast<Deferred&>(*deferral_).detach();
  deferral_ = nullptr;
}

void Capture::compute() {
  if (!deferral_) return;
  stop_deferring();
  const Tensors tensors = std::move(tensors_);
  for (const GraphNode& node : graph_.nodes) {
    Tensors inputs(node.inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (node.inputs[i] >= 0) inputs[i] = tensors[static_cast<size_t>(node.inputs[i])];
    }
    std::vector<TensorSpec> specs;
    for (const int output : node.outputs) specs.push_back(graph_.values[output].spec);
    const Tensors outputs = run_op(*node.op, inputs, node.attrs.get(), specs);
    for (size_t o = 0; o < outputs.size(); ++o) tensors[node.outputs[o]].resolve(outputs[o]);
  }
  for (const auto& [variable, value] : graph_.assignments) {
    graph_.variables[variable]->set_raw(tensors[value]);
  }
}

int Capture::add_value(const Tensor& tensor, GraphValue::Kind kind, int index) {
  const int value = static_cast<int>(graph_.values.size());
  graph_.values.push_back({tensor.spec(), kind, index});
  if (deferral_) tensors_.push_back(tensor);
  value_by_id_[tensor.id()] = value;
  scope_of_value_.push_back(-1);
  return value;
}

int Capture::value_of(const Tensor& tensor) {
  const auto found = value_by_id_.find(tensor.id());
  if (found != value_by_id_.end()) return found->second;
  graph_.constants.push_back(tensor);
  return add_value(tensor, GraphValue::Kind::kConstant,
                   static_cast<int>(graph_.constants.size()) - 1);
}

int Capture::variable_index(const Variable& variable) {
  const auto [at, inserted] =
      variable_by_id_.try_emplace(variable.id(), static_cast<int>(graph_.variables.size()));
  if (inserted) graph_.variables.emplace_back(const_cast<Variable*>(&variable));
  return at->second;
}

int Capture::scope_index() {
  if (in_backward_) return backward_scope_;
  const std::string path = current_scope();
  if (path.empty()) return -1;
  const auto [at, inserted] =
      scope_by_name_.try_emplace(path, static_cast<int>(graph_.scopes.size()));
  if (inserted) graph_.scopes.push_back(path);
  return at->second;
}

void Capture::begin_backward(const Tensor* output) {
  in_backward_ = output != nullptr;
  if (!output) return;
  const auto found = value_by_id_.find(output->id());
  backward_scope_ = found == value_by_id_.end() ? -1 : scope_of_value_[found->second];
}

void Capture::on_call(const OpCall& call) {
  if (!call.op) return;  // its inner ops are recorded themselves
  GraphNode node{call.op, call.attrs, {}, {}, scope_index(), in_backward_};
  for (const Tensor& input : call.inputs) {
    node.inputs.push_back(input.defined() ? value_of(input) : -1);
  }
  for (const Tensor& output : call.outputs) {
    node.outputs.push_back(add_value(output, GraphValue::Kind::kTemporary, -1));
    scope_of_value_.back() = node.scope;
  }
  graph_.nodes.push_back(std::move(node));
}

void Capture::on_read(const Variable& variable, const Tensor& value) {
  const int index = variable_index(variable);
  if (!value_by_id_.contains(value.id())) add_value(value, GraphValue::Kind::kVariable, index);
}

bool Capture::on_assign(const Variable& variable, const Tensor& value) {
  const int index = variable_index(variable);
  const int assigned = value_of(value);
  for (auto& assignment : graph_.assignments) {
    if (assignment.variable == index) {
      assignment.value = assigned;
      return static_cast<bool>(deferral_);
    }
  }
  graph_.assignments.push_back({index, assigned});
  return static_cast<bool>(deferral_);
}

Tensor Capture::assigned(const Variable& variable) const {
  if (!deferral_) return {};
  const auto found = variable_by_id_.find(variable.id());
  if (found == variable_by_id_.end()) return {};
  for (const auto& assignment : graph_.assignments) {
    if (assignment.variable == found->second) return tensors_[assignment.value];
  }
  return {};
}

void Capture::on_observe(const Tensor& value) {
  const auto found = value_by_id_.find(value.id());
  if (found == value_by_id_.end()) return;
  if (graph_.values[found->second].kind == GraphValue::Kind::kConstant) return;
  fail("a value was read while the step was recorded");
  compute();
}

void Capture::fail(std::string reason) {
  if (!failure_.empty()) return;
  const std::string where = caller_location();
  failure_ = std::move(reason);
  if (!where.empty()) failure_ += " (" + where + ")";
}

Graph Capture::finish(std::span<const Tensor> outputs) {
  for (const Tensor& output : outputs) {
    graph_.outputs.push_back(output.defined() ? value_of(output) : -1);
  }
  // Whoever reads a tensor of the step from here on is told that it is over.
  stop_deferring();
  tensors_.clear();
  return std::move(graph_);
}

std::string Graph::str() const {
  std::ostringstream out;
  const auto name = [&](int v) -> std::string {
    if (v < 0) return "-";
    switch (values[v].kind) {
      case GraphValue::Kind::kArgument:
        return "arg" + std::to_string(values[v].index);
      case GraphValue::Kind::kVariable:
        return variables[values[v].index]->path;
      case GraphValue::Kind::kConstant:
        return "const" + std::to_string(values[v].index);
      default:
        return "%" + std::to_string(v);
    }
  };
  for (const GraphNode& node : nodes) {
    for (size_t i = 0; i < node.outputs.size(); ++i)
      out << (i ? ", " : "") << name(node.outputs[i]);
    out << " = " << node.op->name;
    if (node.op == &pointwise_op()) {
      out << "[" << static_cast<const PointwiseAttrs&>(*node.attrs).text() << "]";
    }
    out << "(";
    for (size_t i = 0; i < node.inputs.size(); ++i) out << (i ? ", " : "") << name(node.inputs[i]);
    out << ")  # ";
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const TensorSpec& spec = values[node.outputs[i]].spec;
      out << (i ? ", " : "") << spec.dtype << spec.shape;
    }
    if (node.scope >= 0) out << "  " << scopes[node.scope];
    if (node.backward) out << "  backward";
    if (node.kept) out << "  kept";
    out << "\n";
  }
  for (const Assignment& a : assignments) {
    out << variables[a.variable]->path << " <- " << name(a.value) << "\n";
  }
  return out.str();
}

}  // namespace nacre
