#include <array>
#include <atomic>
#include <string>

#include "nacre/base/error.h"
#include "nacre/ops/nn.h"

namespace nacre {
namespace {

std::atomic<double> g_epsilon{1e-7};
std::atomic<bool> g_channels_first{false};
const std::array<std::string, 2> kDataFormats = {"channels_last", "channels_first"};

}  // namespace

double epsilon() {
  return g_epsilon;
}

void set_epsilon(double value) {
  g_epsilon = value;
}

const std::string& image_data_format() {
  return kDataFormats[g_channels_first];
}

void set_image_data_format(const std::string& value) {
  if (value != kDataFormats[0] && value != kDataFormats[1]) {
    value_error("image_data_format: expected 'channels_first' or 'channels_last', received '",
                value, "'.", did_you_mean(value, kDataFormats));
  }
  g_channels_first = value == kDataFormats[1];
}

}  // namespace nacre
