// The Python type of an op: a callable that reads its OpDef, called without pybind11 in between.
#include <pybind11/numpy.h>
#include <structmember.h>

#include <algorithm>
#include <array>
#include <new>
#include <unordered_map>

#include "bindings/attr_value.h"
#include "bindings/bindings.h"
#include "bindings/call.h"
#include "bindings/errors.h"
#include "bindings/tensor.h"
#include "nacre/nn/seed.h"
#include "nacre/ops/opdef.h"

namespace nacre::bindings {
namespace {

constexpr size_t kMaxParams = 24;
constexpr size_t kInlineOperands = 6;
// Work on more bytes than this runs without the GIL.
constexpr size_t kReleaseBytes = size_t{32} << 10;

using Param = OpDef::Param;
using Kind = OpDef::Param::Kind;

struct PyOp {
  PyObject_HEAD vectorcallfunc vectorcall;
  const OpDef* def;
  PyObject* param_names;     // a tuple of interned str
  Ref<Attrs> default_attrs;  // shared by the calls that give none
  PyObject* weakrefs;
  bool takes_seed;    // a random op: its parameter seed may be left out
  bool tensors_only;  // every parameter is a tensor that must be given
};

PyTypeObject* g_op_type = nullptr;

const OpDef& def_of(PyObject* self) {
  return *reinterpret_cast<PyOp*>(self)->def;
}

// "linalg.norm" is called norm in messages.
std::string_view short_name(const OpDef& def) {
  const std::string_view name = def.name;
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

[[noreturn]] void unexpected_keyword(const OpDef& def, PyObject* key) {
  std::vector<std::string> names;
  for (const Param& p : def.parameters) names.push_back(p.name);
  const std::string name = PyUnicode_AsUTF8(key);
  type_error(short_name(def), ": unexpected keyword argument '", name, "'.",
             did_you_mean(name, names));
}

int index_of(const PyOp& op, PyObject* key) {
  const Py_ssize_t n = PyTuple_GET_SIZE(op.param_names);
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (PyTuple_GET_ITEM(op.param_names, i) == key) return static_cast<int>(i);
  }
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (PyUnicode_Compare(PyTuple_GET_ITEM(op.param_names, i), key) == 0)
      return static_cast<int>(i);
  }
  return -1;
}

// Rethrows an error of converting an argument, with the op and the argument in front.
template <class F>
auto naming(const OpDef& def, const Param& param, F&& f) {
  try {
    return f();
  } catch (const Error& error) {
    raise(error.kind(), short_name(def), ": argument '", param.name, "': ", error.what());
  }
}

// The seed of a random op: an int, a generator's next key, or for None the global generator's.
Tensor load_seed(PyObject* value) {
  if (!value || value == Py_None) return global_seed_generator().next();
  if (is_tensor(value)) return tensor_of(value);
  if (is_variable(value)) return variable_of(value)->value();
  if (PyIndex_Check(value) && !PyBool_Check(value) && !py::isinstance<py::array>(value)) {
    const auto seed = py::reinterpret_steal<py::object>(PyNumber_Index(value));
    const uint64_t bits = PyLong_AsUnsignedLongLongMask(seed.ptr());
    return Tensor::from<uint32_t>({static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32)},
                                  {2});
  }
  if (py::hasattr(value, "next")) {
    const py::object next = py::handle(value).attr("next")();
    if (is_tensor(next.ptr())) return tensor_of(next.ptr());
  }
  type_error("expected an int, a SeedGenerator or None, received ",
             py::repr(py::handle(value)).cast<std::string>());
}

Tensor load_operand(const OpDef& def, const Param& param, PyObject* value) {
  if (is_tensor(value)) return tensor_of(value);
  return naming(def, param, [&] { return to_operand(value); });
}

