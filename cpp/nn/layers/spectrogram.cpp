#include "nacre/nn/layers/spectrogram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "nacre/nn/signal.h"
#include "nacre/ops/fft.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/products.h"
#include "nacre/ops/reductions.h"
#include "nacre/ops/shaping.h"
#include "nn/registry.h"

namespace nacre {
namespace {

constexpr std::array<std::string_view, 7> kModes = {"log",  "magnitude", "psd", "real",
                                                    "imag", "angle",     "stft"};

Ref<Initializer> kernel_initializer(const STFTSpectrogram& layer, const char* side) {
  const auto initializer = deserialize_as<Initializer>("initializers", "STFT");
  for (const Field& field : initializer->fields()) {
    if (field.name == "side") field.set(Json(std::string(side)));
    if (field.name == "window") field.set(layer.window);
    if (field.name == "periodic") field.set(Json(layer.periodic));
    if (field.name == "scaling") field.set(layer.scaling ? Json(*layer.scaling) : Json());
  }
  return initializer;
}

double mel_of(double hertz) {
  return 1127 * std::log1p(hertz / 700);
}

// Triangles over the bins of a spectrum, evenly spaced in mel, each with a peak of 1; the bin of
// frequency 0 is in none: (bins, bands).
Tensor mel_weights(int64_t bins, int64_t bands, double rate, double low, double high) {
  std::vector<float> weights(static_cast<size_t>(bins * bands), 0.0f);
  const double first = mel_of(low);
  const double step = (mel_of(high) - first) / static_cast<double>(bands + 1);
  for (int64_t bin = 1; bin < bins; ++bin) {
    const double mel = mel_of(rate / 2 * static_cast<double>(bin) / static_cast<double>(bins - 1));
    for (int64_t band = 0; band < bands; ++band) {
      const double rising = (mel - first) / step - static_cast<double>(band);
      weights[static_cast<size_t>(bin * bands + band)] =
          static_cast<float>(std::max(0.0, std::min(rising, 2 - rising)));
    }
  }
  return Tensor::from(weights, {bins, bands});
}

}  // namespace

void STFTSpectrogram::validate() {
  UnaryLayer::validate();
  if (std::find(kModes.begin(), kModes.end(), mode) == kModes.end()) {
    value_error(
        "STFTSpectrogram: expected mode 'log', 'magnitude', 'psd', 'real', 'imag', 'angle' or "
        "'stft', received '",
        mode, "'");
  }
  if (frame_length < 2) {
    value_error("STFTSpectrogram: expected frame_length of 2 or more, received ", frame_length);
  }
  if (frame_step && (*frame_step < 1 || *frame_step > frame_length)) {
    value_error("STFTSpectrogram: expected frame_step in [1, frame_length=", frame_length,
                "], received ", *frame_step);
  }
  if (fft_length && *fft_length < frame_length) {
    value_error("STFTSpectrogram: expected fft_length of at least frame_length=", frame_length,
                ", received ", *fft_length);
  }
  if (scaling && *scaling != "density" && *scaling != "spectrum") {
    value_error("STFTSpectrogram: expected scaling None, 'density' or 'spectrum', received '",
                *scaling, "'");
  }
  if (padding != "valid" && padding != "same") {
    value_error("STFTSpectrogram: expected padding 'valid' or 'same', received '", padding, "'");
  }
  check_window(window, "STFTSpectrogram");
}

void STFTSpectrogram::build(const Shape& input_shape) {
  const auto smallest = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(frame_length)));
  const Shape shape{frame_length, 1, fft_length.value_or(smallest) / 2 + 1};
  if (mode != "imag") {
    real_kernel_ = add_weight("real_kernel", shape, kernel_initializer(*this, "real"));
  }
  if (mode != "real") {
    imag_kernel_ = add_weight("imag_kernel", shape, kernel_initializer(*this, "imag"));
  }
}

// (batch, time, 1) -> (batch, frames, bins)
Tensor STFTSpectrogram::transform(const Tensor& channel, const VariableRef& kernel) const {
  if (!kernel) return {};
  const Tensor weights = ops::cast(kernel->value(), channel.dtype());
  return ops::conv(channel, weights, {frame_step.value_or(frame_length / 2)}, padding,
                   std::string("channels_last"));
}

Tensor STFTSpectrogram::in_mode(const Tensor& real, const Tensor& imag) const {
  if (mode == "real") return real;
  if (mode == "imag") return imag;
  if (mode == "angle") return ops::arctan2(imag, real);
  if (mode == "stft") return ops::concatenate({real, imag}, -1);
  const Tensor power = ops::square(real) + ops::square(imag);
  if (mode == "psd") {
    // Every bin but the first and the last stands for its conjugate too.
    const int axis = power.rank() - 1;
    const Tensor inner = ops::slice_axis(power, axis, 1, power.shape()[axis] - 2);
    IntList width(static_cast<size_t>(2 * power.rank()), 1);
    std::fill(width.begin(), width.end() - 2, 0);
    return power + ops::pad(inner, width);
  }
  const Tensor least = ops::scalar(epsilon());
  const Tensor magnitude = ops::sqrt(ops::maximum(power, least));
  return mode == "magnitude" ? magnitude : ops::log(ops::maximum(magnitude, least));
}

