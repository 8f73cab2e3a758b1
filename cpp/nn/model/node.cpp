// Calls on placeholders: what Input() gives, and what layers and ops make of it.
#include <algorithm>

#include "nacre/nn/functional.h"
#include "nacre/nn/sequential.h"
#include "nacre/ops/symbolic.h"
#include "nn/model/operation.h"

namespace nacre {
namespace {

NodeOwnerHook g_owner_hook = nullptr;
thread_local const CallNode* g_noted = nullptr;

Tensors without_origins(const Tensors& tensors) {
  Tensors out;
  for (const Tensor& t : tensors) out.push_back(without_origin(t));
  return out;
}

void append_placeholders(Tensors& out, const Tensors& tensors) {
  for (const Tensor& t : tensors) {
    if (t.defined() && t.is_placeholder()) out.push_back(t);
  }
}

// (x,) of one tensor, ([x, y],) of several.
Json plain_arguments(size_t count) {
  Json leaves = Json::array();
  for (size_t i = 0; i < count; ++i) leaves.push_back(CallNode::leaf(i));
  Json args = Json::array();
  args.push_back(count == 1 ? leaves.at(0) : leaves);
  return Json::object({{"args", args}, {"kwargs", Json::object()}});
}

// One argument for each tensor parameter of the op; a list for its list.
Json arguments_of(const OpDef& op, const Attrs* attrs, size_t count) {
  Json args = Json::array();
  const auto fixed = static_cast<size_t>(op.num_tensor_params - (op.list_param >= 0 ? 1 : 0));
  size_t at = 0;
  for (const OpDef::Param& param : op.parameters) {
    if (param.kind == OpDef::Param::Kind::kTensorList) {
      Json list = Json::array();
      for (const size_t end = at + count - fixed; at < end; ++at)
        list.push_back(CallNode::leaf(at));
      args.push_back(list);
    } else if (param.kind == OpDef::Param::Kind::kTensor ||
               param.kind == OpDef::Param::Kind::kOptionalTensor) {
      args.push_back(at < count ? CallNode::leaf(at) : Json());
      ++at;
    }
  }
  if (is_getitem(op)) args.push_back(getitem_key(*attrs));
  return Json::object({{"args", args}, {"kwargs", Json::object()}});
}

void note_op(const OpDef& op, const Ref<Attrs>& attrs, std::span<const Tensor> inputs,
             Tensors& outputs) {
  const Ref<Operation> layer = make_ref<Operation>(op, attrs);
  layer->validate();
  const auto node = make_ref<CallNode>(layer);
  node->inputs.assign(inputs.begin(), inputs.end());
  node->arguments = arguments_of(op, attrs.get(), inputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    node->outputs.push_back(outputs[i].spec());
    outputs[i] = node->output(i);
  }
}

}  // namespace

CallNode::CallNode(Ref<Layer> called) : layer(std::move(called)) {
  index = layer->num_calls_noted_++;
  layer->inbound_nodes_.push_back(this);
}

CallNode::~CallNode() {
  std::erase(layer->inbound_nodes_, this);
}

Tensors CallNode::input_tensors() const {
  Tensors out;
  append_placeholders(out, inputs);
  append_placeholders(out, masks);
  return out;
}

Tensor CallNode::output(size_t i) const {
  Tensor t = Tensor::placeholder(outputs.at(i));
  t.set_origin(make_ref<Origin>(Ref<CallNode>(const_cast<CallNode*>(this)), i));
  return t;
}

Tensors CallNode::output_tensors() const {
  Tensors out;
  for (size_t i = 0; i < outputs.size(); ++i) out.push_back(output(i));
  return out;
}

Json CallNode::further_arguments() const {
  return arguments.at("args").size() > 1 || arguments.at("kwargs").size() > 0 ? arguments : Json();
}

Json CallNode::leaf(size_t i) {
  return Json::object({{"class_name", "__leaf__"}, {"config", static_cast<int64_t>(i)}});
}

const Origin* origin_of(const Tensor& tensor) {
  if (!tensor.defined() || !tensor.origin()) return nullptr;
  return dynamic_cast<const Origin*>(tensor.origin().get());
}

const CallNode* noted_call(const Layer& layer) {
  return g_noted && g_noted->layer.get() == &layer ? g_noted : nullptr;
}

void set_node_owner_hook(NodeOwnerHook hook) {
  g_owner_hook = hook;
}

Tensor Input(const Shape& batch_shape, DType dtype, std::string name) {
  const auto layer = make_ref<InputLayer>();
  layer->batch_shape = batch_shape;
  layer->input_dtype = dtype;
  layer->set_name(std::move(name));
  layer->validate();
  return layer->placeholder();
}

Tensor InputLayer::placeholder() {
  set_symbolic_hook(note_op);
  if (!inbound_nodes().empty()) return inbound_nodes()[0]->output(0);
  const auto node = make_ref<CallNode>(Ref<Layer>(this));
  node->outputs = {{input_dtype, batch_shape}};
  if (g_owner_hook) node->owner = g_owner_hook(*this);
  return node->output(0);
}

Ref<CallNode> note_call(Layer& layer, const Tensors& inputs, std::optional<bool> training,
                        const Tensors& masks, Json arguments, Ref<RefCounted> native_arguments) {
  const auto node = make_ref<CallNode>(Ref<Layer>(&layer));
  node->inputs = inputs;
  node->masks = masks;
  node->training = training;
  node->arguments = arguments.is_null() ? plain_arguments(inputs.size()) : std::move(arguments);
  node->native_arguments = std::move(native_arguments);
  if (g_owner_hook) node->owner = g_owner_hook(layer);
  const Tensors outputs = layer(without_origins(inputs), training, without_origins(masks),
                                node->further_arguments(), node.get());
  for (const Tensor& t : outputs) node->outputs.push_back(t.spec());
  return node;
}

}  // namespace nacre
