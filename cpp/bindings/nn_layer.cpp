// Layers: those of the library, and layers written in Python.
#include <pybind11/stl.h>

#include "bindings/bindings.h"
#include "bindings/nn.h"
#include "nacre/nn/layer.h"
#include "nacre/nn/layers/recurrent.h"
#include "nacre/nn/loss.h"
#include "nacre/nn/metric.h"
#include "nacre/nn/optimizer.h"
#include "nacre/nn/sequential.h"

namespace nacre::bindings {
namespace {

// A layer whose build and call are Python methods: `_build(shapes)` and `_call(tensors, training,
// masks, noted arguments)` of the object that owns this one.
// It is a cell where its owner has a `state_size`.
class PythonLayer final : public Layer, public RecurrentCell {
 public:
  PythonLayer(py::handle owner, std::string class_name)
      : owner_(owner), class_name_(std::move(class_name)) {}
  std::string_view class_name() const override { return class_name_; }

  void build(const std::vector<Shape>& input_shapes) override {
    const py::gil_scoped_acquire gil;
    py::list shapes;
    for (const Shape& shape : input_shapes) shapes.append(shape_tuple(shape));
    owner_.get().attr("_build")(shapes, noted_arguments(noted_call(*this)));
  }

  Tensors call(const Tensors& inputs, const CallContext& context) override {
    const py::gil_scoped_acquire gil;
    return tensors_from(owner_.get().attr("_call")(tensors_to_list(inputs), context.training,
                                                   tensors_to_list(context.masks),
                                                   noted_arguments(context.node)));
  }

  std::vector<Shape> state_shapes() override {
    const py::gil_scoped_acquire gil;
    return owner_.get().attr("_state_shapes")().cast<std::vector<Shape>>();
  }

  Tensors initial_state(int64_t batch, DType dtype) override {
    if (batch >= 0) {
      const py::gil_scoped_acquire gil;
      const py::object given = owner_.get().attr("_initial_state")(batch);
      if (!given.is_none()) return tensors_from(given);
    }
    return RecurrentCell::initial_state(batch, dtype);
  }

 protected:
  // Python knows which tensors are one argument, and gives the outputs their masks itself.
  void attach_masks(const Tensors&, Tensors&, const Tensors&) override {}

