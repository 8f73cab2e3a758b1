// Pooling of every instruction set against scalar oracles.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "kernels/abi.h"
#include "nacre/base/cpu.h"

namespace {

using nacre::kernels::KernelTable;
using nacre::kernels::PoolArgs;

struct Pool {
  PoolArgs args{};
  std::vector<float> x, grad;
  std::vector<float> max_y, max_dx, average_y, average_dx;  // expected

  Pool(int64_t batch, int64_t channels, const int64_t (&in)[3], const int64_t (&window)[3],
       const int64_t (&stride)[3], const int64_t (&pad)[3], const int64_t (&high_pad)[3],
       bool count_padding) {
    args.batch = batch;
    args.channels = channels;
    args.count_padding = count_padding;
    int64_t in_size = batch * channels, out_size = batch * channels;
    for (int d = 0; d < 3; ++d) {
      args.in[d] = in[d];
      args.window[d] = window[d];
      args.stride[d] = stride[d];
      args.pad[d] = pad[d];
      args.out[d] = (in[d] + pad[d] + high_pad[d] - window[d]) / stride[d] + 1;
      in_size *= in[d];
      out_size *= args.out[d];
    }
    std::mt19937 engine(7);
    std::uniform_int_distribution<int> integer(-3, 3);  // many ties
    x.resize(static_cast<size_t>(in_size));
    grad.resize(static_cast<size_t>(out_size));
    for (float& value : x) value = static_cast<float>(integer(engine));
    for (float& value : grad) value = static_cast<float>(integer(engine)) + 0.25f;
    args.x = x.data();
    args.grad = grad.data();
  }

  void ref_pool() {
    max_y.assign(grad.size(), 0);
    average_y.assign(grad.size(), 0);
    max_dx.assign(x.size(), 0);
    average_dx.assign(x.size(), 0);
    const PoolArgs& g = args;
    for (int64_t n = 0; n < g.batch; ++n)
      for (int64_t d = 0; d < g.out[0]; ++d)
        for (int64_t h = 0; h < g.out[1]; ++h)
          for (int64_t w = 0; w < g.out[2]; ++w)
            for (int64_t c = 0; c < g.channels; ++c) {
              std::vector<size_t> inside;
              for (int64_t i = 0; i < g.window[0]; ++i)
                for (int64_t j = 0; j < g.window[1]; ++j)
                  for (int64_t k = 0; k < g.window[2]; ++k) {
                    const int64_t a = d * g.stride[0] + i - g.pad[0];
                    const int64_t b = h * g.stride[1] + j - g.pad[1];
                    const int64_t e = w * g.stride[2] + k - g.pad[2];
                    if (a < 0 || a >= g.in[0] || b < 0 || b >= g.in[1] || e < 0 || e >= g.in[2])
                      continue;
                    inside.push_back(static_cast<size_t>(
                        (((n * g.in[0] + a) * g.in[1] + b) * g.in[2] + e) * g.channels + c));
                  }
              const size_t at = static_cast<size_t>(
                  (((n * g.out[0] + d) * g.out[1] + h) * g.out[2] + w) * g.channels + c);
              size_t best = inside[0];
              double sum = 0;
              for (size_t p : inside) {
                sum += x[p];
                if (!std::isnan(x[best]) && (std::isnan(x[p]) || x[p] > x[best])) best = p;
              }
              const double count =
                  g.count_padding ? static_cast<double>(g.window[0] * g.window[1] * g.window[2])
                                  : static_cast<double>(inside.size());
              max_y[at] = x[best];
              max_dx[best] += grad[at];
              average_y[at] = static_cast<float>(sum / count);
              for (size_t p : inside) average_dx[p] += static_cast<float>(grad[at] / count);
            }
  }

  static bool close(const std::vector<float>& a, const std::vector<float>& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
      if (!(std::abs(a[i] - b[i]) <= 1e-5f)) return false;
    }
    return true;
  }

  void check() {
    ref_pool();
    for (nacre::Isa isa : nacre::available_isas()) {
      const KernelTable& table = nacre::kernels::table(isa);
      CAPTURE(nacre::name_of(isa));
      const auto run = [&](nacre::kernels::PoolFn fn, size_t size) {
        std::vector<float> result(size, 99.0f);
        args.result = result.data();
        // In two calls, as parallel_for makes them.
        fn(args, 0, args.batch / 2);
        fn(args, args.batch / 2, args.batch);
        return result;
      };
      args.y = max_y.data();
      CHECK(close(run(table.max_pool, grad.size()), max_y));
      CHECK(close(run(table.max_pool_grad, x.size()), max_dx));
      CHECK(close(run(table.average_pool, grad.size()), average_y));
      CHECK(close(run(table.average_pool_grad, x.size()), average_dx));
    }
  }
};

}  // namespace

TEST_CASE("pool: windows, strides, padding, channels around vectors") {
  for (int64_t channels : {1, 3, 4, 8, 15, 16, 17, 40})
    for (int64_t window : {1, 2, 3})
      for (int64_t stride : {1, 2, 3})
        for (int64_t pad : {0, 1})
          for (bool count_padding : {false, true}) {
            if (pad >= window) continue;
            Pool(3, channels, {1, 7, 8}, {1, window, window}, {1, stride, stride}, {0, pad, pad},
                 {0, pad, 0}, count_padding)
                .check();
          }
}

TEST_CASE("pool: one and three dimensions, whole images") {
  Pool(2, 5, {1, 1, 20}, {1, 1, 4}, {1, 1, 3}, {0, 0, 1}, {0, 0, 2}, false).check();
  Pool(2, 18, {4, 5, 6}, {2, 3, 2}, {2, 1, 3}, {1, 1, 0}, {0, 1, 1}, false).check();
  Pool(2, 18, {4, 5, 6}, {2, 3, 2}, {1, 2, 1}, {1, 1, 0}, {0, 1, 1}, true).check();
  Pool(2, 33, {1, 7, 7}, {1, 7, 7}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}, false).check();
  Pool(0, 33, {1, 7, 7}, {1, 7, 7}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}, false).check();
}

TEST_CASE("pool: NaN and infinity") {
  const float infinity = std::numeric_limits<float>::infinity();
  Pool pool(2, 19, {1, 6, 6}, {1, 2, 2}, {1, 2, 2}, {0, 0, 0}, {0, 0, 0}, false);
  pool.x[5] = std::numeric_limits<float>::quiet_NaN();
  pool.x[19 + 5] = std::numeric_limits<float>::quiet_NaN();  // the second NaN of a window
  for (size_t pixel : {2, 3, 8, 9}) pool.x[pixel * 19 + 7] = -infinity;
  pool.x[4 * 19 + 3] = infinity;
  pool.check();
}
