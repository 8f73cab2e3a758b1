// The Python type nacre.Variable: state that is assigned; behaves as its value in operators.
#include <Python.h>
#include <structmember.h>

#include <new>
#include <unordered_map>

#include "bindings/bindings.h"
#include "bindings/call.h"
#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/tensor.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"

namespace nacre::bindings {

PyTypeObject* g_variable_type = nullptr;

namespace {

// The Python object of each variable that has one (borrowed; guarded by the GIL).
std::unordered_map<uint64_t, PyObject*>& objects() {
  static auto* map = new std::unordered_map<uint64_t, PyObject*>;
  return *map;
}

PyObject* new_object(PyTypeObject* type, const VariableRef& variable) {
  auto* self = reinterpret_cast<PyVariable*>(type->tp_alloc(type, 0));
  if (!self) throw py::error_already_set();
  new (&self->variable) VariableRef(variable);
  if (variable) objects()[variable->id()] = reinterpret_cast<PyObject*>(self);
  return reinterpret_cast<PyObject*>(self);
}

Variable& variable_in(PyObject* self) {
  const VariableRef& variable = variable_of(self);
  if (!variable) runtime_error("Variable: __init__ has not been called");
  return *variable;
}

void dealloc(PyObject* self) {
  auto* object = reinterpret_cast<PyVariable*>(self);
  PyObject_GC_UnTrack(self);
  if (object->weakrefs) PyObject_ClearWeakRefs(self);
  if (object->variable) {
    const auto found = objects().find(object->variable->id());
    if (found != objects().end() && found->second == self) objects().erase(found);
  }
  object->variable.~VariableRef();
  Py_CLEAR(object->dict);
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(reinterpret_cast<PyVariable*>(self)->dict);
  return 0;
}

int clear(PyObject* self) {
  Py_CLEAR(reinterpret_cast<PyVariable*>(self)->dict);
  return 0;
}

PyObject* new_variable(PyTypeObject* type, PyObject*, PyObject*) {
  return guarded([&] { return new_object(type, VariableRef()); });
}

std::string unique_name() {
  static int64_t count = 0;
  const int64_t n = count++;
  return n == 0 ? "variable" : "variable_" + std::to_string(n);
}

Tensor initial_value(py::object initializer, const py::object& shape, std::optional<DType> dtype) {
  if (PyUnicode_Check(initializer.ptr())) {
    initializer = py::module_::import("nacre.initializers").attr("get")(initializer);
  }
  const PauseRecording pause;
  if (PyCallable_Check(initializer.ptr()) && !is_tensor(initializer.ptr())) {
    if (shape.is_none()) {
      value_error("Variable: a callable initializer needs a shape, received shape=None");
    }
    const DType made = dtype.value_or(floatx());
    const py::object value = initializer(shape, py::arg("dtype") = std::string(name_of(made)));
    return to_tensor(value.ptr(), made);
  }
  Tensor value = to_tensor(initializer.ptr());
  // Without a dtype, floating values are floatx, as Keras has it.
  if (dtype) {
    value = to_tensor(initializer.ptr(), dtype);
  } else if (value.dtype() == DType::kFloat64) {
    value = ops::cast(value, floatx());
  }
  if (!shape.is_none()) {
    const Shape wanted = shape.cast<Shape>();
    if (!(wanted == value.shape())) {
      value_error("Variable: expected an initial value of shape ", wanted, ", received ",
                  value.shape());
    }
  }
  return value;
}

int init(PyObject* self, PyObject* args, PyObject* kwargs) {
  PyObject *initializer, *shape = Py_None, *dtype = Py_None, *aggregation = Py_None;
  PyObject *name = Py_None, *autocast = Py_None, *synchronization = Py_None;
  int trainable = 1;
  const char* names[] = {"initializer", "shape", "dtype",           "trainable", "autocast",
                         "aggregation", "name",  "synchronization", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OOpOOOO:Variable", const_cast<char**>(names),
                                   &initializer, &shape, &dtype, &trainable, &autocast,
                                   &aggregation, &name, &synchronization)) {
    return -1;
  }
  return guarded<int>(
      [&] {
        std::optional<DType> wanted;
        if (dtype != Py_None) wanted = to_dtype(dtype);
        if (initializer == Py_None)
          type_error("Variable: expected an initial value, received None");
        const Tensor value = initial_value(py::reinterpret_borrow<py::object>(initializer),
                                           py::reinterpret_borrow<py::object>(shape), wanted);
        if (name != Py_None && !PyUnicode_Check(name)) {
          type_error("Variable: expected a str for name, received ",
                     py::repr(name).cast<std::string>());
        }
        auto* object = reinterpret_cast<PyVariable*>(self);
        object->variable = make_ref<Variable>(
            value, name == Py_None ? unique_name() : py::handle(name).cast<std::string>(),
            trainable != 0);
        objects()[object->variable->id()] = self;
        return 0;
      },
      -1);
}

// --- attributes ---

PyObject* get_value(PyObject* self, void*) {
  return guarded([&] { return wrap(variable_in(self).value()); });
}
PyObject* get_shape(PyObject* self, void*) {
  return guarded([&] { return shape_tuple(variable_in(self).shape()).release().ptr(); });
}
PyObject* get_dtype(PyObject* self, void*) {
  return guarded([&] { return py::cast(variable_in(self).dtype()).release().ptr(); });
}
PyObject* get_ndim(PyObject* self, void*) {
  return guarded([&] { return PyLong_FromLong(variable_in(self).shape().rank()); });
}
PyObject* get_size(PyObject* self, void*) {
  return guarded([&] { return PyLong_FromLongLong(variable_in(self).size()); });
}
PyObject* get_transposed(PyObject* self, void*) {
  return guarded([&] { return wrap(ops::transpose(variable_in(self).value())); });
}

template <auto field>
PyObject* get_field(PyObject* self, void*) {
  return guarded([&] { return py::cast(variable_in(self).*field).release().ptr(); });
}
template <auto field>
int set_field(PyObject* self, PyObject* value, void*) {
  return guarded<int>(
      [&] {
        using T = std::remove_reference_t<decltype(variable_in(self).*field)>;
        if (!value) type_error("Variable: this attribute cannot be deleted");
        if constexpr (std::is_same_v<T, bool>) {
          const int truth = PyObject_IsTrue(value);
          if (truth < 0) throw py::error_already_set();
          variable_in(self).*field = truth != 0;
        } else {
          variable_in(self).*field = py::handle(value).cast<T>();
        }
        return 0;
      },
      -1);
}

PyObject* get_id(PyObject* self, void*) {
  return guarded([&] { return PyLong_FromUnsignedLongLong(variable_in(self).id()); });
}

PyGetSetDef kAttributes[] = {
    {"value", get_value, nullptr, "The current value, a tensor.", nullptr},
    {"shape", get_shape, nullptr, "Dimensions, a tuple.", nullptr},
    {"dtype", get_dtype, nullptr, "Name of the element type.", nullptr},
    {"ndim", get_ndim, nullptr, "Number of dimensions.", nullptr},
    {"size", get_size, nullptr, "Number of elements.", nullptr},
    {"T", get_transposed, nullptr, "The value with its axes reversed.", nullptr},
    {"name", get_field<&Variable::name>, set_field<&Variable::name>, "Name, e.g. 'kernel'.",
     nullptr},
    {"path", get_field<&Variable::path>, set_field<&Variable::path>,
     "Name with its layers', e.g. 'dense/kernel'.", nullptr},
    {"trainable", get_field<&Variable::trainable>, set_field<&Variable::trainable>,
     "Whether training changes it and gradient tapes watch it.", nullptr},
    {"overwrite_with_gradient", get_field<&Variable::overwrite_with_gradient>,
     set_field<&Variable::overwrite_with_gradient>,
     "Whether an optimizer replaces it by its gradient.", nullptr},
    {"_id", get_id, nullptr, nullptr, nullptr},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

// --- methods ---

Tensor operand_for(const Variable& variable, PyObject* value) {
  const Tensor t = to_operand(value);
  return t.is_weak() ? to_tensor(value, variable.dtype()) : t;
}

PyObject* assign(PyObject* self, PyObject* value) {
  return guarded([&] {
    Variable& variable = variable_in(self);
    Tensor t = operand_for(variable, value);
    variable.assign(t);
    return wrap(variable.value());
  });
}
PyObject* assign_add(PyObject* self, PyObject* value) {
  return guarded([&] {
    Variable& variable = variable_in(self);
    variable.assign(ops::add(variable.value(), operand_for(variable, value)));
    return wrap(variable.value());
  });
}
PyObject* assign_sub(PyObject* self, PyObject* value) {
  return guarded([&] {
    Variable& variable = variable_in(self);
    variable.assign(ops::subtract(variable.value(), operand_for(variable, value)));
    return wrap(variable.value());
  });
}

// Anything else that tensors do, done by the value.
PyObject* value_method(PyObject* self, const char* name, PyObject* args, PyObject* kwargs) {
  return guarded([&]() -> PyObject* {
    const auto value = py::reinterpret_steal<py::object>(wrap(variable_in(self).value()));
    const py::object method = value.attr(name);
    return PyObject_Call(method.ptr(), args, kwargs);
  });
}
template <const char* name>
PyObject* forward(PyObject* self, PyObject* args, PyObject* kwargs) {
  return value_method(self, name, args, kwargs);
}
constexpr char kNumpy[] = "numpy", kArray[] = "__array__", kDlpack[] = "__dlpack__",
               kDlpackDevice[] = "__dlpack_device__", kItem[] = "item", kTolist[] = "tolist",
               kReshape[] = "reshape", kAstype[] = "astype", kFormat[] = "__format__";

template <const char* name>
constexpr PyMethodDef forwarded() {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&forward<name>)),
          METH_VARARGS | METH_KEYWORDS, "The method of this name of the value."};
}

