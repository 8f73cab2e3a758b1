#include <cstring>

#include "bindings/nn.h"
#include "nacre/nn/activation.h"
#include "nacre/nn/seed.h"

namespace nacre::bindings {
namespace {

Json sequence_to_json(py::handle value) {
  Json::Array items;
  for (const py::handle item : value) items.push_back(to_json(item));
  return Json(std::move(items));
}

// The C++ side of a keras.random.SeedGenerator, or null.
SeedGenerator* seed_generator_of(py::handle object) {
  if (!py::hasattr(object, "_core")) return nullptr;
  const py::object core = object.attr("_core");
  return py::isinstance<SeedGenerator>(core) ? core.cast<SeedGenerator*>() : nullptr;
}

}  // namespace

Ref<Configurable> core_of(py::handle object) {
  if (py::isinstance<Configurable>(object)) {
    return Ref<Configurable>(object.cast<Configurable*>());
  }
  if (!py::hasattr(object, "_core")) return nullptr;
  const py::object core = object.attr("_core");  // may be made for this call: held by the result
  if (!py::isinstance<Configurable>(core)) return nullptr;
  return Ref<Configurable>(core.cast<Configurable*>());
}

Ref<RefCounted> function_handle(py::object function) {
  // Released with the GIL held, whoever drops the last reference.
  auto held = std::shared_ptr<py::object>(new py::object(std::move(function)), [](py::object* f) {
    const py::gil_scoped_acquire gil;
    delete f;
  });
  auto handle = make_ref<FunctionHandle>([held](const Tensor& x) {
    const py::gil_scoped_acquire gil;
    return to_operand((*held)(x).ptr());
  });
  handle->initialize = [held](const Shape& shape, DType dtype) {
    const py::gil_scoped_acquire gil;
    return to_tensor((*held)(shape_tuple(shape), py::arg("dtype") = dtype).ptr(), dtype);
  };
  return handle;
}

Json to_json(py::handle value) {
  PyObject* p = value.ptr();
  if (value.is_none()) return {};
  if (PyBool_Check(p)) return Json(p == Py_True);
  if (PyFloat_Check(p)) return Json(PyFloat_AsDouble(p));
  if (PyLong_Check(p)) {
    const long long n = PyLong_AsLongLong(p);
    if (n == -1 && PyErr_Occurred()) throw py::error_already_set();
    return Json(static_cast<int64_t>(n));
  }
  if (PyUnicode_Check(p)) return Json(value.cast<std::string>());
  if (PyTuple_Check(p) || PyList_Check(p)) return sequence_to_json(value);
  if (PyDict_Check(p)) {
    Json object = Json::object();
    for (const auto& [key, item] : py::reinterpret_borrow<py::dict>(value)) {
      object[key.cast<std::string>()] = to_json(item);
    }
    return object;
  }
  if (const Ref<Configurable> core = core_of(value)) return Json(Ref<RefCounted>(core.get()));
  if (SeedGenerator* generator = seed_generator_of(value)) {
    return Json(Ref<RefCounted>(generator));
  }
  if (is_tensor(p)) return to_json(to_numpy(tensor_of(p), true).attr("tolist")());
  if (py::hasattr(value, "tolist")) return to_json(value.attr("tolist")());  // NumPy
  if (PyIndex_Check(p)) return to_json(py::reinterpret_steal<py::object>(PyNumber_Index(p)));
  // A function of nacre.activations is its name.
  if (PyFunction_Check(p) &&
      py::getattr(value, "__module__", py::none()).equal(py::str("nacre.activations.functions"))) {
    return Json(value.attr("__name__").cast<std::string>());
  }
  if (PyCallable_Check(p)) return Json(function_handle(py::reinterpret_borrow<py::object>(value)));
  type_error("expected a number, string, sequence, mapping or an object of nacre, received ",
             std::string(Py_TYPE(p)->tp_name));
}

py::object from_json(const Json& json) {
  switch (json.type()) {
    case Json::Type::kBool:
      return py::bool_(json.as_bool());
    case Json::Type::kInt:
      return py::int_(json.as_int());
    case Json::Type::kDouble:
      return py::float_(json.as_double());
    case Json::Type::kString:
      return py::str(json.as_string());
    case Json::Type::kArray: {
      py::list items;
      for (const Json& item : json.as_array()) items.append(from_json(item));
      return items;
    }
    case Json::Type::kObject: {
      py::dict out;
      for (const auto& [key, value] : json.as_object()) out[py::str(key)] = from_json(value);
      return out;
    }
    default:
      return py::none();
  }
}

Tensors tensors_from(py::handle sequence) {
  Tensors out;
  for (const py::handle item : sequence) {
    out.push_back(item.is_none() ? Tensor() : to_operand(item.ptr()));
  }
  return out;
}

py::list tensors_to_list(const Tensors& tensors) {
  py::list out;
  for (const Tensor& t : tensors) out.append(py::reinterpret_steal<py::object>(wrap(t)));
  return out;
}

WeakObject::WeakObject(py::handle object) : reference_(PyWeakref_NewRef(object.ptr(), nullptr)) {
  if (!reference_) throw py::error_already_set();
}

WeakObject::~WeakObject() {
  const py::gil_scoped_acquire gil;
  Py_DECREF(reference_);
}

py::object WeakObject::get() const {
  PyObject* object = PyWeakref_GetObject(reference_);
  if (!object || object == Py_None) runtime_error("the Python object behind this one is gone");
  return py::reinterpret_borrow<py::object>(object);
}

py::object WeakObject::get_or_none() const {
  PyObject* object = PyWeakref_GetObject(reference_);
  return object ? py::reinterpret_borrow<py::object>(object) : py::none();
}

}  // namespace nacre::bindings
