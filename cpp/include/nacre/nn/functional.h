// Functional models: layers and ops applied to what Input() returns are noted, and the calls
// between some inputs and outputs are a model.
//
//   const Tensor x = Input({kUnknownDim, 784}, DType::kFloat32, "pixels");
//   const Tensor h = (*make_layer("Dense", {{"units", 64}}))(x);
//   Functional model({x}, {(*make_layer("Dense", {{"units", 10}}))(h) + 1.0});
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nacre/nn/layer.h"
#include "nacre/ops/opdef.h"

namespace nacre {

// One call of a layer on placeholders. What the call returned remembers the node, the node its
// inputs and its layer; the layer knows its nodes without holding them.
class CallNode final : public RefCounted {
 public:
  explicit CallNode(Ref<Layer> layer);
  ~CallNode() override;

  bool is_input() const { return inputs.empty(); }
  Tensors input_tensors() const;  // placeholders among inputs and masks
  Tensor output(size_t index) const;
  Tensors output_tensors() const;

  Ref<Layer> layer;
  int index = 0;   // among the calls of this layer
  Tensors inputs;  // in the order of the call; constants too, undefined where one is absent
  std::map<size_t, VariableRef> variables;  // inputs that are read anew in each call
  Tensors masks;                            // those given to the call
  std::optional<bool> training;
  // {"args": [...], "kwargs": {...}} as the caller wrote it, leaf(i) for inputs[i].
  Json arguments;
  std::vector<TensorSpec> outputs;
  Ref<RefCounted> native_arguments;  // the same as another language's object
  Ref<RefCounted> owner;             // the object in front of the layer, kept alive

  static Json leaf(size_t index);
  // The arguments as CallContext has them: null where the inputs are all.
  Json further_arguments() const;
};

// Where a placeholder comes from: the output of a node.
struct Origin final : TensorOrigin {
  Origin(Ref<CallNode> n, size_t i) : node(std::move(n)), index(i) {}
  Ref<CallNode> node;
  size_t index;
};
// Null for tensors that no noted call returned.
const Origin* origin_of(const Tensor& tensor);

// A placeholder for a model's input; the shape has the batch axis first.
Tensor Input(const Shape& batch_shape, DType dtype = floatx(), std::string name = {});

// Notes a call of a layer on placeholders: infers the outputs, which remember it.
Ref<CallNode> note_call(Layer& layer, const Tensors& inputs, std::optional<bool> training = {},
                        const Tensors& masks = {}, Json arguments = {},
                        Ref<RefCounted> native_arguments = {});
// The call of a layer that is being noted now on this thread; null outside of one.
const CallNode* noted_call(const Layer& layer);
// Called for each node: the object that keeps the layer's front end alive.
using NodeOwnerHook = Ref<RefCounted> (*)(const Layer& layer);
void set_node_owner_hook(NodeOwnerHook hook);

// An op applied to placeholders: a node of a model without weights.
class Operation final : public Layer {
 public:
  Operation(const OpDef& op, Ref<Attrs> attrs);
  std::string_view class_name() const override { return class_name_; }
  std::string_view module() const override { return "ops"; }
  std::vector<Field> fields() override;
  Tensors call(const Tensors& inputs, const CallContext& context) override;
  const OpDef& op() const { return *op_; }
  const Ref<Attrs>& attrs() const { return attrs_; }

 private:
  const OpDef* op_;
  Ref<Attrs> attrs_;
  std::string class_name_;
};

// A model drawn from its inputs to its outputs.
class Functional final : public Layer {
 public:
  Functional() = default;
  Functional(const Tensors& inputs, const Tensors& outputs, std::string name = {});

  std::string_view class_name() const override { return "Functional"; }
  std::string_view module() const override { return "models"; }
  std::vector<Field> fields() override;
  void validate() override;
  Tensors call(const Tensors& inputs, const CallContext& context) override;

  const Tensors& inputs() const { return inputs_; }
  const Tensors& outputs() const { return outputs_; }
  std::vector<std::string> input_names() const;
  std::vector<std::string> output_names() const;
  // All layers and operations, from the inputs on, in Keras's order.
  const std::vector<Ref<Layer>>& operations() const { return operations_; }
  // ValueError where there is none.
  Ref<Layer> get_layer(std::string_view name) const;
  // The calls of this model in an order in which they can run, each with its depth: the longest way
  // to an output.
  struct Step {
    Ref<CallNode> node;
    int depth;
    int64_t first_value;                 // where a run keeps the outputs
    std::vector<int64_t> inputs, masks;  // values of the call; -1 for constants
  };
  const std::vector<Step>& steps() const { return steps_; }
  bool contains(const CallNode& node) const;
  // How the caller nests inputs and outputs: lists and objects of leaf(i); null for a plain list,
  // or the only tensor.
  void set_structure(Json inputs, Json outputs);
  // The calls of an operation within this model, as a configuration writes them.
  Json inbound_nodes(const Layer& layer) const;
  // [layer, node, tensor] of an input or output of this model.
  Json history(const Tensor& tensor) const;

 private:
  void draw(Tensors inputs, Tensors outputs);
  Tensors standardized(const Tensors& inputs, const Tensors& masks) const;
  int node_index(const CallNode& node) const;
  Json keras_tensor(const Tensor& tensor) const;
  Json layers_config() const;
  Json histories(const Json& structure, const Tensors& tensors) const;

  Tensors inputs_, outputs_;
  std::vector<Step> steps_;
  std::vector<Ref<Layer>> operations_;
  std::vector<int64_t> input_slots_, output_slots_;
  size_t num_values_ = 0;
  Json input_structure_, output_structure_;
  Json layers_, input_layers_, output_layers_;  // of a configuration, until validate()
};

// The calls that a configuration describes, made again.
class GraphReader {
 public:
  using MakeLayer = std::function<Ref<Layer>(const Json& layer_config)>;
  // ValueError where calls are missing, or form a loop.
  GraphReader(const Json& layers, const MakeLayer& make);
  // The tensor that [layer, node, tensor] in input_layers or output_layers means.
  Tensor tensor(const Json& history) const;

 private:
  struct Entry {
    Ref<Layer> layer;
    std::vector<Ref<CallNode>> nodes;
  };
  // The output that a history names, nodes counted from `first`; none before the call is made.
  std::optional<Tensor> find(const Json& history, int first) const;
  bool call(Entry& entry, const Json& written);

  std::map<std::string, Entry, std::less<>> entries_;
};

// The operation that a configuration of class name and attributes describes.
Ref<Layer> make_operation(const Json& layer_config);

}  // namespace nacre
