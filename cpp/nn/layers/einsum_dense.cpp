#include "nacre/nn/layers/einsum_dense.h"

#include <algorithm>

#include "nacre/ops/ops.h"
#include "nacre/ops/products.h"

namespace nacre {
namespace {

constexpr char kElided = '\x01';  // the first label of an ellipsis

bool is_letters(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

bool contains(const std::string& labels, char label) {
  return labels.find(label) != std::string::npos;
}

struct Equation {
  std::string input, kernel, output;  // letters only
  bool left = false, right = false;   // where the ellipsis is
};

Equation parse(const std::string& text) {
  const auto bad = [&]() {
    value_error(
        "EinsumDense: expected equation of the form 'ab,bc->ac', "
        "'...ab,bc->...ac' or ",
        "'ab...,bc->ac...', received '", text, "'");
  };
  const size_t comma = text.find(','), arrow = text.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || arrow < comma) bad();
  Equation e{text.substr(0, comma), text.substr(comma + 1, arrow - comma - 1),
             text.substr(arrow + 2)};
  e.left = e.input.starts_with("...");
  e.right = !e.left && e.input.ends_with("...");
  if (e.left || e.right) {
    for (std::string* side : {&e.input, &e.output}) {
      if (!(e.left ? side->starts_with("...") : side->ends_with("..."))) bad();
      side->erase(e.left ? 0 : side->size() - 3, 3);
    }
  }
  if (!is_letters(e.input) || !is_letters(e.kernel) || !is_letters(e.output)) bad();
  return e;
}

int64_t product(const Shape& shape) {
  int64_t n = 1;
  for (const int64_t dim : shape) n *= dim;
  return n;
}

}  // namespace

void read_field(PartialShape& field, const Json& json, std::string_view what) {
  field.sizes.clear();
  if (json.is_number()) {
    field.sizes.push_back(json.as_int(what));
    return;
  }
  for (const Json& size : json.as_array(what)) {
    field.sizes.push_back(size.is_null() ? kUnknownDim : size.as_int(what));
  }
}

Json write_field(const PartialShape& field) {
  Json sizes = Json::array();
  for (const int64_t size : field.sizes) sizes.push_back(size < 0 ? Json() : Json(size));
  return sizes;
}

Ref<Initializer> with_axes(const Ref<Initializer>& initializer,
                           const std::optional<IntList>& input_axes,
                           const std::optional<IntList>& output_axes) {
  ClassRegistry& classes = ClassRegistry::of(Initializer::kModule);
  if (!initializer || !classes.contains(initializer->class_name())) {
    return initializer;  // a function of the caller's
  }
  Json settings = Json::object();
  bool told = !input_axes || !output_axes;
  for (const Field& field : initializer->fields()) {
    settings[field.name] = field.get();
    told = told || (field.name.ends_with("put_axes") && !settings[field.name].is_null());
  }
  for (auto& [name, value] : settings.as_object()) {
    if (told) break;
    if (name == "input_axes") value = Json::array_of(*input_axes);
    if (name == "output_axes") value = Json::array_of(*output_axes);
  }
  const Ref<Configurable> made = classes.make(initializer->class_name(), settings);
  return Ref<Initializer>(static_cast<Initializer*>(made.get()));
}

void EinsumDense::validate() {
  UnaryLayer::validate();
  const Equation e = parse(equation);
  for (const char label : e.output) {
    if (!contains(e.input, label) && !contains(e.kernel, label)) {
      value_error("EinsumDense: the output's axis '", std::string(1, label),
                  "' is neither the input's nor the kernel's in equation '", equation, "'");
    }
  }
  for (const char label : e.kernel) {
    if (!contains(e.input, label) && !contains(e.output, label)) {
      value_error("EinsumDense: the kernel's axis '", std::string(1, label),
                  "' is neither the input's nor the output's in equation '", equation, "'");
    }
  }
  if (bias_axes && bias_axes->empty()) bias_axes.reset();
  if (!bias_axes) return;
  for (const char label : *bias_axes) {
    if (!contains(e.output, label)) {
      value_error("EinsumDense: expected bias_axes among the output's '", e.output, "', received '",
                  *bias_axes, "'");
    }
  }
}

EinsumDense::Labels EinsumDense::labels_for(int rank) const {
  const Equation e = parse(equation);
  const int elided = rank - static_cast<int>(e.input.size());
  if (elided < 0 || (elided > 0 && !e.left && !e.right)) {
    value_error("expected an input of rank ", e.input.size(), e.left || e.right ? " or more" : "",
                " for equation '", equation, "', received rank ", rank);
  }
  std::string axes;
  for (int i = 0; i < elided; ++i) axes += static_cast<char>(kElided + i);
  return {e.left ? axes + e.input : e.input + axes, e.kernel,
          e.left ? axes + e.output : e.output + axes};
}

void EinsumDense::build(const Shape& input_shape) {
  const Labels labels = labels_for(input_shape.rank());
  const Equation e = parse(equation);
  // The output's sizes: the batch axis, the elided ones, then those given.
  Shape output;
  const int elided = static_cast<int>(labels.input.size() - e.input.size());
  if (e.left) {
    for (int i = 0; i < std::max(elided, 1); ++i) output.push_back(input_shape[i]);
    for (const int64_t size : output_shape.sizes) output.push_back(size);
  } else {
    output.push_back(input_shape[0]);
    for (const int64_t size : output_shape.sizes) output.push_back(size);
    for (int i = input_shape.rank() - elided; i < input_shape.rank(); ++i) {
      output.push_back(input_shape[i]);
    }
  }
  if (output.rank() != static_cast<int>(labels.output.size())) {
    value_error("expected output_shape of ", e.output.size() - (e.left && elided ? 0 : 1),
                " sizes for equation '", equation, "', received ", write_field(output_shape).dump(),
                " (input shape ", input_shape, ")");
  }
  const auto size_in = [](const std::string& of, const Shape& shape, char label) {
    return shape[static_cast<int>(of.find(label))];
  };
  for (const char label : labels.input) {
    if (!contains(labels.output, label)) continue;
    const int64_t in = size_in(labels.input, input_shape, label);
    const int64_t out = size_in(labels.output, output, label);
    if (out >= 0 && in != out) {
      value_error("expected one size of axis '", std::string(1, label), "' in equation '", equation,
                  "', received ", in < 0 ? std::string("None") : std::to_string(in),
                  " in the input and ", out, " in output_shape");
    }
  }
  Shape kernel_shape;
  IntList input_axes, output_axes;
  for (const char label : labels.kernel) {
    const int64_t axis = kernel_shape.rank();
    const bool out = contains(labels.output, label);
    (out ? output_axes : input_axes).push_back(axis);
    kernel_shape.push_back(out ? size_in(labels.output, output, label)
                               : size_in(labels.input, input_shape, label));
  }
  if (!kernel_shape.is_known()) {
    value_error("expected known sizes of the kernel's axes in equation '", equation,
                "', received input shape ", input_shape, " and output_shape ",
                write_field(output_shape).dump());
  }
  kernel_ =
      add_weight("kernel", kernel_shape, with_axes(kernel_initializer, input_axes, output_axes),
                 {.regularizer = kernel_regularizer, .constraint = kernel_constraint});
  if (!bias_axes) return;
  Shape bias_shape;
  bool begun = false;
  for (const char label : labels.output) {
    const bool used = contains(*bias_axes, label);
    begun = begun || used;
    if (begun) bias_shape.push_back(used ? size_in(labels.output, output, label) : 1);
  }
  bias_ = add_weight("bias", bias_shape, bias_initializer,
                     {.regularizer = bias_regularizer, .constraint = bias_constraint});
}

// (rows, inner) (inner, cols) -> (rows, cols), with a bias over all of cols or
// none.
bool EinsumDense::is_matmul(const Labels& labels) const {
  std::string rows, inner, cols;
  for (const char label : labels.input) {
    (contains(labels.output, label) ? rows : inner) += label;
  }
  for (const char label : labels.kernel) {
    if (contains(labels.output, label)) cols += label;
  }
  return !inner.empty() && !cols.empty() && labels.input == rows + inner &&
         labels.kernel == inner + cols && labels.output == rows + cols &&
         (!bias_axes || *bias_axes == cols);
}

Tensor EinsumDense::call(const Tensor& x, const CallContext& context) {
  const Labels labels = labels_for(x.rank());
  for (size_t i = 0; i < labels.kernel.size(); ++i) {
    const size_t at = labels.input.find(labels.kernel[i]);
    if (at == std::string::npos) continue;
    const int64_t size = x.shape()[static_cast<int>(at)];
    if (size >= 0 && size != kernel_->shape()[static_cast<int>(i)]) {
      value_error("expected an input of size ", kernel_->shape()[static_cast<int>(i)],
                  " along axis ", at, ", received shape ", x.shape());
    }
  }
  Shape out;
  for (const char label : labels.output) {
    const size_t at = labels.input.find(label);
    out.push_back(at != std::string::npos
                      ? x.shape()[static_cast<int>(at)]
                      : kernel_->shape()[static_cast<int>(labels.kernel.find(label))]);
  }
  if (x.is_placeholder()) return activation(Tensor::placeholder({x.dtype(), out}));
  if (!is_matmul(labels)) {
    Tensor y = ops::einsum(equation, {x, value(kernel_)});
    if (bias_) y = ops::add(y, value(bias_));
    return activation(y);
  }
  // As Dense: a matrix on the right, and a bias of its columns.
  const int rows = x.rank() - static_cast<int>(std::count_if(
                                  labels.input.begin(), labels.input.end(),
                                  [&](char c) { return contains(labels.kernel, c); }));
  Shape flat(x.shape().dims().first(static_cast<size_t>(rows)));
  Shape flat_out = flat;
  int64_t inner = 1;
  for (int i = rows; i < x.rank(); ++i) inner *= x.shape()[i];
  const int64_t cols = product(kernel_->shape()) / std::max<int64_t>(inner, 1);
  flat.push_back(inner);
  flat_out.push_back(cols);
  const auto shaped = [](const Tensor& t, const Shape& shape) {
    return t.shape() == shape ? t : ops::reshape(t, shape);
  };
  Tensor y = ops::matmul(shaped(x, flat), shaped(value(kernel_), {inner, cols}));
  if (bias_) y = ops::add(y, shaped(value(bias_), {cols}));
  return activation(shaped(y, out));
}

}  // namespace nacre