void load_list(const OpDef& def, const Param& param, PyObject* value, Tensors& operands) {
  if (is_tensor(value) || is_variable(value) || !PySequence_Check(value)) {
    const Tensor whole = load_operand(def, param, value);
    if (whole.rank() == 0) {
      type_error(short_name(def), ": argument '", param.name,
                 "': expected a sequence of tensors, received a scalar");
    }
    // The rows of one tensor.
    const auto iterator = py::reinterpret_steal<py::object>(wrap(whole));
    for (const py::handle row : iterator) operands.push_back(tensor_of(row.ptr()));
    return;
  }
  const auto items = py::reinterpret_steal<py::object>(PySequence_Fast(value, "sequence"));
  if (!items) throw py::error_already_set();
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(items.ptr());
  for (Py_ssize_t i = 0; i < n; ++i) {
    operands.push_back(load_operand(def, param, PySequence_Fast_GET_ITEM(items.ptr(), i)));
  }
}

Ref<Attrs> load_attrs(const PyOp& op, PyObject* const* bound) {
  const OpDef& def = *op.def;
  if (!def.make_attrs) return nullptr;
  Ref<Attrs> attrs;
  for (size_t i = 0; i < def.parameters.size(); ++i) {
    const Param& param = def.parameters[i];
    if (param.kind != Kind::kAttr && param.kind != Kind::kRequiredAttr) continue;
    if (!bound[i]) {
      if (param.kind == Kind::kRequiredAttr) {
        type_error(short_name(def), ": missing argument '", param.name, "'");
      }
      continue;
    }
    if (!attrs) attrs = def.make_attrs();
    naming(def, param, [&] { attrs->set(param.index, to_attr_value(bound[i])); });
  }
  return attrs ? attrs : op.default_attrs;
}

// The op on its operands, as Python gets it.
PyObject* apply_and_wrap(const OpDef& def, std::span<const Tensor> operands,
                         std::span<PyObject* const> arguments, Ref<Attrs> attrs = nullptr) {
  Tensors results = apply_op(def, operands, std::move(attrs));
  if (!results.empty() && results[0].is_placeholder()) {
    note_variables(results[0], operands, arguments);
  }
  if (!def.list_output && results.size() == 1) return wrap(std::move(results[0]));
  const auto n = static_cast<Py_ssize_t>(results.size());
  PyObject* sequence = def.list_output ? PyList_New(n) : PyTuple_New(n);
  if (!sequence) throw py::error_already_set();
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = wrap(std::move(results[i]));
    if (def.list_output) {
      PyList_SET_ITEM(sequence, i, item);
    } else {
      PyTuple_SET_ITEM(sequence, i, item);
    }
  }
  return sequence;
}

