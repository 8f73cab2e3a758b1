// Numbers to class ids, and class ids to vectors.
#pragma once

#include "nacre/nn/layer.h"

namespace nacre {

// "int", "one_hot", "multi_hot" or "count"; Keras's older name "binary" is multi_hot.
void check_output_mode(std::string& mode, bool sparse, bool with_int, std::string_view layer);

// Class ids as vectors of num_tokens; a second input weighs the counts.
class CategoryEncoding final : public Layer {
 public:
  std::optional<int64_t> num_tokens;
  std::string output_mode = "multi_hot";
  bool sparse = false;

  NACRE_CONFIG(CategoryEncoding, Layer, num_tokens, output_mode, sparse)
  void validate() override;
  Tensors call(const Tensors& inputs, const CallContext& context) override;
};

// The bin that holds each number, between boundaries given or taken from data (Python's adapt()).
class Discretization final : public UnaryLayer {
 public:
  std::optional<FloatList> bin_boundaries;
  std::optional<int64_t> num_bins;
  double epsilon = 0.01;
  std::string output_mode = "int";
  bool sparse = false;

  NACRE_CONFIG(Discretization, UnaryLayer, bin_boundaries, num_bins, epsilon, output_mode, sparse)
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) override;
};

// Hash buckets of integers; bucket 0 is mask_value's where there is one.
class Hashing final : public UnaryLayer {
 public:
  int64_t num_bins = 0;
  Json mask_value;
  Json salt;  // one number or two; kept as two
  std::string output_mode = "int";
  bool sparse = false;

  Hashing() {
    policy_ = parse_dtype_policy("int64");
    autocast_ = false;  // a mask is looked for among the values as they are
  }
  NACRE_CONFIG(Hashing, UnaryLayer, num_bins, mask_value, salt, output_mode, sparse)
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) override;
};

}  // namespace nacre
