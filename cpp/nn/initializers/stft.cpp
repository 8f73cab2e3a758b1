// Kernels of convolutions that are short-time Fourier transforms.
#include <cmath>
#include <numbers>
#include <vector>

#include "nacre/nn/initializer.h"
#include "nacre/nn/signal.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

// The real or the imaginary part for (frame length, 1, bins); `scaling` divides by the window's L2
// norm ("density") or L1 norm ("spectrum").
class STFT final : public Initializer {
 public:
  NACRE_CONFIG(STFT, Initializer, side, window, scaling, periodic)
  std::string side = "real";
  Json window{std::string("hann")};
  std::optional<std::string> scaling = "density";
  bool periodic = false;

  void validate() override {
    Initializer::validate();
    if (side != "real" && side != "imag") {
      value_error("STFT: expected side 'real' or 'imag', received '", side, "'");
    }
    if (scaling && *scaling != "density" && *scaling != "spectrum") {
      value_error("STFT: expected scaling None, 'density' or 'spectrum', received '", *scaling,
                  "'");
    }
    check_window(window, "STFT");
  }

  Tensor operator()(const Shape& shape, DType dtype) override {
    if (shape.rank() != 3) {
      value_error("STFT: expected a shape (frame length, channels, bins), received ", shape);
    }
    const int64_t frame = shape[0], bins = shape[2];
    const Tensor values = window_values(window, frame, periodic, DType::kFloat64, "STFT");
    const double* weights = values.defined() ? values.data<double>() : nullptr;
    double scale = 1;
    if (weights && scaling) {
      double sum = 0;
      for (int64_t t = 0; t < frame; ++t) {
        sum += *scaling == "density" ? weights[t] * weights[t] : std::abs(weights[t]);
      }
      scale = *scaling == "density" ? std::sqrt(sum) : sum;
    }
    const double length = std::max(1.0, 2.0 * static_cast<double>(bins - 1));
    std::vector<double> kernel;
    for (int64_t t = 0; t < frame; ++t) {
      for (int64_t f = 0; f < bins; ++f) {
        const double angle =
            -2 * std::numbers::pi * static_cast<double>(t) * static_cast<double>(f) / length;
        const double wave = side == "real" ? std::cos(angle) : std::sin(angle);
        kernel.push_back(weights ? wave * weights[t] / scale : wave);
      }
    }
    const Tensor one = ops::cast(Tensor::from<double>(kernel, {frame, 1, bins}), dtype);
    return shape[1] == 1 ? one : ops::broadcast_to(one, shape);
  }
};

}  // namespace

void register_stft_initializer() {
  register_class<STFT>();
  ClassRegistry::of(Initializer::kModule).add_alias("STFTInitializer", "STFT");
}

}  // namespace nacre