PyObject* deepcopy(PyObject* self, PyObject*) {
  return guarded([&] {
    const Variable& original = variable_in(self);
    auto copy = make_ref<Variable>(original.raw(), original.name, original.trainable);
    copy->path = original.path;
    copy->saved = original.saved;
    copy->overwrite_with_gradient = original.overwrite_with_gradient;
    copy->regularizer = original.regularizer;
    copy->constraint = original.constraint;
    return wrap(VariableRef(copy));
  });
}

PyObject* reduce(PyObject* self, PyObject*) {
  return guarded([&] {
    const Variable& v = variable_in(self);
    const py::object make = py::module_::import("nacre._core").attr("variable_from_numpy");
    return py::make_tuple(make, py::make_tuple(to_numpy(v.raw(), false), v.dtype(), v.name, v.path,
                                               v.trainable))
        .release()
        .ptr();
  });
}

PyMethodDef kMethods[] = {
    {"assign", assign, METH_O, "Replaces the value by one of the same shape; returns it."},
    {"assign_add", assign_add, METH_O, "Adds to the value; returns it."},
    {"assign_sub", assign_sub, METH_O, "Subtracts from the value; returns it."},
    forwarded<kNumpy>(),
    forwarded<kArray>(),
    forwarded<kDlpack>(),
    forwarded<kDlpackDevice>(),
    forwarded<kItem>(),
    forwarded<kTolist>(),
    forwarded<kReshape>(),
    forwarded<kAstype>(),
    forwarded<kFormat>(),
    {"__deepcopy__", deepcopy, METH_O, "A variable of its own with the same value."},
    {"__reduce__", reduce, METH_NOARGS, "Pickles by value."},
    {nullptr, nullptr, 0, nullptr}};

