// OpDef: the one definition of an op. Bindings, stubs, documentation, capture, plans and the test
// tables read it; nothing about an op is written anywhere else.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nacre/ops/attrs.h"
#include "nacre/tensor/tensor.h"

namespace nacre {

// An operand or result as a kernel sees it. data is null for an optional input that is absent.
struct Buffer {
  void* data = nullptr;
  const TensorSpec* spec = nullptr;

  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
  const Shape& shape() const { return spec->shape; }
  DType dtype() const { return spec->dtype; }
  int64_t size() const { return spec->shape.size(); }
  explicit operator bool() const { return spec != nullptr; }
};

struct KernelContext {
  const Attrs* attrs;
  std::span<const Buffer> in;
  std::span<const Buffer> out;
  void* workspace;  // OpDef::workspace bytes, uninitialized, 64-byte aligned

  template <class A>
  const A& attrs_as() const {
    return static_cast<const A&>(*attrs);
  }
};

struct InferContext {
  const Attrs* attrs;
  std::span<const Tensor> inputs;  // undefined where an optional input is absent
  std::string_view op;             // for messages

  template <class A>
  const A& attrs_as() const {
    return static_cast<const A&>(*attrs);
  }
  const Shape& shape(size_t i) const { return inputs[i].shape(); }
  DType dtype(size_t i) const { return inputs[i].dtype(); }
  bool has(size_t i) const { return i < inputs.size() && inputs[i].defined(); }
};

struct BackwardContext {
  const Attrs* attrs;
  std::span<const Tensor> inputs;
  std::span<const Tensor> outputs;
  std::span<const Tensor> grads;   // one an output; undefined where nothing flows
  std::span<const uint8_t> needs;  // needs[i]: the gradient of input i is wanted

  template <class A>
  const A& attrs_as() const {
    return static_cast<const A&>(*attrs);
  }
};

// How inputs are brought to a common dtype before the op runs (casts are recorded as ops).
enum class Promote : uint8_t {
  kNone,         // as they come; weak scalars keep their own dtype
  kCommon,       // all tensor inputs to their promoted dtype
  kCommonFloat,  // the same, and integers to floatx
};

using InferFn = std::function<std::vector<TensorSpec>(const InferContext&)>;
using KernelFn = std::function<void(const KernelContext&)>;
using BackwardFn = std::function<Tensors(const BackwardContext&)>;
using CompositeFn = std::function<Tensors(std::span<const Tensor> inputs, const Attrs* attrs)>;
// Bytes from the input's start at which the output's data begins, when it may share storage with
// input 0; negative when it must be copied.
using ViewFn =
    std::function<int64_t(const Attrs*, const TensorSpec& input, const TensorSpec& output)>;
using WorkspaceFn =
    std::function<size_t(const Attrs*, std::span<const Buffer> in, std::span<const Buffer> out)>;
using FlopsFn =
    std::function<double(const Attrs*, std::span<const Buffer> in, std::span<const Buffer> out)>;

// Weights that an op's kernel brings into a layout of its own at each call, unless it is given them
// in it: what a plan keeps between calls (graph/passes/layout.cpp).
struct Packing {
  int weights = -1;  // the input; -1: the op has none
  int packed = -1;   // the optional input that takes them packed: floats in one dimension
  // The number of floats, 0 where this call reads the weights where they are, and what tells the
  // layouts of the same weights apart. The data of the buffers is not read.
  struct Layout {
    int64_t floats = 0;
    uint64_t id = 0;
  };
  std::function<Layout(const Attrs*, std::span<const Buffer> in, std::span<const Buffer> out)>
      layout;
  // Reads the data of the weights only.
  std::function<void(const Attrs*, std::span<const Buffer> in, std::span<const Buffer> out,
                     float* packed)>
      pack;
};

struct OpDef {
  std::string name;  // "softmax", "random.normal": keras.ops.<name>, or keras.<a.b> when dotted
  // Parameters in order, each a tensor or a field of the attributes: "x", "bias?" (optional
  // tensor),
  // "*xs" (list of tensors, at most one), "axis" (attribute), "num_classes!" (attribute without a
  // default).
  std::string params;
  std::string doc;  // public docstring
  Ref<Attrs> (*make_attrs)() = nullptr;
  Promote promote = Promote::kNone;
  InferFn infer;          // primitives
  KernelFn kernel;        // primitives; absent: the composite runs
  BackwardFn backward;    // written with ops; absent with a composite: derived from it
  CompositeFn composite;  // definition in terms of other ops; the oracle where there is a kernel
  ViewFn view;            // the result may share storage with input 0
  WorkspaceFn workspace;
  FlopsFn flops;
  Packing packing;
  // elementwise: out[0] may be written over an input of the same dtype and shape.
  bool elementwise = false;
  // in_place[o]: the input whose storage output o may overwrite (optimizer updates).
  std::vector<int> in_place;
  bool differentiable = true;  // false: gradients stop here
  bool internal = false;       // not part of the public Python namespaces
  bool list_output = false;    // Python gets a list, even of one (split); else several are a tuple
  bool variadic = false;       // the list takes all further positional arguments (einsum)

  // Filled by the registry from params.
  struct Param {
    std::string name;
    enum class Kind : uint8_t { kTensor, kOptionalTensor, kTensorList, kAttr, kRequiredAttr } kind;
    int index;  // tensor position (lists: the first), or field of the attributes
  };
  std::vector<Param> parameters;
  int num_tensor_params = 0;
  int list_param = -1;  // index in `parameters` of the *list, or -1
};

template <class A>
Ref<Attrs> make_attrs_of() {
  return make_ref<A>();
}

// Every op by name. Filled once, on first use.
const OpDef& find_op(std::string_view name);  // KeyError with a suggestion
const std::vector<const OpDef*>& all_ops();   // in order of registration

class OpRegistry {
 public:
  void add(OpDef def);
};

// Runs an op: promotes inputs, infers, executes its kernel (or composite, or only infers when an
// input is a placeholder) and tells the active recorders. `inputs` are the tensor parameters in
// order, undefined where an optional one is absent.
Tensors apply(const OpDef& op, std::span<const Tensor> inputs, Ref<Attrs> attrs = nullptr);
Tensor apply_one(const OpDef& op, std::span<const Tensor> inputs, Ref<Attrs> attrs = nullptr);
inline Tensor apply_one(const OpDef& op, std::initializer_list<Tensor> inputs,
                        Ref<Attrs> attrs = nullptr) {
  return apply_one(op, std::span<const Tensor>(inputs.begin(), inputs.size()), std::move(attrs));
}
inline Tensors apply(const OpDef& op, std::initializer_list<Tensor> inputs,
                     Ref<Attrs> attrs = nullptr) {
  return apply(op, std::span<const Tensor>(inputs.begin(), inputs.size()), std::move(attrs));
}

}  // namespace nacre
