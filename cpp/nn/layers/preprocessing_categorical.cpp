#include "nacre/nn/layers/preprocessing_categorical.h"

#include <algorithm>

#include "nacre/ops/categorical.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

void require_integers(const Tensor& x) {
  if (is_floating(x.dtype()) || x.dtype() == DType::kBool) {
    raise(ErrorKind::kType, "expected integers, received dtype ", x.dtype());
  }
}

}  // namespace

void check_output_mode(std::string& mode, bool sparse, bool with_int, std::string_view layer) {
  if (mode == "binary") mode = "multi_hot";
  std::vector<std::string> known = {"one_hot", "multi_hot", "count"};
  if (with_int) known.insert(known.begin(), "int");
  if (std::find(known.begin(), known.end(), mode) == known.end()) {
    value_error(layer, ": unknown output_mode '", mode, "'.", did_you_mean(mode, known));
  }
  if (sparse) {
    value_error(layer, ": expected sparse=False, received True: there are no sparse tensors");
  }
}

void CategoryEncoding::validate() {
  Layer::validate();
  check_output_mode(output_mode, sparse, false, class_name());
  if (!num_tokens || *num_tokens < 1) {
    value_error("CategoryEncoding: expected num_tokens >= 1, received ",
                to_string(attr_value(num_tokens)));
  }
}

Tensors CategoryEncoding::call(const Tensors& inputs, const CallContext& context) {
  if (inputs.empty() || inputs.size() > 2) {
    value_error("expected inputs, and count_weights or not, received ", inputs.size(), " tensors");
  }
  const Tensor weights = inputs.size() == 2 ? inputs[1] : Tensor();
  if (weights.defined() && output_mode != "count") {
    value_error("expected no count_weights with output_mode='", output_mode,
                "'; they are for 'count'");
  }
  return {ops::encode_categories(inputs[0], output_mode, *num_tokens, compute_dtype(), weights)};
}

void Discretization::validate() {
  UnaryLayer::validate();
  check_output_mode(output_mode, sparse, true, class_name());
  if (!num_bins && !bin_boundaries) {
    value_error("Discretization: expected num_bins or bin_boundaries, received neither");
  }
  if (num_bins && *num_bins < 0) {
    value_error("Discretization: expected num_bins >= 0, received ", *num_bins);
  }
  if (bin_boundaries && !std::is_sorted(bin_boundaries->begin(), bin_boundaries->end())) {
    value_error("Discretization: expected ascending bin_boundaries, received ",
                to_string(AttrValue(*bin_boundaries)));
  }
}

Tensor Discretization::call(const Tensor& x, const CallContext& context) {
  if (!bin_boundaries) {
    value_error("expected bin_boundaries, or a call of adapt() before the first use");
  }
  const auto count = static_cast<int64_t>(bin_boundaries->size());
  const DType dtype = is_floating(x.dtype()) ? x.dtype() : floatx();
  const Tensor edges = ops::cast(Tensor::from(*bin_boundaries, {count}), dtype);
  const Tensor bins = apply_one(find_op("digitize"), {ops::cast(x, dtype), edges});
  return ops::encode_categories(bins, output_mode, count + 1,
                                output_mode == "int" ? DType::kInt32 : compute_dtype());
}

void Hashing::validate() {
  UnaryLayer::validate();
  if (num_bins <= 0) value_error("Hashing: expected num_bins > 0, received ", num_bins);
  check_output_mode(output_mode, sparse, true, class_name());
  if (output_mode == "int" && policy_.name != "int32" && policy_.name != "int64") {
    value_error("Hashing: expected dtype int32 or int64 with output_mode='int', received ",
                policy_.name);
  }
  if (salt.is_null()) return;
  IntList words;
  read_field(words, salt, "salt");
  if (!salt.is_array()) words.push_back(words[0]);
  if (words.size() != 2) value_error("Hashing: expected salt of one or two numbers");
  salt = Json::array_of(words);
}

Tensor Hashing::call(const Tensor& input, const CallContext& context) {
  const Tensor x = is_floating(input.dtype()) ? ops::cast(input, DType::kInt64) : input;
  require_integers(x);
  IntList key;
  if (!salt.is_null()) read_field(key, salt, "salt");
  const bool masks = !mask_value.is_null() && num_bins > 1;
  Tensor bins = ops::hash_buckets(x, masks ? num_bins - 1 : num_bins, key);
  if (masks) {
    // A mask that is a string stands for no integer.
    bins = ops::add(bins, ops::scalar(1));
    if (!mask_value.is_string()) {
      const Tensor mask = ops::cast(Tensor::scalar(mask_value.as_int("mask_value")), input.dtype());
      bins = ops::where(ops::equal(input, mask), ops::zeros_like(bins), bins);
    }
  }
  return ops::encode_categories(bins, output_mode, num_bins, compute_dtype());
}

void register_categorical_layers() {
  register_class<CategoryEncoding>();
  register_class<Discretization>();
  register_class<Hashing>();
}

}  // namespace nacre
