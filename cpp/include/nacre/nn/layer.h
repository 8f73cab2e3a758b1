// Layer: state (variables, sublayers) and a computation. build() and call() are all a layer writes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nacre/graph/variable.h"
#include "nacre/nn/activation.h"
#include "nacre/nn/configurable.h"
#include "nacre/nn/initializer.h"
#include "nacre/nn/remat.h"
#include "nacre/nn/seed.h"

namespace nacre {

class CallNode;

// What a call knows besides its inputs. Nested layers inherit `training` only.
struct CallContext {
  bool training = false;
  Tensors masks;  // one an input, undefined where it has none; empty: no input has one
  // {"args": [...], "kwargs": {...}} as the caller wrote it, a tensor as {"class_name": "__leaf__",
  // "config": its index among the inputs}; null: the inputs are all.
  Json arguments;
  const CallNode* node = nullptr;  // the call of a functional model that this one is, if any

  Tensor mask(size_t input = 0) const { return input < masks.size() ? masks[input] : Tensor(); }
};

// The dtype of computation and of variables: "float32", "mixed_bfloat16", ...
struct DTypePolicy {
  std::string name = "float32";
  DType compute = DType::kFloat32;
  DType variable = DType::kFloat32;
};
DTypePolicy parse_dtype_policy(std::string_view name);  // ValueError
DTypePolicy default_dtype_policy();
void set_default_dtype_policy(const DTypePolicy& policy);
void read_field(DTypePolicy& field, const Json& json, std::string_view what);
Json write_field(const DTypePolicy& field);

// How many bytes of weights may be made on this thread before a ValueError; none: as many as there
// is memory. Set while a file is read, whose configuration may ask for any size. Returns the limit
// before.
std::optional<int64_t> set_weight_budget(std::optional<int64_t> bytes);

struct WeightOptions {
  std::optional<DType> dtype;
  bool trainable = true;
  Ref<Regularizer> regularizer;
  Ref<Constraint> constraint;
  bool saved = true;
};

class Layer : public Configurable {
 public:
  static constexpr std::string_view kModule = "layers";
  std::string_view module() const override { return kModule; }
  std::vector<Field> fields() override;
  void validate() override;

  // Builds at the first call, casts floating inputs to the compute dtype, checks and runs call().
  // Errors name the layer. training: of the enclosing call when not given. masks: one an input,
  // in place of the one that the input carries; the outputs carry theirs. Inputs that come from
  // Input() make it a call that is noted (see nn/functional.h).
  Tensors operator()(const Tensors& inputs, std::optional<bool> training = {},
                     const Tensors& masks = {}, Json arguments = {},
                     const CallNode* node = nullptr);
  Tensor operator()(const Tensor& x, std::optional<bool> training = {}, const Tensor& mask = {});

  virtual void build(const std::vector<Shape>& input_shapes) {}
  virtual Tensors call(const Tensors& inputs, const CallContext& context) = 0;
  // The shapes that build() is given at the first call: those of all inputs, unless some are
  // masks and the like.
  virtual std::vector<Shape> shapes_to_build(const Tensors& inputs,
                                             const CallContext& context) const;

  // Forgets what the layer carries from one call to the next (stateful recurrent layers).
  virtual void reset_state() {}

  // Whether `mask` is an argument of calls: the layer computes with it.
  virtual bool takes_mask() const { return false; }
  // Whether masks go on behind the layer; where they do not, a call with one warns.
  bool supports_masking() const { return supports_masking_.value_or(passes_masks()); }
  void set_supports_masking(bool supports) { supports_masking_ = supports; }
  // The masks of the outputs, from those of the inputs (empty: none has one). Outputs without an
  // entry have none. The first input's mask goes to the first output unless a layer knows better.
  virtual Tensors compute_mask(const Tensors& inputs, const Tensors& masks);
  // The specs that call() gives for inputs of these, found by calling it with placeholders. A layer
  // of the library that is not built yet stays so: a copy without weights of its own is called.
  std::vector<TensorSpec> compute_output_spec(const std::vector<TensorSpec>& inputs);
  // Runs build() once, under the layer's name scope.
  void ensure_built(const std::vector<Shape>& input_shapes);

  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }
  bool built() const { return built_; }
  // The shapes that build() was given; none before, or where a layer was marked as built.
  const std::vector<Shape>& build_shapes() const { return build_shapes_; }
  void set_built(bool built) { built_ = built; }
  bool trainable() const { return trainable_; }
  virtual void set_trainable(bool trainable);
  const DTypePolicy& policy() const { return policy_; }
  DType compute_dtype() const { return policy_.compute; }
  // Whether calls cast floating inputs to the compute dtype.
  bool autocast() const { return autocast_; }
  void set_autocast(bool autocast) { autocast_ = autocast; }
  const Ref<Regularizer>& activity_regularizer() const { return activity_regularizer_; }
  // What of its calls is computed again in the backward pass.
  const RematMode& remat_mode() const { return remat_mode_; }
  void set_remat_mode(RematMode mode) { remat_mode_ = mode; }

