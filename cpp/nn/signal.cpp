#include "nacre/nn/signal.h"

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "nacre/ops/ops.h"

namespace nacre {
namespace {

// sum_k c[k] cos(2 pi k i / (points - 1)), or the triangle.
struct Shaped {
  std::string_view name;
  std::array<double, 3> cosines;
};
constexpr std::array<Shaped, 5> kWindows = {{{"hann", {0.5, -0.5, 0}},
                                             {"hamming", {0.54, -0.46, 0}},
                                             {"blackman", {0.42, -0.5, 0.08}},
                                             {"boxcar", {1, 0, 0}},
                                             {"bartlett", {0, 0, 0}}}};

const Shaped* find_window(const std::string& name) {
  for (const Shaped& window : kWindows) {
    if (window.name == name) return &window;
  }
  return nullptr;
}

double value_at(const Shaped& window, double i, double last) {
  if (window.name == "bartlett") return 1 - std::abs(2 * i / last - 1);
  double sum = 0;
  for (int k = 0; k < 3; ++k) {
    sum += window.cosines[static_cast<size_t>(k)] * std::cos(2 * std::numbers::pi * k * i / last);
  }
  return sum;
}

}  // namespace

void check_window(const Json& window, std::string_view what) {
  if (window.is_null() || window.is_array()) return;
  if (window.is_string() && find_window(window.as_string("window"))) return;
  value_error(what,
              ": expected window None, 'hann', 'hamming', 'blackman', 'bartlett', 'boxcar' or its "
              "values, received ",
              window.dump());
}

Tensor window_values(const Json& window, int64_t length, bool periodic, DType dtype,
                     std::string_view what) {
  check_window(window, what);
  if (window.is_null()) return {};
  std::vector<double> values;
  if (window.is_array()) {
    for (const Json& item : window.as_array()) values.push_back(item.as_double("window"));
    if (static_cast<int64_t>(values.size()) != length) {
      value_error(what, ": expected a window of ", length, " values, received ", values.size());
    }
  } else {
    const Shaped& shaped = *find_window(window.as_string("window"));
    const auto last = static_cast<double>(periodic ? length : length - 1);
    for (int64_t i = 0; i < length; ++i) {
      values.push_back(length == 1 ? 1 : value_at(shaped, static_cast<double>(i), last));
    }
  }
  return ops::cast(Tensor::from<double>(values, {length}), dtype);
}

}  // namespace nacre
