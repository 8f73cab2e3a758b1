// Signals as pictures of their frequencies over time.
#pragma once

#include "nacre/nn/field_types.h"
#include "nacre/nn/layer.h"

namespace nacre {

// A short-time Fourier transform as convolutions, whose kernels may be trained.
class STFTSpectrogram final : public UnaryLayer {
 public:
  std::string mode = "log";
  int64_t frame_length = 256;
  std::optional<int64_t> frame_step, fft_length;
  Json window{std::string("hann")};
  bool periodic = false;
  std::optional<std::string> scaling = "density";
  std::string padding = "valid";
  bool expand_dims = false;
  DataFormatField data_format;

  NACRE_CONFIG(STFTSpectrogram, UnaryLayer, mode, frame_length, frame_step, fft_length, window,
               periodic, scaling, padding, data_format, expand_dims)
  void validate() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 private:
  Tensor transform(const Tensor& channel, const VariableRef& kernel) const;
  Tensor in_mode(const Tensor& real, const Tensor& imag) const;

  VariableRef real_kernel_, imag_kernel_;
};

// The power in bands of the mel scale, in decibels.
class MelSpectrogram final : public UnaryLayer {
 public:
  int64_t fft_length = 2048, sequence_stride = 512;
  std::optional<int64_t> sequence_length;
  Json window{std::string("hann")};
  double sampling_rate = 16000;
  int64_t num_mel_bins = 128;
  double min_freq = 20;
  std::optional<double> max_freq;
  bool power_to_db = true;
  double top_db = 80, mag_exp = 2, min_power = 1e-10, ref_power = 1;

  NACRE_CONFIG(MelSpectrogram, UnaryLayer, fft_length, sequence_stride, sequence_length, window,
               sampling_rate, num_mel_bins, min_freq, max_freq, power_to_db, top_db, mag_exp,
               min_power, ref_power)
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) override;
};

}  // namespace nacre
