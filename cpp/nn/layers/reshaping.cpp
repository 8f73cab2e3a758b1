#include "nacre/nn/layers/reshaping.h"

#include <algorithm>

#include "nacre/ops/image.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/shaping.h"
#include "nn/registry.h"

namespace nacre {
namespace {

// Product of dimensions; kUnknownDim where one of them is not known.
int64_t product(const Shape& shape, int begin) {
  int64_t out = 1;
  for (int i = begin; i < shape.rank(); ++i) {
    if (shape[i] < 0) return kUnknownDim;
    out *= shape[i];
  }
  return out;
}

// ops::reshape for a placeholder too, of which more than one dimension may be unknown.
Tensor reshape_to(const Tensor& x, const Shape& shape) {
  if (!x.is_placeholder()) return ops::reshape(x, shape);
  const auto unknown = std::count_if(shape.begin(), shape.end(), [](int64_t d) { return d < 0; });
  return unknown > 1 ? Tensor::placeholder({x.dtype(), shape}) : ops::reshape(x, shape);
}

}  // namespace

Tensor Flatten::call(const Tensor& x, const CallContext& context) {
  if (x.rank() == 0) value_error("expected an input with a batch axis, received a scalar");
  Tensor y = x;
  if (data_format.channels_first() && x.rank() > 2) {
    IntList order{0};
    for (int i = 2; i < x.rank(); ++i) order.push_back(i);
    order.push_back(1);
    y = ops::transpose(x, order);
  }
  return reshape_to(y, {y.shape()[0], product(y.shape(), 1)});
}

void Reshape::validate() {
  UnaryLayer::validate();
  const auto free = std::count(target_shape.begin(), target_shape.end(), -1);
  const bool valid =
      std::all_of(target_shape.begin(), target_shape.end(), [](int64_t dim) { return dim >= -1; });
  if (free > 1 || !valid) {
    value_error("Reshape: expected target_shape of sizes with at most one -1, received ",
                to_string(AttrValue(target_shape)));
  }
}

Tensor Reshape::call(const Tensor& x, const CallContext& context) {
  if (x.rank() == 0) value_error("expected an input with a batch axis, received a scalar");
  const int64_t size = product(x.shape(), 1);
  int64_t known = 1;
  for (const int64_t dim : target_shape) known *= dim < 0 ? 1 : dim;
  const bool has_free = std::count(target_shape.begin(), target_shape.end(), -1) > 0;
  if (size >= 0 && (has_free ? known == 0 || size % known != 0 : size != known)) {
    value_error("expected an input that reshapes to ", to_string(AttrValue(target_shape)),
                ", received shape ", x.shape());
  }
  Shape shape{x.shape()[0]};
  for (const int64_t dim : target_shape) {
    shape.push_back(dim >= 0 ? dim : size < 0 ? kUnknownDim : size / known);
  }
  return reshape_to(x, shape);
}

void Permute::validate() {
  UnaryLayer::validate();
  IntList sorted = dims;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int64_t>(i) + 1) {
      value_error("Permute: expected dims to be an order of the numbers 1 to ", sorted.size(),
                  ", received ", to_string(AttrValue(dims)));
    }
  }
}

Tensor Permute::call(const Tensor& x, const CallContext& context) {
  if (x.rank() != static_cast<int>(dims.size()) + 1) {
    value_error("expected an input of rank ", dims.size() + 1, ", received shape ", x.shape());
  }
  IntList order{0};
  order.insert(order.end(), dims.begin(), dims.end());
  return ops::transpose(x, order);
}

void RepeatVector::validate() {
  UnaryLayer::validate();
  if (n < 0) value_error("RepeatVector: expected n >= 0, received ", n);
}

Tensor RepeatVector::call(const Tensor& x, const CallContext& context) {
  if (x.rank() != 2) value_error("expected an input of rank 2, received shape ", x.shape());
  return ops::repeat(ops::expand_dims(x, 1), n, 1);
}

void SpatialLayer::require_rank(const Tensor& x) const {
  if (x.rank() != num_axes_ + 2) {
    value_error("expected an input of rank ", num_axes_ + 2, ", received shape ", x.shape());
  }
}

namespace {

// Keras's forms: n, (n, ...), ((before, after), ...); in one dimension also (before, after).
void read_pairs(SpatialPairs& field, const Json& json, std::string_view what) {
  const auto fail = [&] {
    value_error("expected ", what, " of a number, ", field.size(), " numbers or ", field.size(),
                " pairs of numbers >= 0, received ", json.dump());
  };
  SpatialPairs pairs;
  const auto pair_of = [&](const Json& item) {
    if (!item.is_array()) return std::pair(item.as_int(what), item.as_int(what));
    if (item.size() != 2) fail();
    return std::pair(item.at(size_t{0}).as_int(what), item.at(size_t{1}).as_int(what));
  };
  if (field.size() == 1 && json.is_array() && json.size() == 2) {
    pairs.push_back(pair_of(json));
  } else if (json.is_array()) {
    for (const Json& item : json.as_array()) pairs.push_back(pair_of(item));
  } else {
    pairs.assign(field.size(), pair_of(json));
  }
  if (pairs.size() != field.size()) fail();
  for (const auto& [before, after] : pairs) {
    if (before < 0 || after < 0) fail();
  }
  field = std::move(pairs);
}

Json write_pairs(const SpatialPairs& field) {
  Json out = Json::array();
  for (const auto& [before, after] : field) out.push_back(Json::array_of(IntList{before, after}));
  return field.size() == 1 ? out.at(size_t{0}) : out;
}

Field pairs_field(const char* name, SpatialPairs& field) {
  return {name, [&field, name](const Json& json) { read_pairs(field, json, name); },
          [&field] { return write_pairs(field); }};
}

// data_format is an argument of the layers with two axes or more.
void add_data_format(std::vector<Field>& all, DataFormatField& field, bool wanted) {
  if (wanted) detail::append_fields(all, "data_format", std::tie(field));
}

}  // namespace