// --- slots that the value answers ---

template <class Result, class F>
Result with_value(PyObject* self, F&& f, Result failed) {
  return guarded<Result>(
      [&] {
        const auto value = py::reinterpret_steal<py::object>(wrap(variable_in(self).value()));
        return f(value.ptr());
      },
      failed);
}
Py_ssize_t length(PyObject* self) {
  return with_value<Py_ssize_t>(self, PyObject_Size, -1);
}
PyObject* iterate(PyObject* self) {
  return with_value<PyObject*>(self, PyObject_GetIter, nullptr);
}
int as_bool(PyObject* self) {
  return with_value<int>(self, PyObject_IsTrue, -1);
}
PyObject* as_float(PyObject* self) {
  return with_value<PyObject*>(self, PyNumber_Float, nullptr);
}
PyObject* as_int(PyObject* self) {
  return with_value<PyObject*>(self, PyNumber_Long, nullptr);
}
PyObject* as_index(PyObject* self) {
  return with_value<PyObject*>(self, PyNumber_Index, nullptr);
}
PyObject* subscript(PyObject* self, PyObject* key) {
  return guarded([&] { return get_item(variable_in(self).value(), key); });
}

PyObject* repr(PyObject* self) {
  return guarded([&]() -> PyObject* {
    const Variable& v = variable_in(self);
    const PauseRecording pause;
    const auto value = py::reinterpret_steal<py::object>(wrap(v.raw()));
    const std::string text = str_cat("<Variable path=", v.path, ", shape=", v.shape(),
                                     ", dtype=", v.dtype(), ", value=", to_string(v.raw()), ">");
    return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
  });
}