PyObject* call(PyObject* self, PyObject* const* args, size_t num_flags, PyObject* keywords) {
  const PyOp& op = *reinterpret_cast<PyOp*>(self);
  const OpDef& def = *op.def;
  const auto n = static_cast<size_t>(PyVectorcall_NARGS(num_flags));
  const size_t num_params = def.parameters.size();
  if (op.tensors_only && n == num_params && !keywords) {
    std::array<Tensor, kInlineOperands> operands;
    for (size_t i = 0; i < n; ++i) operands[i] = load_operand(def, def.parameters[i], args[i]);
    return apply_and_wrap(def, {operands.data(), n}, {args, n});
  }
  std::array<PyObject*, kMaxParams> bound{};
  py::object rest;  // operands given one by one: einsum("ij,jk", a, b), meshgrid(a, b)
  const auto list = static_cast<size_t>(std::max(def.list_param, 0));
  const bool spread = def.variadic && n > list;
  if (spread) {  // the list takes all further positional arguments
    rest = py::reinterpret_steal<py::object>(PyTuple_New(static_cast<Py_ssize_t>(n - list)));
    for (size_t i = list; i < n; ++i) {
      PyTuple_SET_ITEM(rest.ptr(), static_cast<Py_ssize_t>(i - list), Py_NewRef(args[i]));
    }
    bound[list] = rest.ptr();
  } else if (n > num_params) {
    type_error(short_name(def), ": expected at most ", num_params, " arguments, received ", n);
  }
  for (size_t i = 0; i < (spread ? list : n); ++i) bound[i] = args[i];
  if (keywords) {
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(keywords); ++k) {
      PyObject* key = PyTuple_GET_ITEM(keywords, k);
      const int index = index_of(op, key);
      if (index < 0) unexpected_keyword(def, key);
      if (bound[index]) {
        type_error(short_name(def), ": argument '", def.parameters[index].name, "' given twice");
      }
      bound[index] = args[n + static_cast<size_t>(k)];
    }
  }
  const Ref<Attrs> attrs = load_attrs(op, bound.data());
  if (def.list_param < 0 && static_cast<size_t>(def.num_tensor_params) <= kInlineOperands) {
    std::array<Tensor, kInlineOperands> operands;
    for (size_t i = 0; i < num_params; ++i) {
      const Param& param = def.parameters[i];
      if (param.kind == Kind::kAttr || param.kind == Kind::kRequiredAttr) continue;
      if (op.takes_seed && param.name == "seed") {
        operands[param.index] = naming(def, param, [&] { return load_seed(bound[i]); });
        continue;
      }
      if (!bound[i] || (bound[i] == Py_None && param.kind == Kind::kOptionalTensor)) {
        if (param.kind == Kind::kOptionalTensor) continue;
        type_error(short_name(def), ": missing argument '", param.name, "'");
      }
      operands[param.index] = load_operand(def, param, bound[i]);
    }
    const std::span<const Tensor> used(operands.data(), static_cast<size_t>(def.num_tensor_params));
    return apply_and_wrap(def, used, bound, attrs);
  }
  Tensors operands;
  for (size_t i = 0; i < num_params; ++i) {
    const Param& param = def.parameters[i];
    if (param.kind == Kind::kAttr || param.kind == Kind::kRequiredAttr) continue;
    if (!bound[i] || (bound[i] == Py_None && param.kind == Kind::kOptionalTensor)) {
      if (param.kind != Kind::kOptionalTensor) {
        type_error(short_name(def), ": missing argument '", param.name, "'");
      }
      operands.emplace_back();
    } else if (param.kind == Kind::kTensorList) {
      load_list(def, param, bound[i], operands);
    } else {
      operands.push_back(load_operand(def, param, bound[i]));
    }
  }
  return apply_and_wrap(def, operands, bound, attrs);
}

PyObject* vectorcall(PyObject* self, PyObject* const* args, size_t n, PyObject* keywords) {
  return guarded([&] { return call(self, args, n, keywords); });
}

// --- what introspection sees ---

py::object default_of(const OpDef& def, const Ref<Attrs>& attrs, const Param& param) {
  return from_attr_value(attrs->get(param.index));
}

PyObject* get_signature(PyObject* self, void*) {
  return guarded([&] {
    const PyOp& op = *reinterpret_cast<PyOp*>(self);
    const py::object inspect = py::module_::import("inspect");
    const py::object parameter = inspect.attr("Parameter");
    const py::object either = parameter.attr("POSITIONAL_OR_KEYWORD");
    py::list parameters;
    bool defaults = false;
    bool spread = false;
    for (const Param& p : op.def->parameters) {
      py::object given = parameter.attr("empty");
      if (p.kind == Kind::kOptionalTensor || (op.takes_seed && p.name == "seed"))
        given = py::none();
      if (p.kind == Kind::kAttr) given = default_of(*op.def, op.default_attrs, p);
      const bool variadic = op.def->variadic && p.kind == Kind::kTensorList;
      const bool has_default = !given.is(parameter.attr("empty"));
      const py::object kind = variadic ? parameter.attr("VAR_POSITIONAL")
                              : (defaults && !has_default) || spread
                                  ? parameter.attr("KEYWORD_ONLY")
                                  : either;
      parameters.append(parameter(p.name, kind, py::arg("default") = given));
      defaults = defaults || has_default;
      spread = spread || variadic;
    }
    return inspect.attr("Signature")(parameters).release().ptr();
  });
}

