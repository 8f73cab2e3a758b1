#include "nacre/nn/layer.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <mutex>

#include "nacre/graph/plan.h"
#include "nacre/graph/scope.h"
#include "nacre/nn/functional.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"
#include "nacre/ops/symbolic.h"

namespace nacre {
namespace {

// The layers whose calls are running on this thread, outermost first.
struct Frame {
  const Layer* layer;
  CallContext context;
};
thread_local std::vector<Frame> g_frames;

class FrameScope {
 public:
  FrameScope(const Layer* layer, CallContext context) : names_(layer->name()) {
    g_frames.push_back({layer, std::move(context)});
  }
  ~FrameScope() { g_frames.pop_back(); }
  FrameScope(const FrameScope&) = delete;
  FrameScope& operator=(const FrameScope&) = delete;

 private:
  NameScope names_;
};

std::string scoped_path(const Layer* owner, const std::string& name) {
  std::string path;
  bool seen = false;
  for (const Frame& frame : g_frames) {
    path += frame.layer->name() + "/";
    seen = frame.layer == owner;
  }
  if (!seen) path += owner->name() + "/";
  return path + name;
}

std::mutex g_names_mutex;
std::map<std::string, int, std::less<>>& name_counts() {
  static auto* counts = new std::map<std::string, int, std::less<>>;
  return *counts;
}

// Adds "Dense 'dense_1': " to a message that names no layer yet, in place of an op's name ("conv:
// ").
[[noreturn]] void rethrow_named(const Layer& layer, const Error& error) {
  std::string_view text = error.what();
  size_t word = 0;
  while (word < text.size() && (std::isalnum(static_cast<unsigned char>(text[word])) ||
                                text[word] == '_' || text[word] == '.')) {
    ++word;
  }
  const std::string_view rest = text.substr(word);
  const bool named = word > 0 && rest.starts_with(" '") && rest.find("': ") != rest.npos;
  if (named || error.kind() == ErrorKind::kInterrupted) throw error;
  if (word > 0 && rest.starts_with(": ")) text = rest.substr(2);
  throw Error(error.kind(), str_cat(layer.class_name(), " '", layer.name(), "': ", text));
}

// The masks given to a call, else those its inputs carry; empty where there is none.
Tensors masks_of(const Tensors& inputs, const Tensors& given) {
  Tensors masks;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor mask = i < given.size() ? given[i] : Tensor();
    if (!mask.defined() && inputs[i].defined()) mask = inputs[i].mask();
    if (!mask.defined()) continue;
    masks.resize(inputs.size());
    masks[i] = std::move(mask);
  }
  return masks;
}

// Set while shapes are inferred with a copy of a layer: its weights need no values.
thread_local bool g_without_values = false;

thread_local std::optional<int64_t> g_weight_budget;

std::mutex g_policy_mutex;
std::optional<DTypePolicy>& global_policy() {
  static std::optional<DTypePolicy> policy;  // not set: floatx
  return policy;
}

}  // namespace

DTypePolicy parse_dtype_policy(std::string_view name) {
  DTypePolicy policy;
  policy.name = name;
  if (name == "mixed_bfloat16" || name == "mixed_float16") {
    policy.compute = name == "mixed_bfloat16" ? DType::kBFloat16 : DType::kFloat16;
    policy.variable = DType::kFloat32;
  } else {
    policy.compute = policy.variable = parse_dtype(name);
  }
  return policy;
}

DTypePolicy default_dtype_policy() {
  const std::lock_guard lock(g_policy_mutex);
  return global_policy() ? *global_policy() : parse_dtype_policy(name_of(floatx()));
}

void set_default_dtype_policy(const DTypePolicy& policy) {
  const std::lock_guard lock(g_policy_mutex);
  global_policy() = policy;
}

void read_field(DTypePolicy& field, const Json& json, std::string_view what) {
  if (json.is_null()) {
    field = default_dtype_policy();
  } else if (json.is_object()) {
    field = parse_dtype_policy(json.at("config").at("name").as_string(what));
  } else {
    field = parse_dtype_policy(json.as_string(what));
  }
}

Json write_field(const DTypePolicy& field) {
  return Json::object({{"module", "nacre"},
                       {"class_name", "DTypePolicy"},
                       {"config", Json::object({{"name", field.name}})},
                       {"registered_name", nullptr}});
}

CallStack CallStack::current() {
  CallStack stack;
  stack.frames_ = std::make_shared<std::vector<Frame>>(g_frames);
  return stack;
}

CallStack::Scope::Scope(const CallStack& stack)
    : before_(std::make_shared<std::vector<Frame>>(g_frames)) {
  g_frames = *static_cast<const std::vector<Frame>*>(stack.frames_.get());
}