PyMemberDef kMembers[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(PyVariable, weakrefs), READONLY, nullptr},
    {"__dictoffset__", T_PYSSIZET, offsetof(PyVariable, dict), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

template <class F>
void* slot(F* function) {
  return reinterpret_cast<void*>(function);
}

}  // namespace

PyObject* wrap(const VariableRef& variable) {
  if (!variable) Py_RETURN_NONE;
  const auto found = objects().find(variable->id());
  if (found != objects().end()) return Py_NewRef(found->second);
  return new_object(g_variable_type, variable);
}

void bind_variable(py::module_& m) {
  PyNumberMethods& number = g_number_methods;
  PyType_Slot slots[] = {
      {Py_tp_doc,
       const_cast<char*>(
           "A named value that can be assigned.\n\nArgs:\n"
           "    initializer: the initial value, or a callable(shape, dtype=...) that makes it.\n"
           "    shape: the shape, for a callable.\n"
           "    dtype: of the value; None: that of the value, floatx for floats.\n"
           "    trainable: whether training changes it and gradient tapes watch it.\n"
           "    name: for messages and files.\n")},
      {Py_tp_new, slot(new_variable)},
      {Py_tp_init, slot(init)},
      {Py_tp_dealloc, slot(dealloc)},
      {Py_tp_traverse, slot(traverse)},
      {Py_tp_clear, slot(clear)},
      {Py_tp_repr, slot(repr)},
      {Py_tp_hash, slot(PyBaseObject_Type.tp_hash)},  // by identity
      {Py_tp_richcompare, slot(rich_compare)},
      {Py_tp_iter, slot(iterate)},
      {Py_tp_methods, kMethods},
      {Py_tp_members, kMembers},
      {Py_tp_getset, kAttributes},
      {Py_mp_length, slot(length)},
      {Py_mp_subscript, slot(subscript)},
      {Py_nb_bool, slot(as_bool)},
      {Py_nb_float, slot(as_float)},
      {Py_nb_int, slot(as_int)},
      {Py_nb_index, slot(as_index)},
      {Py_nb_add, slot(number.nb_add)},
      {Py_nb_subtract, slot(number.nb_subtract)},
      {Py_nb_multiply, slot(number.nb_multiply)},
      {Py_nb_true_divide, slot(number.nb_true_divide)},
      {Py_nb_floor_divide, slot(number.nb_floor_divide)},
      {Py_nb_remainder, slot(number.nb_remainder)},
      {Py_nb_divmod, slot(number.nb_divmod)},
      {Py_nb_power, slot(number.nb_power)},
      {Py_nb_matrix_multiply, slot(number.nb_matrix_multiply)},
      {Py_nb_negative, slot(number.nb_negative)},
      {Py_nb_positive, slot(number.nb_positive)},
      {Py_nb_absolute, slot(number.nb_absolute)},
      {Py_nb_invert, slot(number.nb_invert)},
      {Py_nb_and, slot(number.nb_and)},
      {Py_nb_or, slot(number.nb_or)},
      {Py_nb_xor, slot(number.nb_xor)},
      {Py_nb_lshift, slot(number.nb_lshift)},
      {Py_nb_rshift, slot(number.nb_rshift)},
      {0, nullptr}};
  PyType_Spec spec = {"nacre.Variable", sizeof(PyVariable), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
  g_variable_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!g_variable_type) throw py::error_already_set();
  PyDict_SetItemString(g_variable_type->tp_dict, "__array_priority__", py::int_(1000).ptr());
  PyType_Modified(g_variable_type);
  m.attr("Variable") = py::handle(reinterpret_cast<PyObject*>(g_variable_type));
  m.def(
      "variable_from_numpy",
      [](const py::array& array, DType dtype, const std::string& name, const std::string& path,
         bool trainable) {
        Tensor value = from_array(array);
        if (value.dtype() != dtype) value = ops::cast(value, dtype);
        auto variable = make_ref<Variable>(value, name, trainable);
        variable->path = path;
        return VariableRef(variable);
      },
      "Rebuilds a pickled variable.");
}

}  // namespace nacre::bindings