PyObject* text(std::string_view s) {
  return PyUnicode_FromStringAndSize(s.data(), static_cast<Py_ssize_t>(s.size()));
}
PyObject* get_name(PyObject* self, void*) {
  return text(short_name(def_of(self)));
}
PyObject* get_module(PyObject* self, void*) {
  const std::string& name = def_of(self).name;
  if (name.starts_with("random.")) return text("nacre.random");
  const size_t dot = name.rfind('.');
  return text(dot == std::string::npos ? "nacre.ops" : "nacre.ops." + name.substr(0, dot));
}
PyObject* get_doc(PyObject* self, void*) {
  return text(def_of(self).doc);
}
PyObject* get_parameters(PyObject* self, void*) {
  return guarded([&] {
    const PyOp& op = *reinterpret_cast<PyOp*>(self);
    py::list out;
    for (const Param& p : op.def->parameters) {
      static constexpr const char* kKinds[] = {"tensor", "optional_tensor", "tensors", "attribute",
                                               "required_attribute"};
      const bool attr = p.kind == Kind::kAttr || p.kind == Kind::kRequiredAttr;
      out.append(py::make_tuple(
          p.name, kKinds[static_cast<int>(p.kind)],
          attr ? op.default_attrs->field_type(p.index) : "Tensor",
          p.kind == Kind::kAttr ? default_of(*op.def, op.default_attrs, p) : py::none()));
    }
    return out.release().ptr();
  });
}
PyObject* get_flags(PyObject* self, void*) {
  return guarded([&] {
    const OpDef& def = def_of(self);
    py::dict flags;
    flags["internal"] = def.internal;
    flags["elementwise"] = def.elementwise;
    flags["differentiable"] = def.differentiable;
    flags["has_kernel"] = static_cast<bool>(def.kernel);
    flags["has_composite"] = static_cast<bool>(def.composite);
    flags["list_output"] = def.list_output;
    return flags.release().ptr();
  });
}

PyObject* repr(PyObject* self) {
  return text("<op " + def_of(self).name + ">");
}
PyObject* reduce(PyObject* self, PyObject*) {
  return guarded([&] {
    const py::object find = py::module_::import("nacre._core").attr("op");
    return py::make_tuple(find, py::make_tuple(def_of(self).name)).release().ptr();
  });
}

