// Values of plans that depend on variables and constants alone: computed when they are first
// needed and again when one of the variables has changed, and shared by all plans that need the
// same (one of each batch size, say).
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "nacre/graph/variable.h"
#include "nacre/ops/opdef.h"

namespace nacre {

class KeptValue {
 public:
  // One operand: a variable, a constant or another kept value, `offset` bytes on; none of them
  // where it is absent.
  struct Input {
    VariableRef variable;
    Tensor constant;
    std::shared_ptr<KeptValue> kept;
    size_t offset = 0;
    TensorSpec spec;
  };

  // The value of op(inputs), which has one result; an equal one that lives is taken.
  static std::shared_ptr<KeptValue> of(const OpDef& op, Ref<Attrs> attrs, std::vector<Input> inputs,
                                       TensorSpec spec);

  // The value for what the variables hold now. From any thread.
  Tensor get();

 private:
  KeptValue(const OpDef& op, Ref<Attrs> attrs, std::vector<Input> inputs, TensorSpec spec);
  bool equals(const KeptValue& other) const;
  bool is_current() const;
  void compute();

  const OpDef* op_;
  Ref<Attrs> attrs_;
  std::vector<Input> inputs_;
  TensorSpec spec_;
  std::vector<VariableRef> sources_;  // the variables it depends on

  std::mutex mutex_;
  Tensor value_;
  std::vector<uint64_t> versions_;  // of the sources when it was computed
};

}  // namespace nacre
