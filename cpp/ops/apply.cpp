// Running an op eagerly: the only way a tensor comes out of one.
#include <array>
#include <atomic>

#include "nacre/ops/kernel_hook.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"
#include "nacre/ops/symbolic.h"
#include "ops/promote.h"

namespace nacre {
namespace {

constexpr size_t kInlineOperands = 8;
std::atomic<KernelHook> g_kernel_hook{nullptr};

Tensor run_view(const OpDef& op, const Tensor& input, const TensorSpec& spec, const Attrs* attrs) {
  const int64_t offset = op.view(attrs, input.spec(), spec);
  if (offset < 0) return {};
  return Tensor(spec, input.storage(), input.byte_offset() + static_cast<size_t>(offset));
}

}  // namespace

Tensors run_op(const OpDef& op, std::span<const Tensor> inputs, const Attrs* attrs,
               const std::vector<TensorSpec>& specs) {
  Tensors outputs;
  outputs.reserve(specs.size());
  if (op.view) {
    Tensor shared = run_view(op, inputs[0], specs[0], attrs);
    if (shared.defined()) {
      outputs.push_back(std::move(shared));
      return outputs;
    }
  }
  std::array<Buffer, kInlineOperands> inline_in;
  std::vector<Buffer> heap_in;
  Buffer* in = inline_in.data();
  if (inputs.size() > kInlineOperands) {
    heap_in.resize(inputs.size());
    in = heap_in.data();
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].defined()) in[i] = {const_cast<void*>(inputs[i].data()), &inputs[i].spec()};
  }
  std::array<Buffer, kInlineOperands> inline_out;
  std::vector<Buffer> heap_out;
  Buffer* out = inline_out.data();
  if (specs.size() > kInlineOperands) {
    heap_out.resize(specs.size());
    out = heap_out.data();
  }
  for (size_t i = 0; i < specs.size(); ++i) {
    outputs.emplace_back(specs[i]);
    out[i] = {outputs[i].mutable_data(), &outputs[i].spec()};
  }
  KernelContext context{attrs, {in, inputs.size()}, {out, specs.size()}, nullptr};
  Ref<Storage> workspace;
  if (op.workspace) {
    const size_t bytes = op.workspace(attrs, context.in, context.out);
    if (bytes) {
      workspace = make_ref<Storage>(bytes);
      context.workspace = workspace->data();
    }
  }
  if (const KernelHook hook = g_kernel_hook.load(std::memory_order_acquire)) {
    hook(op, context);
  } else {
    op.kernel(context);
  }
  return outputs;
}

namespace {

std::atomic<SymbolicHook> g_symbolic_hook{nullptr};
thread_local bool g_inferring = false;

// One node for the op as it was called, whatever ops it is made of.
Tensors apply_symbolic(const OpDef& op, std::span<const Tensor> inputs, const Ref<Attrs>& attrs) {
  Tensors plain;
  for (const Tensor& t : inputs) plain.push_back(without_origin(t));
  Tensors outputs = apply(op, plain, attrs);
  if (const SymbolicHook hook = g_symbolic_hook) hook(op, attrs, inputs, outputs);
  return outputs;
}

}  // namespace

void set_kernel_hook(KernelHook hook) {
  g_kernel_hook.store(hook, std::memory_order_release);
}

void set_symbolic_hook(SymbolicHook hook) {
  g_symbolic_hook = hook;
}

bool inferring_call() {
  return g_inferring;
}

InferringScope::InferringScope(bool inferring) : outer_(g_inferring) {
  g_inferring = outer_ || inferring;
}

InferringScope::~InferringScope() {
  g_inferring = outer_;
}

std::vector<Recorder*>& active_recorders() {
  thread_local std::vector<Recorder*> recorders;
  return recorders;
}

PauseGradients::PauseGradients() : saved_(active_recorders()) {
  std::erase_if(active_recorders(), [](Recorder* r) { return r->is_gradient_tape(); });
}

PauseGradients::~PauseGradients() {
  active_recorders() = std::move(saved_);
}

void observe(const Tensor& value) {
  for (Recorder* recorder : active_recorders()) recorder->on_observe(value);
}

Tensors apply(const OpDef& op, std::span<const Tensor> inputs, Ref<Attrs> attrs) {
  for (const Tensor& t : inputs) {
    if (t.defined() && t.origin()) return apply_symbolic(op, inputs, attrs);
  }
  Tensors promoted;
  if (op.promote != Promote::kNone) {
    const DType dtype = common_dtype(inputs, op.promote);
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Tensor& t = inputs[i];
      if (!t.defined() || (t.dtype() == dtype && !t.is_weak())) continue;
      if (promoted.empty()) promoted.assign(inputs.begin(), inputs.end());
      promoted[i] = to_dtype(t, dtype);
    }
    if (!promoted.empty()) inputs = promoted;
  } else if (op.infer) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Tensor& t = inputs[i];
      // Scalars carry their value in the widest type; alone they become the default one.
      if (!t.defined() || !t.is_weak() || t.dtype() == weak_default(t.dtype())) continue;
      if (promoted.empty()) promoted.assign(inputs.begin(), inputs.end());
      promoted[i] = to_dtype(t, weak_default(t.dtype()));
    }
    if (!promoted.empty()) inputs = promoted;
  }
  if (!op.kernel && !op.view) return op.composite(inputs, attrs.get());

  const std::vector<TensorSpec> specs = op.infer({attrs.get(), inputs, op.name});
  bool symbolic = false;
  for (const Tensor& t : inputs) symbolic = symbolic || (t.defined() && t.is_placeholder());
  if (g_inferring) {
    for (const TensorSpec& spec : specs) symbolic = symbolic || !spec.shape.is_known();
  }
  if (symbolic) {
    Tensors outputs;
    for (const TensorSpec& spec : specs) outputs.push_back(Tensor::placeholder(spec));
    return outputs;
  }
  const auto& recorders = active_recorders();
  if (recorders.empty()) return run_op(op, inputs, attrs.get(), specs);
  Ref<Deferral> deferral;
  for (const Recorder* recorder : recorders) {
    if (!deferral) deferral = recorder->deferral();
  }
  Tensors outputs;
  if (deferral) {
    for (const TensorSpec& spec : specs) outputs.emplace_back(spec, deferral);
  } else {
    outputs = run_op(op, inputs, attrs.get(), specs);
  }
  const OpCall call{&op, attrs, inputs, outputs, nullptr};
  for (Recorder* recorder : recorders) recorder->on_call(call);
  return outputs;
}

Tensor apply_one(const OpDef& op, std::span<const Tensor> inputs, Ref<Attrs> attrs) {
  return std::move(apply(op, inputs, std::move(attrs))[0]);
}

}  // namespace nacre