CallStack::Scope::~Scope() {
  g_frames = std::move(*static_cast<std::vector<Frame>*>(before_.get()));
}

const Layer* current_layer() {
  return g_frames.empty() ? nullptr : g_frames.back().layer;
}

std::optional<int64_t> set_weight_budget(std::optional<int64_t> bytes) {
  return std::exchange(g_weight_budget, bytes);
}

const CallContext* current_call() {
  return g_frames.empty() ? nullptr : &g_frames.back().context;
}

Tensor autocast_value(const Variable& variable) {
  const Tensor current = variable.value();
  if (g_frames.empty() || !is_floating(current.dtype())) return current;
  const Layer& layer = *g_frames.back().layer;
  if (!layer.autocast() || layer.compute_dtype() == layer.policy().variable) return current;
  return current.dtype() == layer.compute_dtype() ? current
                                                  : ops::cast(current, layer.compute_dtype());
}

std::string unique_name(std::string_view prefix) {
  const std::lock_guard lock(g_names_mutex);
  const int count = name_counts()[std::string(prefix)]++;
  return count == 0 ? std::string(prefix) : std::string(prefix) + "_" + std::to_string(count);
}

void reset_unique_names() {
  const std::lock_guard lock(g_names_mutex);
  name_counts().clear();
}

Ref<Layer> make_layer(std::string_view class_name, const Json& config) {
  const Ref<Configurable> object = ClassRegistry::of(Layer::kModule).make(class_name, config);
  return Ref<Layer>(static_cast<Layer*>(object.get()));
}

std::vector<Field> Layer::fields() {
  std::vector<Field> all;
  detail::append_fields(all, "name, trainable, dtype, activity_regularizer",
                        std::tie(name_, trainable_, policy_, activity_regularizer_));
  return all;
}

void Layer::validate() {
  if (name_.empty()) name_ = unique_name(to_snake_case(class_name()));
}

void Layer::ensure_built(const std::vector<Shape>& input_shapes) {
  if (built_) return;
  // A name of the enclosing scope is part of the path; nothing of a build belongs to a recording.
  const PauseRecording pause;
  const FrameScope frame(this, g_frames.empty() ? CallContext() : g_frames.back().context);
  try {
    build(input_shapes);
  } catch (const Error& error) {
    rethrow_named(*this, error);
  }
  built_ = true;
  build_shapes_ = input_shapes;
}

std::vector<Shape> Layer::shapes_to_build(const Tensors& inputs, const CallContext&) const {
  std::vector<Shape> shapes;
  for (const Tensor& t : inputs) shapes.push_back(t.shape());
  return shapes;
}

Tensors Layer::operator()(const Tensors& inputs, std::optional<bool> training, const Tensors& masks,
                          Json arguments, const CallNode* node) {
  for (const Tensor& t : inputs) {
    if (t.defined() && t.origin()) {
      return note_call(*this, inputs, training, masks, std::move(arguments))->output_tensors();
    }
  }
  CallContext context;
  if (!g_frames.empty()) context.training = g_frames.back().context.training;
  context.node = node;
  const InferringScope inferring(std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) {
    return t.defined() && t.is_placeholder();
  }));
  if (training) context.training = *training;
  context.masks = masks_of(inputs, masks);
  context.arguments = std::move(arguments);
  if (!built_) ensure_built(shapes_to_build(inputs, context));
  if (g_frames.empty()) clear_losses();  // losses() is of the last call from outside
  const FrameScope frame(this, context);
  try {
    Tensors converted;
    for (size_t i = 0; i < inputs.size() && autocast_; ++i) {
      const Tensor& t = inputs[i];
      if (!t.defined() || !is_floating(t.dtype()) || t.dtype() == policy_.compute) continue;
      if (converted.empty()) converted = inputs;
      converted[i] = ops::cast(t, policy_.compute);
      converted[i].set_mask(t.mask());
    }
    const Tensors& operands = converted.empty() ? inputs : converted;
    Tensors outputs =
        rematerializes(operands)
            ? remat([this, context](const Tensors& x) { return call(x, context); }, operands)
            : call(operands, context);
    if (activity_regularizer_ && regularizes_outputs()) {
      for (const Tensor& y : outputs) {
        if (y.is_placeholder()) continue;
        // Per sample, so that the penalty does not grow with the batch (Keras's convention).
        const Tensor penalty = (*activity_regularizer_)(y);
        add_loss(penalty / static_cast<double>(std::max<int64_t>(y.rank() ? y.shape()[0] : 1, 1)));
      }
    }
    attach_masks(operands, outputs, context.masks);
    return outputs;
  } catch (const Error& error) {
    rethrow_named(*this, error);
  }
}

