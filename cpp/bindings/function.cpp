// nacre.function: a Python function that is recorded once a signature and replayed as a plan.
#include <algorithm>
#include <atomic>
#include <unordered_map>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/tensor.h"
#include "nacre/graph/plan.h"
#include "nacre/ops/recorder.h"

namespace nacre::bindings {
namespace {

std::atomic<bool> g_run_eagerly{false};

// Past this many plans the user is told once that plain numbers as arguments make a plan each.
constexpr int kManyPlans = 32;

bool is_plain(PyObject* o) {
  return o == Py_None || PyBool_Check(o) || PyLong_Check(o) || PyFloat_Check(o) ||
         PyUnicode_Check(o) || PyBytes_Check(o);
}

// A function's arguments or results: tensors taken out, the rest as a text that identifies it.
class Flattener {
 public:
  virtual ~Flattener() = default;

  void add(PyObject* o) {
    if (is_tensor(o)) {
      add_tensor(tensor_of(o));
    } else if (PyTuple_Check(o) || PyList_Check(o)) {
      const bool exact = PyTuple_CheckExact(o) || PyList_CheckExact(o);
      key += PyList_Check(o) ? '[' : '(';
      if (!exact) add_identity(reinterpret_cast<PyObject*>(Py_TYPE(o)));
      for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) {
        add(PySequence_Fast_GET_ITEM(o, i));
      }
      key += ')';
    } else if (PyDict_Check(o)) {
      key += '{';
      PyObject *name, *value;
      Py_ssize_t at = 0;
      while (PyDict_Next(o, &at, &name, &value)) {
        add(name);
        add(value);
      }
      key += '}';
    } else {
      add_leaf(o);
    }
  }

  Tensors tensors;
  std::string key;

 protected:
  virtual void add_leaf(PyObject* o) = 0;
  virtual void add_identity(PyObject* o) = 0;

  void add_tensor(const Tensor& t) {
    key += static_cast<char>('A' + static_cast<int>(t.dtype()));
    for (const int64_t dim : t.shape()) add_int(dim);
    key += ';';
    tensors.push_back(t);
  }
  void add_int(int64_t n) { key.append(reinterpret_cast<const char*>(&n), sizeof n); }
  void add_plain(PyObject* o) {
    if (o == Py_None) {
      key += 'n';
    } else if (PyBool_Check(o)) {
      key += o == Py_True ? 't' : 'f';
    } else if (PyFloat_Check(o)) {
      const double value = PyFloat_AS_DOUBLE(o);
      key += 'd';
      key.append(reinterpret_cast<const char*>(&value), sizeof value);
    } else if (PyBytes_Check(o)) {
      key += 'y';
      add_int(PyBytes_GET_SIZE(o));
      key.append(PyBytes_AS_STRING(o), static_cast<size_t>(PyBytes_GET_SIZE(o)));
    } else {
      const auto text = py::reinterpret_steal<py::object>(PyObject_Str(o));
      Py_ssize_t size = 0;
      const char* data = text ? PyUnicode_AsUTF8AndSize(text.ptr(), &size) : nullptr;
      if (!data) throw py::error_already_set();
      key += PyUnicode_Check(o) ? 's' : 'i';
      add_int(size);
      key.append(data, static_cast<size_t>(size));
    }
  }
};

// A structure like `o` with the tensors (and arrays) in it replaced in order.
py::object rebuild(PyObject* o, const Tensor*& next) {
  if (is_tensor(o) || py::isinstance<py::array>(o)) {
    return py::reinterpret_steal<py::object>(wrap(*next++));
  }
  if (PyTuple_Check(o) || PyList_Check(o)) {
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
    py::list items(n);
    for (Py_ssize_t i = 0; i < n; ++i) items[i] = rebuild(PySequence_Fast_GET_ITEM(o, i), next);
    if (PyList_CheckExact(o)) return items;
    if (PyTuple_CheckExact(o)) return py::tuple(items);
    const py::handle type = reinterpret_cast<PyObject*>(Py_TYPE(o));
    return py::hasattr(type, "_fields") ? type(*py::tuple(items)) : type(items);
  }
  if (PyDict_Check(o)) {
    py::dict out;
    PyObject *name, *value;
    Py_ssize_t at = 0;
    while (PyDict_Next(o, &at, &name, &value)) out[py::handle(name)] = rebuild(value, next);
    return out;
  }
  return py::reinterpret_borrow<py::object>(o);
}

// Results: what is neither a tensor nor plain cannot be made again by a plan.
class ResultFlattener final : public Flattener {
 public:
  std::string failure;

 protected:
  void add_leaf(PyObject* o) override {
    if (is_plain(o) || is_variable(o) || PyCallable_Check(o)) return;
    failure = str_cat("it returned an object of type ", Py_TYPE(o)->tp_name,
                      ", which a replay could not make again");
  }
  void add_identity(PyObject*) override {}
};

class CapturedFunction {
 public:
  CapturedFunction(py::function f, const std::string& name)
      : f_(std::move(f)), plans_("function '" + name + "'"), name_(name) {}

