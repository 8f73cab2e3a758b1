// The arguments of a call by name: tensors, their masks, flags and numbers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nacre/nn/layer.h"

namespace nacre {

class CallArguments {
 public:
  // names: of the parameters, in order.
  CallArguments(const Tensors& inputs, const CallContext& context,
                const std::vector<std::string>& names)
      : inputs_(inputs), context_(context), names_(names) {}

  // Undefined where it was not given.
  Tensor tensor(std::string_view name) const {
    const int at = position(name);
    return at < 0 ? Tensor() : inputs_[static_cast<size_t>(at)];
  }
  // The argument `<name>_mask`, else the mask that the tensor `name` carries.
  Tensor mask(const std::string& name) const {
    const Tensor given = tensor(name + "_mask");
    if (given.defined()) return given;
    const int at = position(name);
    return at < 0 ? Tensor() : context_.mask(static_cast<size_t>(at));
  }
  bool flag(std::string_view name) const {
    const Json* value = find(name);
    return value && value->is_bool() && value->as_bool();
  }

  int64_t integer(std::string_view name, int64_t otherwise) const {
    const Json* value = find(name);
    return value && value->is_number() ? value->as_int(name) : otherwise;
  }

 private:
  // What was given for a parameter, or null.
  const Json* find(std::string_view name) const {
    const Json& all = context_.arguments;
    if (!all.is_object()) return nullptr;
    if (const Json* kwargs = all.find("kwargs"); kwargs && kwargs->find(name)) {
      return kwargs->find(name);
    }
    const Json* args = all.find("args");
    for (size_t i = 0; args && i < names_.size() && i < args->size(); ++i) {
      if (names_[i] == name) return &args->at(i);
    }
    return nullptr;
  }
  // The index of a tensor among the inputs, or -1.
  int position(std::string_view name) const {
    if (!context_.arguments.is_object()) {
      for (size_t i = 0; i < names_.size() && i < inputs_.size(); ++i) {
        if (names_[i] == name) return static_cast<int>(i);
      }
      return -1;
    }
    const Json* value = find(name);
    if (!value || !value->is_object()) return -1;
    const Json* index = value->find("config");
    return index && index->is_int() ? static_cast<int>(index->as_int()) : -1;
  }

  const Tensors& inputs_;
  const CallContext& context_;
  const std::vector<std::string>& names_;
};

}  // namespace nacre
