// Ops applied to placeholders that remember where they come from (what Input() made) are noted by
// the layer above, which draws models of them.
#pragma once

#include <span>

#include "nacre/ops/opdef.h"

namespace nacre {

// Told of such a call; gives the outputs, placeholders without an origin, theirs.
using SymbolicHook = void (*)(const OpDef& op, const Ref<Attrs>& attrs,
                              std::span<const Tensor> inputs, Tensors& outputs);
void set_symbolic_hook(SymbolicHook hook);

// Whether a layer's call is being inferred on this thread: shapes taken from its placeholders, as
// in random::normal(x.shape(), ...), may have unknown sizes, and what is made of such a shape is a
// placeholder.
bool inferring_call();
class InferringScope {
 public:
  explicit InferringScope(bool inferring);
  ~InferringScope();
  InferringScope(const InferringScope&) = delete;
  InferringScope& operator=(const InferringScope&) = delete;

 private:
  bool outer_;
};

// The tensor, a placeholder as one that remembers nothing.
inline Tensor without_origin(const Tensor& t) {
  return t.defined() && t.is_placeholder() ? Tensor::placeholder(t.spec()) : t;
}

}  // namespace nacre
