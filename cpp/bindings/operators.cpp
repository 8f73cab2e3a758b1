// Operators of nacre.Tensor and nacre.Variable: a + b, -a, a < b...
#include <array>
#include <bit>

#include "bindings/call.h"
#include "bindings/errors.h"
#include "bindings/tensor.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"

namespace nacre::bindings {
namespace {

// Constants are immutable and code repeats the same few: the last ones are kept. Guarded by the
// GIL.
Tensor cached_constant(double number, DType dtype) {
  struct Entry {
    uint64_t bits = 0;
    Tensor tensor;
  };
  static auto* cache = new std::array<Entry, 256>;
  const auto bits = std::bit_cast<uint64_t>(number);
  Entry& entry = (*cache)[((bits * 0x9e3779b97f4a7c15u) >> 57 << 1) | (dtype == DType::kFloat64)];
  if (!entry.tensor.defined() || entry.bits != bits) {
    entry.bits = bits;
    entry.tensor = dtype == DType::kFloat64 ? Tensor::scalar(number)
                                            : Tensor::scalar(static_cast<float>(number));
  }
  return entry.tensor;
}

// A Python number beside a floating tensor: a constant of the tensor's dtype, which is what the
// promotion of a weak scalar comes to.
Tensor number_like(PyObject* value, const Tensor& other) {
  double number;
  if (PyFloat_CheckExact(value)) {
    number = PyFloat_AS_DOUBLE(value);
  } else if (PyLong_CheckExact(value)) {
    int overflow = 0;
    number = static_cast<double>(PyLong_AsLongLongAndOverflow(value, &overflow));
    if (overflow) return {};
  } else {
    return {};
  }
  if (other.dtype() != DType::kFloat32 && other.dtype() != DType::kFloat64) return {};
  return cached_constant(number, other.dtype());
}

bool load_operands(PyObject* a, PyObject* b, std::array<Tensor, 2>& operands) {
  const bool a_is_tensor = is_tensor(a);
  const bool b_is_tensor = is_tensor(b);
  if (a_is_tensor) operands[0] = tensor_of(a);
  if (b_is_tensor) operands[1] = tensor_of(b);
  if (a_is_tensor && b_is_tensor) return true;
  if (a_is_tensor) operands[1] = number_like(b, operands[0]);
  if (b_is_tensor) operands[0] = number_like(a, operands[1]);
  if (!operands[0].defined()) operands[0] = to_operand_or_none(a);
  if (!operands[1].defined()) operands[1] = to_operand_or_none(b);
  return operands[0].defined() && operands[1].defined();
}

PyObject* apply_binary(const OpDef& op, PyObject* a, PyObject* b) {
  std::array<Tensor, 2> operands;
  if (!load_operands(a, b, operands)) Py_RETURN_NOTIMPLEMENTED;
  Tensor result = std::move(apply_op(op, operands)[0]);
  if (result.is_placeholder()) {
    const std::array<PyObject*, 2> arguments{a, b};
    note_variables(result, operands, arguments);
  }
  return wrap(std::move(result));
}

template <const char* name>
PyObject* binary(PyObject* a, PyObject* b) {
  return guarded([&] {
    static const OpDef& op = find_op(name);
    return apply_binary(op, a, b);
  });
}

template <const char* name>
PyObject* unary(PyObject* a) {
  return guarded([&] {
    static const OpDef& op = find_op(name);
    const std::array<Tensor, 1> operands{to_operand(a)};
    return wrap(std::move(apply_op(op, operands)[0]));
  });
}

// & | ^ ~: logical for booleans, else on the bits.
template <const char* logical, const char* bitwise>
PyObject* bit_binary(PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    std::array<Tensor, 2> operands;
    if (!load_operands(a, b, operands)) Py_RETURN_NOTIMPLEMENTED;
    const bool both_bool =
        operands[0].dtype() == DType::kBool && operands[1].dtype() == DType::kBool;
    return wrap(std::move(apply_op(find_op(both_bool ? logical : bitwise), operands)[0]));
  });
}