PyGetSetDef kAttributes[] = {
    {"__name__", get_name, nullptr, nullptr, nullptr},
    {"__qualname__", get_name, nullptr, nullptr, nullptr},
    {"__doc__", get_doc, nullptr, nullptr, nullptr},
    {"__signature__", get_signature, nullptr, nullptr, nullptr},
    {"parameters", get_parameters, nullptr,
     "(name, kind, type, default) of each parameter, from the op's definition.", nullptr},
    {"flags", get_flags, nullptr, "Facts about the op, from its definition.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMethodDef kMethods[] = {{"__reduce__", reduce, METH_NOARGS, "Pickles by name."},
                          {nullptr, nullptr, 0, nullptr}};

PyMemberDef kMembers[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(PyOp, vectorcall), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(PyOp, weakrefs), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

std::unordered_map<std::string_view, PyObject*>& op_objects() {
  static auto* map = new std::unordered_map<std::string_view, PyObject*>;
  return *map;
}

PyObject* op_object(const OpDef& def) {
  PyObject*& object = op_objects()[def.name];
  if (object) return object;
  if (def.parameters.size() > kMaxParams)
    runtime_error("op '", def.name, "' has too many parameters");
  auto* self = PyObject_New(PyOp, g_op_type);
  if (!self) throw py::error_already_set();
  self->vectorcall = vectorcall;
  self->def = &def;
  self->weakrefs = nullptr;
  self->tensors_only = def.parameters.size() <= kInlineOperands && !def.make_attrs;
  for (const Param& p : def.parameters) {
    self->tensors_only = self->tensors_only && p.kind == Kind::kTensor;
  }
  self->takes_seed = !def.internal &&
                     std::any_of(def.parameters.begin(), def.parameters.end(), [](const Param& p) {
                       return p.kind == Param::Kind::kTensor && p.name == "seed";
                     });
  new (&self->default_attrs) Ref<Attrs>(def.make_attrs ? def.make_attrs() : nullptr);
  self->param_names = PyTuple_New(static_cast<Py_ssize_t>(def.parameters.size()));
  for (size_t i = 0; i < def.parameters.size(); ++i) {
    PyTuple_SET_ITEM(self->param_names, static_cast<Py_ssize_t>(i),
                     PyUnicode_InternFromString(def.parameters[i].name.c_str()));
  }
  object = reinterpret_cast<PyObject*>(self);
  return object;
}

template <class F>
void* slot(F* function) {
  return reinterpret_cast<void*>(function);
}

}  // namespace

Tensors apply_op(const OpDef& op, std::span<const Tensor> operands, Ref<Attrs> attrs) {
  if (!attrs && op.make_attrs) attrs = reinterpret_cast<PyOp*>(op_object(op))->default_attrs;
  size_t bytes = operands.empty() ? kReleaseBytes + 1 : 0;
  for (const Tensor& t : operands) {
    if (t.defined() && !t.is_placeholder()) bytes += t.bytes();
  }
  if (bytes <= kReleaseBytes) return apply(op, operands, std::move(attrs));
  const py::gil_scoped_release release;
  return apply(op, operands, std::move(attrs));
}

PyObject* call_op(const char* name, PyObject* const* args, size_t num_positional, PyObject* names) {
  PyObject* result = PyObject_Vectorcall(op_object(find_op(name)), args, num_positional, names);
  if (!result) throw py::error_already_set();
  return result;
}

void bind_ops(py::module_& m) {
  PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>("An op: a function of tensors.")},
                         {Py_tp_call, slot(PyVectorcall_Call)},
                         {Py_tp_repr, slot(repr)},
                         {Py_tp_getset, kAttributes},
                         {Py_tp_methods, kMethods},
                         {Py_tp_members, kMembers},
                         {0, nullptr}};
  PyType_Spec spec = {
      "nacre._core.Op", sizeof(PyOp), 0,
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_HAVE_VECTORCALL, slots};
  g_op_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!g_op_type) throw py::error_already_set();
  // The type has a __module__ of its own; an op's is that of its public name.
  static PyGetSetDef module = {"__module__", get_module, nullptr, nullptr, nullptr};
  const auto descriptor = py::reinterpret_steal<py::object>(PyDescr_NewGetSet(g_op_type, &module));
  PyDict_SetItemString(g_op_type->tp_dict, "__module__", descriptor.ptr());
  PyType_Modified(g_op_type);
  m.attr("Op") = py::handle(reinterpret_cast<PyObject*>(g_op_type));
  m.def(
      "op", [](const std::string& name) { return py::handle(op_object(find_op(name))); },
      py::arg("name"), "The op of this name, internal ones included.");
  m.def(
      "public_ops",
      [](const std::string& prefix) {
        py::dict ops;
        for (const OpDef* def : all_ops()) {
          const size_t dot = def->name.rfind('.');
          const std::string_view head = dot == std::string::npos
                                            ? std::string_view()
                                            : std::string_view(def->name).substr(0, dot);
          if (def->internal || head != prefix) continue;
          ops[py::str(std::string(short_name(*def)))] = py::handle(op_object(*def));
        }
        return ops;
      },
      py::arg("prefix"), "The public ops named 'prefix.name' (without a dot for ''), by name.");
  m.def(
      "all_ops",
      [] {
        py::dict ops;
        for (const OpDef* def : all_ops()) ops[py::str(def->name)] = py::handle(op_object(*def));
        return ops;
      },
      "Every registered op by name.");
}

}  // namespace nacre::bindings
