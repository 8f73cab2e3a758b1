// Convolution for any floating type, in plain loops over channels-last data.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/abi.h"
#include "nacre/base/parallel.h"
#include "ops/reference/scalar.h"

namespace nacre::reference {

// Sums of float16 and bfloat16 are kept in float, of the others in double.
template <class T>
using ConvSum =
    std::conditional_t<std::is_same_v<T, double> || std::is_same_v<T, float>, double, float>;

// Visits the taps of output position (o0, o1, o2) that fall inside x: f(tap, input position).
template <class F>
void for_each_tap(const kernels::ConvArgs& a, int64_t o0, int64_t o1, int64_t o2, F f) {
  for (int64_t k0 = 0; k0 < a.kernel[0]; ++k0) {
    const int64_t i0 = o0 * a.stride[0] - a.pad[0] + k0 * a.dilation[0];
    if (i0 < 0 || i0 >= a.in[0]) continue;
    for (int64_t k1 = 0; k1 < a.kernel[1]; ++k1) {
      const int64_t i1 = o1 * a.stride[1] - a.pad[1] + k1 * a.dilation[1];
      if (i1 < 0 || i1 >= a.in[1]) continue;
      for (int64_t k2 = 0; k2 < a.kernel[2]; ++k2) {
        const int64_t i2 = o2 * a.stride[2] - a.pad[2] + k2 * a.dilation[2];
        if (i2 < 0 || i2 >= a.in[2]) continue;
        f((k0 * a.kernel[1] + k1) * a.kernel[2] + k2, (i0 * a.in[1] + i1) * a.in[2] + i2);
      }
    }
  }
}

template <class F>
void for_each_output(const kernels::ConvArgs& a, F f) {
  int64_t at = 0;
  for (int64_t o0 = 0; o0 < a.out[0]; ++o0) {
    for (int64_t o1 = 0; o1 < a.out[1]; ++o1) {
      for (int64_t o2 = 0; o2 < a.out[2]; ++o2) f(at++, o0, o1, o2);
    }
  }
}

template <class T>
void ref_conv_forward(const kernels::ConvArgs& a, const T* x, const T* filter, T* y) {
  using S = ConvSum<T>;
  const int64_t outputs = a.out[0] * a.out[1] * a.out[2];
  const int64_t pixels = a.in[0] * a.in[1] * a.in[2];
  const int64_t in_group = a.in_channels / a.groups, out_group = a.out_channels / a.groups;
  parallel_for(a.batch * a.out[0], 1, [&](int64_t begin, int64_t end) {
    std::vector<S> sum(static_cast<size_t>(a.out_channels));
    for (int64_t line = begin; line < end; ++line) {
      const int64_t b = line / a.out[0], o0 = line % a.out[0];
      for (int64_t o = 0; o < a.out[1] * a.out[2]; ++o) {
        std::fill(sum.begin(), sum.end(), S(0));
        for_each_tap(a, o0, o / a.out[2], o % a.out[2], [&](int64_t tap, int64_t pixel) {
          const T* xs = x + (b * pixels + pixel) * a.in_channels;
          for (int64_t g = 0; g < a.groups; ++g) {
            for (int64_t ic = 0; ic < in_group; ++ic) {
              const S value = static_cast<S>(xs[g * in_group + ic]);
              const T* w = filter + (tap * in_group + ic) * a.out_channels + g * out_group;
              S* to = sum.data() + g * out_group;
              for (int64_t oc = 0; oc < out_group; ++oc) to[oc] += value * static_cast<S>(w[oc]);
            }
          }
        });
        T* to = y + (b * outputs + o0 * a.out[1] * a.out[2] + o) * a.out_channels;
        for (int64_t oc = 0; oc < a.out_channels; ++oc) to[oc] = static_cast<T>(sum[oc]);
      }
    }
  });
}

template <class T>
void ref_conv_data_grad(const kernels::ConvArgs& a, const T* filter, const T* y, T* dx) {
  using S = ConvSum<T>;
  const int64_t outputs = a.out[0] * a.out[1] * a.out[2];
  const int64_t pixels = a.in[0] * a.in[1] * a.in[2];
  const int64_t in_group = a.in_channels / a.groups, out_group = a.out_channels / a.groups;
  parallel_for(a.batch, 1, [&](int64_t begin, int64_t end) {
    std::vector<S> sum(static_cast<size_t>(pixels * a.in_channels));
    for (int64_t b = begin; b < end; ++b) {
      std::fill(sum.begin(), sum.end(), S(0));
      for_each_output(a, [&](int64_t o, int64_t o0, int64_t o1, int64_t o2) {
        const T* ys = y + (b * outputs + o) * a.out_channels;
        for_each_tap(a, o0, o1, o2, [&](int64_t tap, int64_t pixel) {
          for (int64_t ic = 0; ic < a.in_channels; ++ic) {
            const int64_t g = ic / in_group;
            const T* w = filter + (tap * in_group + ic % in_group) * a.out_channels + g * out_group;
            S dot = 0;
            for (int64_t oc = 0; oc < out_group; ++oc) {
              dot += static_cast<S>(ys[g * out_group + oc]) * static_cast<S>(w[oc]);
            }
            sum[pixel * a.in_channels + ic] += dot;
          }
        });
      });
      T* to = dx + b * pixels * a.in_channels;
      for (size_t i = 0; i < sum.size(); ++i) to[i] = static_cast<T>(sum[i]);
    }
  });
}

template <class T>
void ref_conv_filter_grad(const kernels::ConvArgs& a, const T* x, const T* y, T* dfilter) {
  using S = ConvSum<T>;
  const int64_t outputs = a.out[0] * a.out[1] * a.out[2];
  const int64_t pixels = a.in[0] * a.in[1] * a.in[2];
  const int64_t in_group = a.in_channels / a.groups, out_group = a.out_channels / a.groups;
  // Each input channel of a group owns its part of the filter.
  parallel_for(in_group, 1, [&](int64_t begin, int64_t end) {
    const int64_t taps = a.kernel[0] * a.kernel[1] * a.kernel[2];
    std::vector<S> sum(static_cast<size_t>(taps * a.out_channels));
    for (int64_t ic = begin; ic < end; ++ic) {
      std::fill(sum.begin(), sum.end(), S(0));
      for (int64_t b = 0; b < a.batch; ++b) {
        for_each_output(a, [&](int64_t o, int64_t o0, int64_t o1, int64_t o2) {
          const T* ys = y + (b * outputs + o) * a.out_channels;
          for_each_tap(a, o0, o1, o2, [&](int64_t tap, int64_t pixel) {
            const T* xs = x + (b * pixels + pixel) * a.in_channels;
            for (int64_t g = 0; g < a.groups; ++g) {
              const S value = static_cast<S>(xs[g * in_group + ic]);
              S* to = sum.data() + tap * a.out_channels + g * out_group;
              for (int64_t oc = 0; oc < out_group; ++oc) {
                to[oc] += value * static_cast<S>(ys[g * out_group + oc]);
              }
            }
          });
        });
      }
      for (int64_t tap = 0; tap < taps; ++tap) {
        for (int64_t oc = 0; oc < a.out_channels; ++oc) {
          dfilter[(tap * in_group + ic) * a.out_channels + oc] =
              static_cast<T>(sum[tap * a.out_channels + oc]);
        }
      }
    }
  });
}

}  // namespace nacre::reference
