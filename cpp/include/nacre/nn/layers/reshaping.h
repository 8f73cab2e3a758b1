// Layers that change the shape of a sample.
#pragma once

#include "nacre/nn/field_types.h"
#include "nacre/nn/layer.h"

namespace nacre {

// One axis a sample.
class Flatten final : public UnaryLayer {
 public:
  DataFormatField data_format;

  NACRE_CONFIG(Flatten, UnaryLayer, data_format)
  Tensor call(const Tensor& x, const CallContext& context) override;
};

class Reshape final : public UnaryLayer {
 public:
  IntList target_shape;  // without the batch; one dimension may be -1

  NACRE_CONFIG(Reshape, UnaryLayer, target_shape)
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) override;
};

class Permute final : public UnaryLayer {
 public:
  IntList dims;  // axes of a sample, counted from 1

  NACRE_CONFIG(Permute, UnaryLayer, dims)
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) override;
};

// (batch, features) -> (batch, n, features)
class RepeatVector final : public UnaryLayer {
 public:
  int64_t n = 1;

  NACRE_CONFIG(RepeatVector, UnaryLayer, n)
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) override;
};

// Pairs (before, after) of each spatial axis: from one number, one a axis, or pairs.
using SpatialPairs = std::vector<std::pair<int64_t, int64_t>>;

// What zero padding, cropping and upsampling share: N spatial axes and where the channels are.
class SpatialLayer : public UnaryLayer {
 public:
  DataFormatField data_format;

 protected:
  explicit SpatialLayer(int num_axes) : num_axes_(num_axes) {}
  // ValueError unless x has the batch, the channels and the spatial axes.
  void require_rank(const Tensor& x) const;
  int first_axis() const { return data_format.channels_first() ? 2 : 1; }
  const int num_axes_;
};

template <int N>
class ZeroPadding final : public SpatialLayer {
 public:
  SpatialPairs padding;

  ZeroPadding() : SpatialLayer(N), padding(N, {1, 1}) {}
  std::string_view class_name() const override;
  std::vector<Field> fields() override;
  Tensor call(const Tensor& x, const CallContext& context) override;
};

template <int N>
class Cropping final : public SpatialLayer {
 public:
  SpatialPairs cropping;

  Cropping()
      : SpatialLayer(N),
        cropping(N,
                 N == 2 ? std::pair<int64_t, int64_t>{0, 0} : std::pair<int64_t, int64_t>{1, 1}) {}
  std::string_view class_name() const override;
  std::vector<Field> fields() override;
  Tensor call(const Tensor& x, const CallContext& context) override;
};

// Each element `size` times in a row along each spatial axis.
template <int N>
class UpSampling final : public SpatialLayer {
 public:
  IntList size = IntList(N, 2);
  std::string interpolation = "nearest";  // of UpSampling2D

  UpSampling() : SpatialLayer(N) {}
  std::string_view class_name() const override;
  std::vector<Field> fields() override;
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) override;
};

}  // namespace nacre