Tensor Layer::operator()(const Tensor& x, std::optional<bool> training, const Tensor& mask) {
  return std::move((*this)(Tensors{x}, training, mask.defined() ? Tensors{mask} : Tensors())[0]);
}

Tensors Layer::compute_mask(const Tensors& inputs, const Tensors& masks) {
  return masks.empty() ? Tensors() : Tensors{masks[0]};
}

void Layer::attach_masks(const Tensors& inputs, Tensors& outputs, const Tensors& masks) {
  if (!supports_masking()) {
    if (!masks.empty() && module() == kModule && !std::exchange(warned_of_mask_, true)) {
      warn(str_cat(class_name(), " '", name_,
                   "': an input has a mask, which this layer does not support; the layers behind "
                   "it will not see the mask"));
    }
    return;
  }
  const auto has_mask = [](const Tensor& t) { return t.mask().defined(); };
  if (std::all_of(outputs.begin(), outputs.end(), has_mask)) return;
  const Tensors computed = compute_mask(inputs, masks);
  for (size_t i = 0; i < outputs.size() && i < computed.size(); ++i) {
    if (!has_mask(outputs[i]) && computed[i].defined()) outputs[i].set_mask(computed[i]);
  }
}

Tensors UnaryLayer::call(const Tensors& inputs, const CallContext& context) {
  if (inputs.size() != 1) value_error("expected one input, received ", inputs.size());
  return {call(inputs[0], context)};
}

std::vector<TensorSpec> Layer::compute_output_spec(const std::vector<TensorSpec>& inputs) {
  if (!built_ && module() == kModule && ClassRegistry::of(kModule).contains(class_name())) {
    const bool outer = std::exchange(g_without_values, true);
    struct Restore {
      bool value;
      ~Restore() { g_without_values = value; }
    } restore{outer};
    Json settings = config();
    // Objects of Python are no data; values are not needed.
    for (auto& [key, value] : settings.as_object()) {
      if (key.ends_with("_initializer")) value = Json("Zeros");
      if (key.ends_with("_regularizer") || key.ends_with("_constraint")) value = nullptr;
      if (key == "seed" && value.is_null()) value = 0;  // the sequence of seeds goes on as it was
    }
    const Ref<Configurable> copy = ClassRegistry::of(module()).make(class_name(), settings);
    auto& layer = static_cast<Layer&>(*copy);
    std::vector<Shape> shapes;
    for (const TensorSpec& spec : inputs) shapes.push_back(spec.shape);
    layer.ensure_built(shapes);
    return layer.compute_output_spec(inputs);
  }
  Tensors placeholders;
  for (const TensorSpec& spec : inputs) placeholders.push_back(Tensor::placeholder(spec));
  const Tensors outputs = (*this)(placeholders);
  std::vector<TensorSpec> specs;
  for (const Tensor& t : outputs) specs.push_back(t.spec());
  return specs;
}

void Layer::set_trainable(bool trainable) {
  trainable_ = trainable;
  for (const auto& variable : variables_) {
    if (variable->can_train) variable->trainable = trainable;
  }
  for (const auto& layer : sublayers_) layer->set_trainable(trainable);
}

VariableRef Layer::add_weight(const std::string& name, const Shape& shape,
                              const Ref<Initializer>& initializer, const WeightOptions& options) {
  const PauseRecording pause;
  if (!shape.is_known()) {
    value_error("weight '", name, "': expected a known shape, received ", shape);
  }
  const DType dtype = options.dtype.value_or(policy_.variable);
  if (g_weight_budget && !g_without_values) {
    double bytes = static_cast<double>(size_of(dtype));  // an integer product could wrap
    for (const int64_t dim : shape) bytes *= static_cast<double>(dim);
    if (bytes > static_cast<double>(*g_weight_budget)) {
      value_error("weight '", name, "' of shape ", shape,
                  " is larger than the file it is read from");
    }
    *g_weight_budget -= static_cast<int64_t>(bytes);
  }
  const Tensor value =
      initializer && !g_without_values ? (*initializer)(shape, dtype) : ops::zeros(shape, dtype);
  auto variable = make_ref<Variable>(value, name, options.trainable);
  variable->saved = options.saved;
  if (options.regularizer) {
    variable->regularizer = [r = options.regularizer](const Tensor& x) { return (*r)(x); };
  }
  if (options.constraint) {
    variable->constraint = [c = options.constraint](const Tensor& x) { return (*c)(x); };
  }
  return add_variable(std::move(variable));
}

VariableRef Layer::add_variable(VariableRef variable) {
  variable->path = scoped_path(this, variable->name);
  variable->can_train = variable->trainable;
  if (!trainable_) variable->trainable = false;
  variables_.push_back(variable);
  return variable;
}