 private:
  WeakObject owner_;
  std::string class_name_;
};

template <class T>
Ref<T> optional_core(py::handle object) {
  if (object.is_none()) return nullptr;
  return deserialize_as<T>(T::kModule, to_json(object));
}

VariableRef add_weight(Layer& layer, const std::string& name, const Shape& shape,
                       py::object initializer, std::optional<DType> dtype, bool trainable,
                       py::object regularizer, py::object constraint) {
  WeightOptions options;
  options.dtype = dtype;
  options.trainable = trainable;
  options.regularizer = optional_core<Regularizer>(regularizer);
  options.constraint = optional_core<Constraint>(constraint);
  return layer.add_weight(name, shape, optional_core<Initializer>(initializer), options);
}

template <class... Bases>
py::object as_first_of(const Ref<Configurable>& object) {
  py::object out;
  // Python sees the class of the family: the classes of the library are not bound one by one.
  (void)((dynamic_cast<Bases*>(object.get())
              ? (out = py::cast(Ref<Bases>(static_cast<Bases*>(object.get()))), true)
              : false) ||
         ...);
  return out ? out : py::cast(object);
}

py::object to_python(const Ref<Configurable>& object) {
  return as_first_of<RecurrentLayer, Layer, Initializer, Regularizer, Constraint, Loss,
                     MeanMetricWrapper, Metric, LearningRateSchedule, Optimizer>(object);
}

}  // namespace

void bind_layers(py::module_& m) {
  py::class_<Configurable, Ref<Configurable>>(m, "Configurable")
      .def_property_readonly("class_name", &Configurable::class_name)
      .def("config", [](Configurable& c) { return from_json(c.config()); })
      .def("field_names",
           [](Configurable& c) {
             std::vector<std::string> names;
             for (const Field& field : c.fields()) names.push_back(field.name);
             return names;
           })
      .def("get_field",
           [](Configurable& c, const std::string& name) {
             for (const Field& field : c.fields()) {
               if (field.name == name) return from_json(field.get());
             }
             raise(ErrorKind::kAttribute, c.class_name(), " has no field '", name, "'");
           })
      .def("set_field", [](Configurable& c, const std::string& name, py::handle value) {
        for (const Field& field : c.fields()) {
          if (field.name == name) return field.set(to_json(value));
        }
        raise(ErrorKind::kAttribute, c.class_name(), " has no field '", name, "'");
      });

  // An object of nacre.<module> made from its arguments.
  m.def("make", [](const std::string& module, const std::string& name, py::handle config) {
    return to_python(ClassRegistry::of(module).make(name, to_json(config)));
  });
  m.def("class_names", [](const std::string& module) { return ClassRegistry::of(module).names(); });
  // The class that a name, alias or class name spells; "" for an unknown one.
  m.def("resolve_class", [](const std::string& module, const std::string& name) {
    return ClassRegistry::of(module).resolve(name);
  });
  m.def("to_snake_case", &to_snake_case);
  m.def("unique_name", &unique_name);
  m.def("reset_unique_names", &reset_unique_names);
  m.def("set_random_seed", &set_random_seed);
  m.def("next_default_seed", &next_default_seed);
  // The state of the default seeds, and that of the generator behind ops without a seed.
  m.def("random_state", [] {
    return py::make_tuple(
        default_seed_state(),
        to_numpy(global_seed_generator().state()->value(), true).attr("tolist")());
  });
  m.def("set_random_state", [](std::optional<uint64_t> seed, std::pair<uint32_t, uint32_t> pair) {
    SeedGenerator& generator = global_seed_generator();
    set_default_seed_state(seed);
    generator.state()->assign(Tensor::from<uint32_t>({pair.first, pair.second}, {2}));
  });
  m.def("dtype_policy", [](py::object name) -> py::object {
    const DTypePolicy policy =
        name.is_none() ? default_dtype_policy() : parse_dtype_policy(name.cast<std::string>());
    return py::make_tuple(policy.name, policy.compute, policy.variable);
  });
  m.def("set_default_dtype_policy",
        [](const std::string& name) { set_default_dtype_policy(parse_dtype_policy(name)); });
  m.def("set_weight_budget", &set_weight_budget);
  m.def("remat", [](py::object f, py::list inputs) {
    // Released with the GIL held, whoever drops the last reference.
    const std::shared_ptr<py::object> held(new py::object(std::move(f)), [](py::object* object) {
      const py::gil_scoped_acquire gil;
      delete object;
    });
    const auto call = [held](const Tensors& x) {
      const py::gil_scoped_acquire gil;
      return tensors_from((*held)(tensors_to_list(x)));
    };
    return tensors_to_list(remat(call, tensors_from(inputs)));
  });
  m.def("activation_names", &Activation::names);
  m.def("activate", [](const std::string& name, const Tensor& x) { return Activation(name)(x); });

  py::class_<Layer, Configurable, Ref<Layer>>(m, "Layer")
      .def(
          "call",
          [](Layer& layer, py::list inputs, std::optional<bool> training, py::object masks,
             py::object arguments, const py::object& structure) {
            return tensors_to_list(call_layer(layer, tensors_from(inputs), training,
                                              masks.is_none() ? Tensors() : tensors_from(masks),
                                              to_json(arguments), structure));
          },
          py::arg("inputs"), py::arg("training") = py::none(), py::arg("masks") = py::none(),
          py::arg("arguments") = py::none(), py::arg("structure") = py::none())
      .def(
          "call_one",
          [](Layer& layer, const Tensor& x, std::optional<bool> training, py::object mask) {
            return layer(x, training, mask.is_none() ? Tensor() : to_tensor(mask.ptr()));
          },
          py::arg("x"), py::arg("training") = py::none(), py::arg("mask") = py::none())
      .def("reset_state", &Layer::reset_state)
      .def("compute_mask",
           [](Layer& layer, py::list inputs, py::list masks) {
             return tensors_to_list(layer.compute_mask(tensors_from(inputs), tensors_from(masks)));
           })
      .def_property("supports_masking", &Layer::supports_masking, &Layer::set_supports_masking)
      .def_property_readonly("takes_mask", &Layer::takes_mask)
      .def("ensure_built", &Layer::ensure_built)
      .def("output_spec",
           [](Layer& layer, const std::vector<std::pair<Shape, DType>>& inputs) {
             std::vector<TensorSpec> specs;
             for (const auto& [shape, dtype] : inputs) specs.push_back({dtype, shape});
             std::vector<std::pair<Shape, DType>> out;
             for (const TensorSpec& spec : layer.compute_output_spec(specs)) {
               out.emplace_back(spec.shape, spec.dtype);
             }
             return out;
           })
      .def_property("name", &Layer::name, &Layer::set_name)
      .def_property("built", &Layer::built, &Layer::set_built)
      .def_property_readonly("build_shapes", &Layer::build_shapes)
      .def_property("trainable", &Layer::trainable, &Layer::set_trainable)
      .def_property("autocast", &Layer::autocast, &Layer::set_autocast)
      .def_property_readonly("policy_name", [](Layer& layer) { return layer.policy().name; })
      .def_property_readonly("compute_dtype", [](Layer& layer) { return layer.policy().compute; })
      .def_property_readonly("variable_dtype", [](Layer& layer) { return layer.policy().variable; })
      .def_property_readonly("variables", &Layer::variables)
      .def_property_readonly("weights", &Layer::weights)
      .def_property_readonly("own_variables", &Layer::own_variables)
      // Those that are saved, trainable ones first.
      .def_property_readonly("own_weights",
                             [](Layer& layer) {
                               std::vector<VariableRef> out;
                               for (const bool trainable : {true, false}) {
                                 for (const auto& v : layer.own_variables()) {
                                   if (v->saved && v->can_train == trainable) out.push_back(v);
                                 }
                               }
                               return out;
                             })
      .def_property_readonly("sublayers", &Layer::sublayers)
      .def("set_remat_mode",
           [](Layer& layer, const std::string& kind, int64_t threshold) {
             layer.set_remat_mode({parse_remat_kind(kind), threshold});
           })
      .def_property_readonly("trainable_weights", &Layer::trainable_weights)
      .def_property_readonly("non_trainable_weights", &Layer::non_trainable_weights)
      .def("count_params", &Layer::count_params)
      .def_property_readonly("losses", [](Layer& layer) { return tensors_to_list(layer.losses()); })
      .def("clear_losses", &Layer::clear_losses)
      .def_property_readonly("build_shapes", &Layer::build_shapes,
                             "The shapes it was built for, [] before.")
      .def("add_loss", &Layer::add_loss)
      .def("add_weight", &add_weight)
      .def("add_variable", &Layer::add_variable)
      .def("add_sublayer",
           [](Layer& layer, Layer& child) { layer.add_sublayer(Ref<Layer>(&child)); })
      .def("remove_sublayer", [](Layer& layer, Layer& child) { layer.remove_sublayer(&child); });

  py::class_<PythonLayer, Layer, Ref<PythonLayer>>(m, "PythonLayer")
      .def(py::init([](py::handle owner, const std::string& class_name, py::handle config) {
        auto layer = make_ref<PythonLayer>(owner, class_name);
        layer->configure(to_json(config));
        return layer;
      }));

  py::class_<RecurrentLayer, Layer, Ref<RecurrentLayer>>(m, "RecurrentLayer")
      .def_property_readonly("cell", &RecurrentLayer::cell)
      .def_property_readonly("states", &RecurrentLayer::states);

  py::class_<Sequential, Layer, Ref<Sequential>>(m, "Sequential")
      .def("add", [](Sequential& model, Layer& layer) { model.add(Ref<Layer>(&layer)); })
      .def("pop", &Sequential::pop)
      .def_property_readonly("layers", [](Sequential& model) { return model.layers; })
      .def_property_readonly("inputs",
                             [](Sequential& model) { return tensors_to_list(model.inputs()); })
      .def_property_readonly("outputs",
                             [](Sequential& model) { return tensors_to_list(model.outputs()); });

  py::class_<InputLayer, Layer, Ref<InputLayer>>(m, "InputLayer")
      .def_property_readonly("batch_shape", [](InputLayer& layer) { return layer.batch_shape; })
      .def_property_readonly("dtype", [](InputLayer& layer) { return layer.input_dtype; })
      .def("placeholder", &InputLayer::placeholder);
  m.def("in_training_call", []() -> std::optional<bool> {
    const CallContext* context = current_call();
    return context ? std::optional(context->training) : std::nullopt;
  });

  py::class_<SeedGenerator, Ref<SeedGenerator>>(m, "SeedGeneratorCore")
      .def(py::init<std::optional<int64_t>, std::string>())
      .def("next", &SeedGenerator::next)
      .def_property_readonly("seed", &SeedGenerator::seed)
      .def_property_readonly("state", [](SeedGenerator& g) { return g.state(); });
}

}  // namespace nacre::bindings
