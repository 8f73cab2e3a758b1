// The profiler, and FLOPs of a model.
#include "nacre/graph/profiler.h"

#include <pybind11/stl.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "bindings/bindings.h"
#include "bindings/nn.h"
#include "nacre/nn/layer.h"

namespace nacre::bindings {
namespace {

py::list entries(const Profiler& profiler) {
  py::list out;
  for (const ProfileEntry& e : profiler.entries()) {
    py::dict entry;
    entry["layer"] = e.scope;
    entry["op"] = e.op;
    entry["backward"] = e.backward;
    entry["calls"] = e.calls;
    entry["seconds"] = e.seconds;
    entry["flops"] = e.flops;
    entry["bytes"] = e.bytes;
    out.append(entry);
  }
  return out;
}

py::list events(const Profiler& profiler) {
  py::list out;
  for (const ProfileEvent& e : profiler.events()) {
    out.append(py::make_tuple(e.entry, e.thread, e.start_ns, e.duration_ns));
  }
  return out;
}

// FLOPs of one call of a layer, by the path of the layer that does them.
std::map<std::string, double> call_flops(Layer& layer, const py::object& inputs) {
  Tensors given;
  for (const Tensor& t : tensors_from(inputs)) given.push_back(t.alias());
  Capture capture(given);
  {
    const RecorderScope scope(capture);
    layer(given, false);
  }
  layer.clear_losses();
  const Graph graph = capture.finish({});
  std::map<std::string, double> flops;
  for (const GraphNode& node : graph.nodes) {
    if (node.scope < 0) continue;
    flops[graph.scopes[static_cast<size_t>(node.scope)]] += node_cost(graph, node).first;
  }
  return flops;
}

}  // namespace

void bind_profiler(py::module_& m) {
  py::class_<Profiler, std::shared_ptr<Profiler>>(m, "Profiler", "Times of kernels.")
      .def(py::init<size_t>(), py::arg("max_events") = 0)
      .def("start", [](const std::shared_ptr<Profiler>& self) { Profiler::start(self); })
      .def("stop", &Profiler::stop)
      .def_property_readonly("seconds", &Profiler::seconds)
      .def_property_readonly("num_dropped", &Profiler::num_dropped)
      .def("entries", entries)
      .def("events", events, "(entry, thread, start, duration) in nanoseconds, oldest first.");
  m.def(
      "measure_roofline",
      [](int threads) {
        if (threads < 1) value_error("roofline: expected at least 1 thread, received ", threads);
        const Roofline r = measure_roofline(threads);
        return std::make_pair(r.flops_per_second, r.bytes_per_second);
      },
      py::arg("threads"), py::call_guard<py::gil_scoped_release>(),
      "FLOP/s of float32 FMAs and bytes/s of a copy.");
  m.def("call_flops", call_flops, py::arg("layer"), py::arg("inputs"),
        "FLOPs of one call by the path of the layer.");
}

}  // namespace nacre::bindings