Tensor STFTSpectrogram::call(const Tensor& x, const CallContext& context) {
  if (x.rank() != 3) value_error("expected an input of rank 3, received shape ", x.shape());
  if (!is_floating(x.dtype())) type_error("expected a floating dtype, received ", x.dtype());
  const bool first = data_format.channels_first();
  const int axis = first ? 1 : 2;
  const int64_t channels = x.shape()[axis];
  if (channels < 1) {
    value_error("expected a known number of channels, received shape ", x.shape());
  }
  Tensors pictures;  // (batch, frames, bins), one a channel
  for (int64_t c = 0; c < channels; ++c) {
    Tensor signal = channels == 1 ? x : ops::slice_axis(x, axis, c, 1);
    if (first) signal = ops::swapaxes(signal, 1, 2);
    pictures.push_back(in_mode(transform(signal, real_kernel_), transform(signal, imag_kernel_)));
  }
  if (expand_dims) return ops::stack(pictures, first ? 1 : 3);
  const Tensor side_by_side = ops::concatenate(pictures, 2);
  return first ? ops::swapaxes(side_by_side, 1, 2) : side_by_side;
}

void MelSpectrogram::validate() {
  UnaryLayer::validate();
  // The configuration says what was chosen, as in Keras.
  if (!sequence_length) sequence_length = fft_length;
  if (!max_freq) max_freq = std::floor(sampling_rate / 2);
  const int64_t length = *sequence_length;
  if (fft_length < 2 || length < 1 || length > fft_length) {
    value_error("MelSpectrogram: expected sequence_length in [1, fft_length=", fft_length,
                "], received ", length);
  }
  const auto positive = [](const char* what, double value) {
    if (!(value > 0)) value_error("MelSpectrogram: expected ", what, " > 0, received ", value);
  };
  positive("sequence_stride", static_cast<double>(sequence_stride));
  positive("num_mel_bins", static_cast<double>(num_mel_bins));
  positive("sampling_rate", sampling_rate);
  positive("min_power", min_power);
  if (!(min_freq >= 0) || !(*max_freq > min_freq)) {
    value_error("MelSpectrogram: expected 0 <= min_freq < max_freq, received ", min_freq, " and ",
                *max_freq);
  }
  check_window(window, "MelSpectrogram");
}

Tensor MelSpectrogram::call(const Tensor& input, const CallContext& context) {
  const int rank = input.rank();
  if (rank != 1 && rank != 2) {
    value_error("expected an input of rank 1 or 2, received shape ", input.shape());
  }
  const int64_t samples = input.shape().back(), bins = fft_length / 2 + 1;
  if (input.is_placeholder()) {
    const int64_t padded = samples + fft_length / 2 * 2;
    Shape shape = input.shape();
    shape[rank - 1] = num_mel_bins;
    shape.push_back(samples < 0 ? kUnknownDim : (padded - fft_length) / sequence_stride + 1);
    return Tensor::placeholder({compute_dtype(), shape});
  }
  const DType dtype = compute_dtype() == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32;
  const Tensor values = window_values(window, *sequence_length, true, dtype, "MelSpectrogram");
  const Tensors parts = ops::framed_fft(ops::cast(input, dtype), values, *sequence_length,
                                        sequence_stride, fft_length, true);
  Tensor power = ops::square(parts[0]) + ops::square(parts[1]);
  if (mag_exp != 2) power = ops::power(power, ops::scalar(mag_exp / 2));
  const Tensor weights =
      ops::cast(mel_weights(bins, num_mel_bins, sampling_rate, min_freq, *max_freq), dtype);
  Tensor mel = ops::matmul(power, weights);
  if (power_to_db) {
    mel = ops::log10(ops::maximum(mel, ops::scalar(min_power))) * 10.0;
    const double reference = 10 * std::log10(std::max(std::abs(ref_power), min_power));
    mel = mel - reference;
    IntList all;
    for (int i = 0; i < mel.rank(); ++i) all.push_back(i);
    mel = ops::maximum(mel, ops::max(mel, all) - top_db);
  }
  return ops::cast(ops::swapaxes(mel, -1, -2), compute_dtype());
}

void register_spectrogram_layers() {
  register_class<STFTSpectrogram>();
  register_class<MelSpectrogram>();
}

}  // namespace nacre