  // Variables in the order of their making, this layer's own before its sublayers', trainable first
  // as Keras orders weights.
  std::vector<VariableRef> variables() const;  // all, with seeds and the like
  std::vector<VariableRef> weights() const;    // those that are saved
  std::vector<VariableRef> trainable_weights() const;
  std::vector<VariableRef> non_trainable_weights() const;
  int64_t count_params() const;
  const std::vector<Ref<Layer>>& sublayers() const { return sublayers_; }
  const std::vector<VariableRef>& own_variables() const { return variables_; }

  // Penalties of this layer and those below: regularizers of trainable weights, then what calls
  // added since the last clear_losses().
  Tensors losses() const;
  void clear_losses();

  VariableRef add_weight(const std::string& name, const Shape& shape,
                         const Ref<Initializer>& initializer, const WeightOptions& options = {});
  // For values made elsewhere (Python's self.add_weight with an initial tensor).
  VariableRef add_variable(VariableRef variable);
  // For one of another layer, which keeps its name.
  void share_variable(VariableRef variable) { variables_.push_back(std::move(variable)); }
  void add_sublayer(Ref<Layer> layer);
  void remove_sublayer(const Layer* layer);
  void add_loss(const Tensor& loss);
  void add_seed_generator(Ref<SeedGenerator> generator);

  // The noted calls of this layer that some tensor or model still remembers.
  const std::vector<CallNode*>& inbound_nodes() const { return inbound_nodes_; }
  // What the only noted call took and gave. AttributeError where there is none, or several.
  Tensors input() const;
  Tensors output() const;
  // The object in front of this one in another language; not kept alive by it.
  const Ref<RefCounted>& front() const { return front_; }
  void set_front(Ref<RefCounted> front) { front_ = std::move(front); }

 protected:
  // A variable's value in the compute dtype.
  Tensor value(const VariableRef& variable) const;
  // Whether the activity regularizer is for this layer's outputs, not for those of layers within.
  virtual bool regularizes_outputs() const { return true; }
  // What supports_masking() is unless it is set.
  virtual bool passes_masks() const { return false; }
  // Gives the outputs of a call their masks.
  virtual void attach_masks(const Tensors& inputs, Tensors& outputs, const Tensors& masks);

  std::string name_;
  bool trainable_ = true;
  DTypePolicy policy_ = default_dtype_policy();
  Ref<Regularizer> activity_regularizer_;
  bool autocast_ = true;

 private:
  friend class CallNode;
  const CallNode& only_node(std::string_view what) const;
  bool rematerializes(const Tensors& inputs);

  RematMode remat_mode_;
  void collect(std::vector<VariableRef>& out, bool with_unsaved) const;

  bool built_ = false;
  bool warned_of_mask_ = false;
  std::optional<bool> supports_masking_;
  std::vector<CallNode*> inbound_nodes_;
  int num_calls_noted_ = 0;
  Ref<RefCounted> front_;
  std::vector<Shape> build_shapes_;
  std::vector<VariableRef> variables_;
  std::vector<Ref<Layer>> sublayers_;
  std::vector<Ref<SeedGenerator>> seed_generators_;
  Tensors call_losses_;
};

// A layer of one input and one output.
class UnaryLayer : public Layer {
 public:
  using Layer::build;
  virtual void build(const Shape& input_shape) {}
  virtual Tensor call(const Tensor& x, const CallContext& context) = 0;

  void build(const std::vector<Shape>& input_shapes) final { build(input_shapes.at(0)); }
  Tensors call(const Tensors& inputs, const CallContext& context) final;
};

// The layers whose calls are running on a thread, to run code later as if within them.
class CallStack {
 public:
  static CallStack current();
  class Scope {
   public:
    explicit Scope(const CallStack& stack);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    std::shared_ptr<void> before_;
  };

 private:
  std::shared_ptr<void> frames_;
};

// The layer whose call is running on this thread, innermost; null outside calls.
const Layer* current_layer();
// The context of the call now running on this thread, outermost first; null outside calls.
const CallContext* current_call();
// A variable's value as the call now running on this thread computes with it: in the compute dtype
// of its layer.
Tensor autocast_value(const Variable& variable);

// "dense", "dense_1", ...: the next free automatic name for a class.
std::string unique_name(std::string_view prefix);
void reset_unique_names();

// A layer by class name and configuration: make_layer("Dense", {{"units", 10}}).
Ref<Layer> make_layer(std::string_view class_name, const Json& config = Json::object());

}  // namespace nacre
