// Pooling for any floating type over channels-last data, batch rows [begin, end).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/abi.h"
#include "ops/reference/conv.h"

namespace nacre::reference {

// before(output, elements inside x), then visit(output, pixel) for each, then after.
template <class Before, class Visit, class After>
void for_each_window(const kernels::PoolArgs& a, Before before, Visit visit, After after) {
  int64_t at = 0;
  for (int64_t o0 = 0; o0 < a.out[0]; ++o0) {
    for (int64_t o1 = 0; o1 < a.out[1]; ++o1) {
      for (int64_t o2 = 0; o2 < a.out[2]; ++o2, ++at) {
        int64_t low[3], high[3];
        const int64_t o[3] = {o0, o1, o2};
        int64_t count = 1;
        for (int d = 0; d < 3; ++d) {
          const int64_t start = o[d] * a.stride[d] - a.pad[d];
          const bool adaptive = a.stride[d] == 0;
          low[d] = adaptive ? o[d] * a.in[d] / a.out[d] : std::max<int64_t>(0, start);
          high[d] = adaptive ? ((o[d] + 1) * a.in[d] + a.out[d] - 1) / a.out[d]
                             : std::min(a.in[d], start + a.window[d]);
          count *= std::max<int64_t>(0, high[d] - low[d]);
        }
        before(at, count);
        for (int64_t i0 = low[0]; i0 < high[0]; ++i0) {
          for (int64_t i1 = low[1]; i1 < high[1]; ++i1) {
            for (int64_t i2 = low[2]; i2 < high[2]; ++i2) {
              visit(at, (i0 * a.in[1] + i1) * a.in[2] + i2);
            }
          }
        }
        after(at, count);
      }
    }
  }
}

inline int64_t pixels_of(const kernels::PoolArgs& a) {
  return a.in[0] * a.in[1] * a.in[2];
}
inline int64_t outputs_of(const kernels::PoolArgs& a) {
  return a.out[0] * a.out[1] * a.out[2];
}

template <class T>
void ref_max_pool(const kernels::PoolArgs& a, const T* x, T* y, int64_t begin, int64_t end) {
  const int64_t c = a.channels;
  for (int64_t b = begin; b < end; ++b) {
    const T* xs = x + b * pixels_of(a) * c;
    T* ys = y + b * outputs_of(a) * c;
    for_each_window(
        a,
        [&](int64_t at, int64_t) {
          std::fill_n(ys + at * c, c, T(-std::numeric_limits<float>::infinity()));
        },
        [&](int64_t at, int64_t pixel) {
          for (int64_t i = 0; i < c; ++i) {
            const T v = xs[pixel * c + i];
            T& to = ys[at * c + i];
            if (v > to || std::isnan(static_cast<double>(v))) to = v;
          }
        },
        [](int64_t, int64_t) {});
  }
}

// Calls f(channel element of y, element of x) where x first reaches its window's maximum.
template <class T, class F>
void for_each_maximum(const kernels::PoolArgs& a, const T* xs, const T* ys, F f) {
  const int64_t c = a.channels;
  std::vector<uint8_t> found(static_cast<size_t>(c));
  for_each_window(
      a, [&](int64_t, int64_t) { std::fill(found.begin(), found.end(), uint8_t{0}); },
      [&](int64_t at, int64_t pixel) {
        for (int64_t i = 0; i < c; ++i) {
          const T v = xs[pixel * c + i], y = ys[at * c + i];
          const bool both_nan =
              std::isnan(static_cast<double>(v)) && std::isnan(static_cast<double>(y));
          if (!found[i] && (v == y || both_nan)) {
            found[i] = 1;
            f(at * c + i, pixel * c + i);
          }
        }
      },
      [](int64_t, int64_t) {});
}

template <class T>
void ref_max_pool_grad(const kernels::PoolArgs& a, const T* x, const T* y, const T* grad, T* dx,
                       int64_t begin, int64_t end) {
  const int64_t in = pixels_of(a) * a.channels, out = outputs_of(a) * a.channels;
  std::vector<ConvSum<T>> sum(static_cast<size_t>(in));
  for (int64_t b = begin; b < end; ++b) {
    std::fill(sum.begin(), sum.end(), ConvSum<T>(0));
    for_each_maximum(a, x + b * in, y + b * out, [&](int64_t to, int64_t from) {
      sum[from] += static_cast<ConvSum<T>>(grad[b * out + to]);
    });
    for (int64_t i = 0; i < in; ++i) dx[b * in + i] = static_cast<T>(sum[i]);
  }
}

// y[o] = v at the place of the window's maximum: the derivative of max_pool_grad in grad.
template <class T>
void ref_max_pool_pick(const kernels::PoolArgs& a, const T* x, const T* y, const T* v, T* result,
                       int64_t begin, int64_t end) {
  const int64_t in = pixels_of(a) * a.channels, out = outputs_of(a) * a.channels;
  for (int64_t b = begin; b < end; ++b) {
    std::fill_n(result + b * out, out, T(0));
    for_each_maximum(a, x + b * in, y + b * out,
                     [&](int64_t to, int64_t from) { result[b * out + to] = v[b * in + from]; });
  }
}

inline double pool_divisor(const kernels::PoolArgs& a, int64_t count) {
  const int64_t full = a.window[0] * a.window[1] * a.window[2];
  return static_cast<double>(a.count_padding ? full : std::max<int64_t>(1, count));
}

template <class T>
void ref_average_pool(const kernels::PoolArgs& a, const T* x, T* y, int64_t begin, int64_t end) {
  using S = ConvSum<T>;
  const int64_t c = a.channels;
  std::vector<S> sum(static_cast<size_t>(c));
  for (int64_t b = begin; b < end; ++b) {
    const T* xs = x + b * pixels_of(a) * c;
    T* ys = y + b * outputs_of(a) * c;
    for_each_window(
        a, [&](int64_t, int64_t) { std::fill(sum.begin(), sum.end(), S(0)); },
        [&](int64_t, int64_t pixel) {
          for (int64_t i = 0; i < c; ++i) sum[i] += static_cast<S>(xs[pixel * c + i]);
        },
        [&](int64_t at, int64_t count) {
          const S divisor = static_cast<S>(pool_divisor(a, count));
          for (int64_t i = 0; i < c; ++i) ys[at * c + i] = static_cast<T>(sum[i] / divisor);
        });
  }
}

template <class T>
void ref_average_pool_grad(const kernels::PoolArgs& a, const T* grad, T* dx, int64_t begin,
                           int64_t end) {
  using S = ConvSum<T>;
  const int64_t c = a.channels, in = pixels_of(a) * c;
  std::vector<S> sum(static_cast<size_t>(in));
  S divisor = 1;
  for (int64_t b = begin; b < end; ++b) {
    const T* gs = grad + b * outputs_of(a) * c;
    std::fill(sum.begin(), sum.end(), S(0));
    for_each_window(
        a, [&](int64_t, int64_t count) { divisor = static_cast<S>(pool_divisor(a, count)); },
        [&](int64_t at, int64_t pixel) {
          for (int64_t i = 0; i < c; ++i) {
            sum[pixel * c + i] += static_cast<S>(gs[at * c + i]) / divisor;
          }
        },
        [](int64_t, int64_t) {});
    for (int64_t i = 0; i < in; ++i) dx[b * in + i] = static_cast<T>(sum[i]);
  }
}

}  // namespace nacre::reference