PyObject* invert(PyObject* a) {
  return guarded([&] {
    const std::array<Tensor, 1> operands{to_operand(a)};
    const bool logical = operands[0].dtype() == DType::kBool;
    return wrap(std::move(apply_op(find_op(logical ? "logical_not" : "bitwise_not"), operands)[0]));
  });
}

constexpr char kAdd[] = "add", kSubtract[] = "subtract", kMultiply[] = "multiply",
               kDivide[] = "divide", kFloorDivide[] = "floor_divide", kMod[] = "mod",
               kPower[] = "power", kMatmul[] = "matmul", kNegative[] = "negative",
               kAbsolute[] = "absolute", kEqual[] = "equal", kNotEqual[] = "not_equal",
               kLess[] = "less", kLessEqual[] = "less_equal", kGreater[] = "greater",
               kGreaterEqual[] = "greater_equal", kLogicalAnd[] = "logical_and",
               kLogicalOr[] = "logical_or", kLogicalXor[] = "logical_xor",
               kBitwiseAnd[] = "bitwise_and", kBitwiseOr[] = "bitwise_or",
               kBitwiseXor[] = "bitwise_xor", kLeftShift[] = "bitwise_left_shift",
               kRightShift[] = "bitwise_right_shift";

PyObject* positive(PyObject* a) {
  return guarded([&] { return is_tensor(a) ? Py_NewRef(a) : wrap(to_operand(a)); });
}

PyObject* power(PyObject* a, PyObject* b, PyObject* modulus) {
  if (modulus != Py_None) {
    PyErr_SetString(PyExc_TypeError, "pow() of tensors takes no third argument");
    return nullptr;
  }
  return binary<kPower>(a, b);
}

PyObject* divmod(PyObject* a, PyObject* b) {
  PyObject* quotient = binary<kFloorDivide>(a, b);
  if (!quotient || quotient == Py_NotImplemented) return quotient;
  PyObject* rest = binary<kMod>(a, b);
  if (!rest) {
    Py_DECREF(quotient);
    return nullptr;
  }
  PyObject* both = PyTuple_Pack(2, quotient, rest);
  Py_DECREF(quotient);
  Py_DECREF(rest);
  return both;
}

PyNumberMethods make_number_methods() {
  PyNumberMethods n{};
  n.nb_add = binary<kAdd>;
  n.nb_subtract = binary<kSubtract>;
  n.nb_multiply = binary<kMultiply>;
  n.nb_true_divide = binary<kDivide>;
  n.nb_floor_divide = binary<kFloorDivide>;
  n.nb_remainder = binary<kMod>;
  n.nb_divmod = divmod;
  n.nb_power = power;
  n.nb_matrix_multiply = binary<kMatmul>;
  n.nb_negative = unary<kNegative>;
  n.nb_positive = positive;
  n.nb_absolute = unary<kAbsolute>;
  n.nb_invert = invert;
  n.nb_and = bit_binary<kLogicalAnd, kBitwiseAnd>;
  n.nb_or = bit_binary<kLogicalOr, kBitwiseOr>;
  n.nb_xor = bit_binary<kLogicalXor, kBitwiseXor>;
  n.nb_lshift = binary<kLeftShift>;
  n.nb_rshift = binary<kRightShift>;
  return n;
}

}  // namespace

PyNumberMethods g_number_methods = make_number_methods();

PyObject* rich_compare(PyObject* a, PyObject* b, int comparison) {
  switch (comparison) {
    case Py_EQ:
      return binary<kEqual>(a, b);
    case Py_NE:
      return binary<kNotEqual>(a, b);
    case Py_LT:
      return binary<kLess>(a, b);
    case Py_LE:
      return binary<kLessEqual>(a, b);
    case Py_GT:
      return binary<kGreater>(a, b);
    default:
      return binary<kGreaterEqual>(a, b);
  }
}

}  // namespace nacre::bindings