void Layer::add_sublayer(Ref<Layer> layer) {
  if (std::find(sublayers_.begin(), sublayers_.end(), layer) == sublayers_.end()) {
    sublayers_.push_back(std::move(layer));
  }
}

void Layer::remove_sublayer(const Layer* layer) {
  std::erase_if(sublayers_, [&](const Ref<Layer>& own) { return own.get() == layer; });
}

bool Layer::rematerializes(const Tensors& inputs) {
  switch (remat_mode_.kind) {
    case RematMode::Kind::kFull:
      return true;
    case RematMode::Kind::kLargerThan: {
      std::vector<TensorSpec> specs;
      for (const Tensor& t : inputs) {
        if (!t.defined() || t.is_placeholder()) return false;
        specs.push_back(t.spec());
      }
      for (const TensorSpec& spec : compute_output_spec(specs)) {
        if (spec.shape.size() > remat_mode_.output_size_threshold) return true;
      }
      return false;
    }
    default:
      return false;
  }
}

void Layer::add_loss(const Tensor& loss) {
  if (loss.is_placeholder() || remat_phase() == RematPhase::kRecompute) return;
  if (remat_phase() == RematPhase::kForward) {
    value_error("add_loss and activity_regularizer within a call that is computed again (remat) ",
                "are not supported: such a loss has no gradient; add it outside");
  }
  call_losses_.push_back(loss);
}

const CallNode& Layer::only_node(std::string_view what) const {
  if (inbound_nodes_.size() != 1) {
    raise(ErrorKind::kAttribute, class_name(), " '", name_, "': ", what,
          " is that of the only call on what Input() gives, but there are ", inbound_nodes_.size(),
          " such calls");
  }
  return *inbound_nodes_[0];
}

Tensors Layer::input() const {
  const CallNode& node = only_node("input");
  return node.is_input() ? node.output_tensors() : node.input_tensors();
}

Tensors Layer::output() const {
  return only_node("output").output_tensors();
}

void Layer::add_seed_generator(Ref<SeedGenerator> generator) {
  generator->state()->path = scoped_path(this, "seed_generator/seed_generator_state");
  seed_generators_.push_back(std::move(generator));
}

Tensor Layer::value(const VariableRef& variable) const {
  const Tensor current = variable->value();
  return current.dtype() == policy_.compute || !is_floating(current.dtype())
             ? current
             : ops::cast(current, policy_.compute);
}

namespace {

void append_unique(std::vector<VariableRef>& out, const VariableRef& variable) {
  if (std::find(out.begin(), out.end(), variable) == out.end()) out.push_back(variable);
}

}  // namespace

void Layer::collect(std::vector<VariableRef>& out, bool with_unsaved) const {
  for (const bool trainable : {true, false}) {
    for (const auto& variable : variables_) {
      if (variable->can_train == trainable && (variable->saved || with_unsaved)) {
        append_unique(out, variable);
      }
    }
  }
  if (with_unsaved) {
    for (const auto& generator : seed_generators_) append_unique(out, generator->state());
  }
  for (const auto& layer : sublayers_) layer->collect(out, with_unsaved);
}

std::vector<VariableRef> Layer::variables() const {
  std::vector<VariableRef> out;
  collect(out, true);
  return out;
}

std::vector<VariableRef> Layer::weights() const {
  std::vector<VariableRef> out;
  collect(out, false);
  return out;
}

std::vector<VariableRef> Layer::trainable_weights() const {
  if (!trainable_) return {};
  std::vector<VariableRef> out = weights();
  std::erase_if(out, [](const VariableRef& v) { return !v->trainable; });
  return out;
}

std::vector<VariableRef> Layer::non_trainable_weights() const {
  std::vector<VariableRef> out = weights();
  if (trainable_) std::erase_if(out, [](const VariableRef& v) { return v->trainable; });
  return out;
}

int64_t Layer::count_params() const {
  int64_t count = 0;
  for (const auto& variable : weights()) count += variable->size();
  return count;
}

Tensors Layer::losses() const {
  Tensors out;
  for (const auto& variable : trainable_weights()) {
    if (variable->regularizer) out.push_back(variable->regularizer(variable->value()));
  }
  const auto gather = [&](const auto& self, const Layer& layer) -> void {
    out.insert(out.end(), layer.call_losses_.begin(), layer.call_losses_.end());
    for (const auto& below : layer.sublayers_) self(self, *below);
  };
  gather(gather, *this);
  return out;
}

void Layer::clear_losses() {
  call_losses_.clear();
  for (const auto& layer : sublayers_) layer->clear_losses();
}

}  // namespace nacre
