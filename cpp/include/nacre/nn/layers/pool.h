// Pooling over windows, and over all of the spatial axes.
#pragma once

#include "nacre/nn/field_types.h"
#include "nacre/nn/layer.h"

namespace nacre {

class PoolLayer : public UnaryLayer {
 public:
  IntList pool_size;
  std::optional<IntList> strides;  // none: pool_size
  std::string padding = "valid";
  DataFormatField data_format;

  std::vector<Field> fields() override;
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  PoolLayer(int num_axes, bool takes_max)
      : pool_size(num_axes, 2), num_axes_(num_axes), takes_max_(takes_max) {}

 private:
  const int num_axes_;
  const bool takes_max_;
};

template <int N>
class MaxPooling final : public PoolLayer {
 public:
  MaxPooling() : PoolLayer(N, true) {}
  std::string_view class_name() const override {
    return N == 1 ? "MaxPooling1D" : N == 2 ? "MaxPooling2D" : "MaxPooling3D";
  }
};

template <int N>
class AveragePooling final : public PoolLayer {
 public:
  AveragePooling() : PoolLayer(N, false) {}
  std::string_view class_name() const override {
    return N == 1 ? "AveragePooling1D" : N == 2 ? "AveragePooling2D" : "AveragePooling3D";
  }
};

// Windows that divide each spatial axis into `output_size` parts.
class AdaptivePoolLayer : public UnaryLayer {
 public:
  IntList output_size;
  DataFormatField data_format;

  std::vector<Field> fields() override;
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  AdaptivePoolLayer(int num_axes, bool takes_max) : num_axes_(num_axes), takes_max_(takes_max) {}

 private:
  const int num_axes_;
  const bool takes_max_;
};

template <int N>
class AdaptiveMaxPooling final : public AdaptivePoolLayer {
 public:
  AdaptiveMaxPooling() : AdaptivePoolLayer(N, true) {}
  std::string_view class_name() const override {
    return N == 1   ? "AdaptiveMaxPooling1D"
           : N == 2 ? "AdaptiveMaxPooling2D"
                    : "AdaptiveMaxPooling3D";
  }
};

template <int N>
class AdaptiveAveragePooling final : public AdaptivePoolLayer {
 public:
  AdaptiveAveragePooling() : AdaptivePoolLayer(N, false) {}
  std::string_view class_name() const override {
    return N == 1   ? "AdaptiveAveragePooling1D"
           : N == 2 ? "AdaptiveAveragePooling2D"
                    : "AdaptiveAveragePooling3D";
  }
};

class GlobalPoolLayer : public UnaryLayer {
 public:
  DataFormatField data_format;
  bool keepdims = false;

  std::vector<Field> fields() override;
  Tensor call(const Tensor& x, const CallContext& context) override;
  // The mean over one axis is that of the steps that count.
  bool takes_mask() const override { return num_axes_ == 1 && !takes_max_; }
  Tensors compute_mask(const Tensors& inputs, const Tensors& masks) override { return {}; }

 protected:
  GlobalPoolLayer(int num_axes, bool takes_max) : num_axes_(num_axes), takes_max_(takes_max) {}
  bool passes_masks() const override { return takes_mask(); }

 private:
  const int num_axes_;
  const bool takes_max_;
};

template <int N>
class GlobalMaxPooling final : public GlobalPoolLayer {
 public:
  GlobalMaxPooling() : GlobalPoolLayer(N, true) {}
  std::string_view class_name() const override {
    return N == 1 ? "GlobalMaxPooling1D" : N == 2 ? "GlobalMaxPooling2D" : "GlobalMaxPooling3D";
  }
};

template <int N>
class GlobalAveragePooling final : public GlobalPoolLayer {
 public:
  GlobalAveragePooling() : GlobalPoolLayer(N, false) {}
  std::string_view class_name() const override {
    return N == 1   ? "GlobalAveragePooling1D"
           : N == 2 ? "GlobalAveragePooling2D"
                    : "GlobalAveragePooling3D";
  }
};

}  // namespace nacre