template <int N>
std::string_view ZeroPadding<N>::class_name() const {
  return N == 1 ? "ZeroPadding1D" : N == 2 ? "ZeroPadding2D" : "ZeroPadding3D";
}

template <int N>
std::vector<Field> ZeroPadding<N>::fields() {
  std::vector<Field> all = UnaryLayer::fields();
  all.push_back(pairs_field("padding", padding));
  add_data_format(all, data_format, true);
  return all;
}

template <int N>
Tensor ZeroPadding<N>::call(const Tensor& x, const CallContext& context) {
  require_rank(x);
  IntList width(2 * static_cast<size_t>(x.rank()), 0);
  for (int i = 0; i < N; ++i) {
    const size_t axis = static_cast<size_t>(first_axis() + i);
    width[2 * axis] = padding[i].first;
    width[2 * axis + 1] = padding[i].second;
  }
  return ops::pad(x, width);
}

template <int N>
std::string_view Cropping<N>::class_name() const {
  return N == 1 ? "Cropping1D" : N == 2 ? "Cropping2D" : "Cropping3D";
}

template <int N>
std::vector<Field> Cropping<N>::fields() {
  std::vector<Field> all = UnaryLayer::fields();
  all.push_back(pairs_field("cropping", cropping));
  add_data_format(all, data_format, N > 1);
  return all;
}

template <int N>
Tensor Cropping<N>::call(const Tensor& x, const CallContext& context) {
  require_rank(x);
  const int first = N == 1 ? 1 : first_axis();
  Shape out = x.shape();
  for (int i = 0; i < N; ++i) {
    int64_t& length = out[first + i];
    if (length < 0) continue;
    length -= cropping[i].first + cropping[i].second;
    if (length <= 0) {
      value_error("expected an input longer than the cropping ",
                  cropping[i].first + cropping[i].second, " along axis ", first + i,
                  ", received shape ", x.shape());
    }
  }
  if (x.is_placeholder()) return Tensor::placeholder({x.dtype(), out});
  Tensor y = x;
  for (int i = 0; i < N; ++i) {
    if (cropping[i].first == 0 && cropping[i].second == 0) continue;
    y = ops::slice_axis(y, first + i, cropping[i].first, out[first + i]);
  }
  return y;
}

template <int N>
std::string_view UpSampling<N>::class_name() const {
  return N == 1 ? "UpSampling1D" : N == 2 ? "UpSampling2D" : "UpSampling3D";
}

template <int N>
std::vector<Field> UpSampling<N>::fields() {
  std::vector<Field> all = UnaryLayer::fields();
  if constexpr (N == 1) {
    all.push_back({"size", [this](const Json& json) { read_field(size, json, "size"); },
                   [this] { return Json(size.at(0)); }});
  } else {
    detail::append_fields(all, "size", std::tie(size));
  }
  add_data_format(all, data_format, N > 1);
  if constexpr (N == 2) detail::append_fields(all, "interpolation", std::tie(interpolation));
  return all;
}

template <int N>
void UpSampling<N>::validate() {
  UnaryLayer::validate();
  expand_to_axes(size, N, 1, "size");
  const std::vector<std::string> known = {"nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"};
  if (std::find(known.begin(), known.end(), interpolation) == known.end()) {
    value_error(class_name(), ": unknown interpolation '", interpolation, "'.",
                did_you_mean(interpolation, known));
  }
}

template <int N>
Tensor UpSampling<N>::call(const Tensor& x, const CallContext& context) {
  require_rank(x);
  Tensor y = x;
  const int first = N == 1 ? 1 : first_axis();
  if (interpolation != "nearest") {
    Shape shape = x.shape();
    for (int i = 0; i < 2; ++i) {
      if (shape[first + i] >= 0) shape[first + i] *= size[i];
    }
    if (x.is_placeholder()) return Tensor::placeholder({x.dtype(), shape});
    ops::ResizeOptions options;
    options.interpolation = interpolation;
    return ops::resize(x, {shape[first], shape[first + 1]}, options, data_format.name());
  }
  for (int i = 0; i < N; ++i) {
    if (size[i] != 1) y = ops::repeat(y, size[i], first + i);
  }
  return y;
}

void register_reshaping_layers() {
  register_class<Flatten>();
  register_class<Reshape>();
  register_class<Permute>();
  register_class<RepeatVector>();
  register_class<ZeroPadding<1>>();
  register_class<ZeroPadding<2>>();
  register_class<ZeroPadding<3>>();
  register_class<Cropping<1>>();
  register_class<Cropping<2>>();
  register_class<Cropping<3>>();
  register_class<UpSampling<1>>();
  register_class<UpSampling<2>>();
  register_class<UpSampling<3>>();
}

}  // namespace nacre
