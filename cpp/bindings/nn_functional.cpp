// Functional models and the calls that they are made of.
#include "nacre/nn/functional.h"

#include <pybind11/stl.h>

#include "bindings/bindings.h"
#include "bindings/call.h"
#include "bindings/nn.h"
#include "nacre/nn/sequential.h"

namespace nacre::bindings {
namespace {

// The Python object in front of a layer, held weakly by it and strongly by its nodes.
struct Front final : RefCounted {
  explicit Front(py::handle object) : weak(object) {}
  WeakObject weak;
};

Ref<RefCounted> hold_front(const Layer& layer) {
  const auto* front = dynamic_cast<const Front*>(layer.front().get());
  if (!front) return nullptr;
  const py::gil_scoped_acquire gil;
  return make_ref<HeldObject>(front->weak.get());
}

py::object front_of(const Layer& layer) {
  const auto* front = dynamic_cast<const Front*>(layer.front().get());
  return front ? front->weak.get_or_none() : py::none();
}

Json structure_data(const py::object& structure) {
  return to_json(py::module_::import("nacre._structure").attr("to_data")(structure));
}

}  // namespace

Tensors call_layer(Layer& layer, const Tensors& inputs, std::optional<bool> training,
                   const Tensors& masks, Json arguments, const py::object& structure) {
  for (const Tensor& t : inputs) {
    if (!origin_of(t)) continue;
    Json data;
    Ref<RefCounted> held;
    if (!structure.is_none()) {
      data = structure_data(structure);
      held = make_ref<HeldObject>(structure);
    }
    return note_call(layer, inputs, training, masks, std::move(data), std::move(held))
        ->output_tensors();
  }
  return layer(inputs, training, masks, std::move(arguments));
}

py::object noted_arguments(const CallNode* node) {
  if (!node) return py::none();
  if (const auto* held = dynamic_cast<const HeldObject*>(node->native_arguments.get())) {
    return held->object();
  }
  return py::module_::import("nacre._structure").attr("from_data")(from_json(node->arguments));
}

void note_variables(const Tensor& result, std::span<const Tensor> operands,
                    std::span<PyObject* const> arguments) {
  const Origin* origin = origin_of(result);
  if (!origin) return;
  for (PyObject* argument : arguments) {
    if (!argument) continue;
    if (PyList_Check(argument) || PyTuple_Check(argument)) {
      note_variables(result, operands,
                     {PySequence_Fast_ITEMS(argument),
                      static_cast<size_t>(PySequence_Fast_GET_SIZE(argument))});
    }
    if (!is_variable(argument)) continue;
    const VariableRef& variable = variable_of(argument);
    const uint64_t id = variable->raw().id();
    for (size_t i = 0; i < operands.size(); ++i) {
      if (operands[i].defined() && operands[i].id() == id) origin->node->variables[i] = variable;
    }
  }
}

void bind_functional(py::module_& m) {
  set_node_owner_hook(hold_front);

  py::class_<CallNode, Ref<CallNode>>(m, "CallNode")
      .def_property_readonly("layer", [](CallNode& node) { return node.layer; })
      .def_readonly("index", &CallNode::index)
      .def_property_readonly("is_input", &CallNode::is_input)
      .def_readonly("training", &CallNode::training)
      .def_property_readonly("inputs", [](CallNode& node) { return tensors_to_list(node.inputs); })
      // The arguments with positions in place of the inputs.
      .def_property_readonly("structure", [](CallNode& node) { return noted_arguments(&node); })
      .def_property_readonly("input_tensors",
                             [](CallNode& node) { return tensors_to_list(node.input_tensors()); })
      .def_property_readonly("output_tensors",
                             [](CallNode& node) { return tensors_to_list(node.output_tensors()); });

  m.def("set_front",
        [](Layer& layer, py::handle front) { layer.set_front(make_ref<Front>(front)); });
  m.def("front", [](const Layer& layer) { return front_of(layer); });
  m.def("inbound_nodes", [](const Layer& layer) {
    std::vector<Ref<CallNode>> nodes;
    for (CallNode* node : layer.inbound_nodes()) nodes.emplace_back(node);
    return nodes;
  });
  m.def("layer_input", [](const Layer& layer) { return tensors_to_list(layer.input()); });
  m.def("layer_output", [](const Layer& layer) { return tensors_to_list(layer.output()); });
  // (layer, index of the call, index of the output) of what a noted call returned; else None.
  m.def("origin", [](const Tensor& t) -> py::object {
    const Origin* origin = origin_of(t);
    if (!origin) return py::none();
    return py::make_tuple(origin->node->layer, origin->node->index, origin->index);
  });
  m.def("make_operation", [](py::handle config) { return make_operation(to_json(config)); });

  py::class_<Functional, Layer, Ref<Functional>>(m, "Functional")
      .def(py::init([](py::handle inputs, py::handle outputs, const std::string& name) {
        return make_ref<Functional>(tensors_from(inputs), tensors_from(outputs), name);
      }))
      .def_property_readonly("inputs", [](Functional& f) { return tensors_to_list(f.inputs()); })
      .def_property_readonly("outputs", [](Functional& f) { return tensors_to_list(f.outputs()); })
      .def_property_readonly("input_names", &Functional::input_names)
      .def_property_readonly("output_names", &Functional::output_names)
      .def_property_readonly("operations", &Functional::operations)
      .def_property_readonly("steps",
                             [](Functional& f) {
                               std::vector<std::pair<Ref<CallNode>, int>> steps;
                               for (const auto& step : f.steps()) {
                                 steps.emplace_back(step.node, step.depth);
                               }
                               return steps;
                             })
      .def("inbound_nodes",
           [](Functional& f, const Layer& layer) { return from_json(f.inbound_nodes(layer)); })
      .def("history", [](Functional& f, const Tensor& t) { return from_json(f.history(t)); })
      .def("set_structure", [](Functional& f, py::handle inputs, py::handle outputs) {
        f.set_structure(to_json(inputs), to_json(outputs));
      });

  py::class_<GraphReader>(m, "GraphReader")
      .def(py::init([](py::list layers, const py::function& make) {
        size_t next = 0;
        return GraphReader(to_json(layers), [&](const Json&) {
          const py::object made = make(layers[next++]);
          const Ref<Configurable> core = core_of(made);
          auto* layer = dynamic_cast<Layer*>(core.get());
          if (!layer) type_error("expected a layer, received an object of another kind");
          return Ref<Layer>(layer);
        });
      }))
      .def("tensor",
           [](GraphReader& reader, py::handle history) { return reader.tensor(to_json(history)); });
}

}  // namespace nacre::bindings