  py::object call(const py::tuple& args, const py::dict& kwargs) {
    if (g_run_eagerly || !active_recorders().empty()) return f_(*args, **kwargs);
    if (stale_.exchange(false)) clear();
    ArgumentFlattener given(*this);
    given.add(args.ptr());
    if (PyDict_Size(kwargs.ptr()) > 0) given.add(kwargs.ptr());
    for (const Tensor& t : given.tensors) {
      if (t.is_placeholder()) return f_(*args, **kwargs);
    }
    py::object result;  // of f itself, when it had to run, and the tensors in it
    Tensors own;
    const auto run = [&](std::span<const Tensor> arguments) {
      const py::gil_scoped_acquire gil;
      const Tensor* next = arguments.data();
      const py::object new_args = rebuild(args.ptr(), next);
      const py::object new_kwargs = rebuild(kwargs.ptr(), next);
      result = f_(*py::reinterpret_borrow<py::tuple>(new_args),
                  **py::reinterpret_borrow<py::dict>(new_kwargs));
      ResultFlattener results;
      results.add(result.ptr());
      if (!results.failure.empty()) {
        if (auto* capture = recording()) capture->fail(results.failure);
      }
      Tensors placeholders;  // the structure alone: nothing is kept alive
      for (const Tensor& t : results.tensors) placeholders.push_back(Tensor::placeholder(t.spec()));
      const Tensor* place = placeholders.data();
      templates_[given.key] = rebuild(result.ptr(), place);
      own = results.tensors;
      return own;
    };
    Tensors outputs;
    {
      const py::gil_scoped_release release;
      outputs = plans_.call(given.tensors, given.key, run);
    }
    if (result) {
      warn_of_many();
      // A recorded result has no values: they are the plan's.
      const bool recorded =
          std::any_of(own.begin(), own.end(), [](const Tensor& t) { return t.is_deferred(); });
      if (!recorded) return result;
    }
    const auto found = templates_.find(given.key);
    if (found == templates_.end()) return f_(*args, **kwargs);  // cleared by another thread
    const py::object like = found->second;
    const Tensor* next = outputs.data();
    return rebuild(like.ptr(), next);
  }

  size_t num_plans() const { return plans_.size(); }
  void clear() {
    plans_.clear();
    templates_.clear();
    identities_.clear();
  }
  std::string text(const py::tuple& args, const py::dict& kwargs) {
    ArgumentFlattener given(*this);
    given.add(args.ptr());
    if (PyDict_Size(kwargs.ptr()) > 0) given.add(kwargs.ptr());
    const std::shared_ptr<Plan> plan = plans_.find(given.tensors, given.key);
    return plan ? plan->graph().str() : std::string();
  }

 private:
  // A value known by which object it is; its number is never used again.
  struct Identity {
    py::object reference;  // weak where the type allows it
    bool weak = false;
    uint64_t number = 0;
  };

  class ArgumentFlattener final : public Flattener {
   public:
    explicit ArgumentFlattener(CapturedFunction& owner) : owner_(owner) {}

   protected:
    void add_leaf(PyObject* o) override {
      if (is_plain(o)) {
        add_plain(o);
      } else if (is_variable(o)) {
        key += 'V';
        add_int(static_cast<int64_t>(variable_of(o)->id()));
      } else if (py::isinstance<py::array>(o)) {
        add_tensor(from_array(py::reinterpret_borrow<py::array>(o)));
      } else {
        add_identity(o);
      }
    }
    void add_identity(PyObject* o) override {
      key += 'O';
      add_int(static_cast<int64_t>(owner_.number_of(o)));
    }

   private:
    CapturedFunction& owner_;
  };

  uint64_t number_of(PyObject* o) {
    Identity& identity = identities_[o];
    if (identity.number && (!identity.weak || PyWeakref_GetObject(identity.reference.ptr()) == o)) {
      return identity.number;
    }
    identity.number = ++last_number_;
    std::atomic<bool>* stale = &stale_;
    // When the object dies, the plans made for it go at the next call.
    const py::cpp_function on_death([stale](const py::handle&) { *stale = true; });
    PyObject* reference = PyWeakref_NewRef(o, on_death.ptr());
    identity.weak = reference != nullptr;
    if (reference) {
      identity.reference = py::reinterpret_steal<py::object>(reference);
    } else {
      PyErr_Clear();
      identity.reference = py::reinterpret_borrow<py::object>(o);
    }
    return identity.number;
  }

  static Capture* recording() {
    const auto& recorders = active_recorders();
    return recorders.empty() ? nullptr : dynamic_cast<Capture*>(recorders.back());
  }

  void warn_of_many() {
    if (warned_ || plans_.size() < kManyPlans) return;
    warned_ = true;
    warn(
        str_cat("function '", name_, "' was recorded ", kManyPlans,
                " times: every new shape, dtype and plain Python value among the arguments needs a "
                "plan of its own. Pass numbers that change as tensors."));
  }

  py::function f_;
  PlanCache plans_;
  std::string name_;
  // All guarded by the GIL.
  std::unordered_map<std::string, py::object> templates_;  // the structure of the results
  std::unordered_map<PyObject*, Identity> identities_;
  uint64_t last_number_ = 0;
  std::atomic<bool> stale_{false};
  bool warned_ = false;
};

}  // namespace

void bind_function(py::module_& m) {
  py::class_<CapturedFunction>(m, "CapturedFunction", "What nacre.function makes of a function.")
      .def(py::init<py::function, const std::string&>(), py::arg("f"), py::arg("name"))
      .def("call", &CapturedFunction::call, py::arg("args"), py::arg("kwargs"))
      .def_property_readonly("num_plans", &CapturedFunction::num_plans)
      .def("clear", &CapturedFunction::clear, "Forgets all plans.")
      .def("text", &CapturedFunction::text, py::arg("args"), py::arg("kwargs"),
           "The plan for these arguments, one line an op; '' when there is none.");
  m.def("set_run_functions_eagerly", [](bool eagerly) { g_run_eagerly = eagerly; });
  m.def("functions_run_eagerly", [] { return g_run_eagerly.load(); });
}

}  // namespace nacre::bindings
