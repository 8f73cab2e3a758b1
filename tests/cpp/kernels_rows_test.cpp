// Reductions, softmax, cross-entropy and the norms against double precision, on every instruction
// set; and that how the rows are split never changes a bit.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>

#include "kernels_reference.h"

namespace nacre {
namespace {

using kernels::KernelTable;
using kernels::Reduce;
using testing::kInfinity;
using testing::kNotANumber;
using testing::normal_values;

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](float u, float v) {
           return std::bit_cast<uint32_t>(u) == std::bit_cast<uint32_t>(v);
         });
}

// Calls f(begin, end) on the whole range or cut into single rows.
void in_parts(int64_t rows, bool split, const std::function<void(int64_t, int64_t)>& f) {
  if (!split) return f(0, rows);
  for (int64_t r = rows - 1; r >= 0; --r) f(r, r + 1);
}

double worst_difference(const std::vector<float>& got, const std::vector<double>& exact) {
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double difference = std::abs(got[i] - exact[i]);
    worst = std::max(worst, std::isnan(difference) ? kInfinity : difference);
  }
  return worst;
}

const std::vector<int64_t> kLengths = {1,   2,   3,   4,    5,    7,    8,    9,   15,
                                       16,  17,  31,  32,   33,   63,   64,   65,  100,
                                       255, 256, 257, 1000, 1023, 1024, 1025, 5000};

TEST_CASE("kernels: reductions of every shape") {
  for (int64_t inner : {1, 2, 3, 5, 16, 17, 33, 64, 1500}) {
    for (int64_t reduce : kLengths) {
      if (inner > 64 && reduce > 300) continue;
      const int64_t outer = 3, size = outer * reduce * inner;
      const std::vector<float> x = normal_values(static_cast<size_t>(size), 11);
      std::vector<double> sum(outer * inner), squares(sum), absolute(sum), high(sum), low(sum),
          prod(sum);
      std::vector<int32_t> first_max(outer * inner), first_min(first_max);
      for (int64_t o = 0; o < outer; ++o) {
        for (int64_t i = 0; i < inner; ++i) {
          const int64_t at = o * inner + i;
          high[at] = -kInfinity;
          low[at] = kInfinity;
          prod[at] = 1;
          for (int64_t r = 0; r < reduce; ++r) {
            const double v = x[(o * reduce + r) * inner + i];
            sum[at] += v;
            absolute[at] += std::abs(v);
            squares[at] += v * v;
            prod[at] *= v;
            if (v > high[at]) first_max[at] = static_cast<int32_t>(r);
            if (v < low[at]) first_min[at] = static_cast<int32_t>(r);
            high[at] = std::max(high[at], v);
            low[at] = std::min(low[at], v);
          }
        }
      }
      for (Isa isa : available_isas()) {
        CAPTURE(name_of(isa));
        CAPTURE(inner);
        CAPTURE(reduce);
        const KernelTable& t = kernels::table(isa);
        const auto run = [&](Reduce kind, bool split) {
          std::vector<float> y(outer * inner);
          in_parts(outer, split, [&](int64_t begin, int64_t end) {
            t.reduce[static_cast<int>(kind)](x.data(), y.data(), begin, end, reduce, inner);
          });
          return y;
        };
        for (int kind = 0; kind < static_cast<int>(Reduce::kCount); ++kind) {
          CHECK(same_bits(run(Reduce(kind), false), run(Reduce(kind), true)));
        }
        const std::vector<float> s = run(Reduce::kSum, false), q = run(Reduce::kSumSquares, false);
        bool accurate = true;
        // Pairwise-like: the error bound has log2(n) roundings of the absolute sum.
        const double bound = 0x1p-24 * (8 + std::log2(static_cast<double>(reduce)));
        for (size_t i = 0; i < s.size(); ++i) {
          accurate &= std::abs(s[i] - sum[i]) <= bound * absolute[i];
          accurate &= std::abs(q[i] - squares[i]) <= bound * squares[i];
        }
        CHECK(accurate);
        CHECK(worst_difference(run(Reduce::kMax, false), high) == 0);
        CHECK(worst_difference(run(Reduce::kMin, false), low) == 0);
        const std::vector<float> p = run(Reduce::kProd, false);
        for (size_t i = 0; i < p.size(); ++i) CHECK(testing::ulp_error(p[i], prod[i]) <= 1.0);
        for (bool split : {false, true}) {
          std::vector<int32_t> a(outer * inner), b(outer * inner);
          in_parts(outer, split, [&](int64_t begin, int64_t end) {
            t.argmax(x.data(), a.data(), begin, end, reduce, inner);
            t.argmin(x.data(), b.data(), begin, end, reduce, inner);
          });
          CHECK(a == first_max);
          CHECK(b == first_min);
        }
      }
    }
  }
}

TEST_CASE("kernels: reductions of special values") {
  for (Isa isa : available_isas()) {
    CAPTURE(name_of(isa));
    const KernelTable& t = kernels::table(isa);
    const auto reduce = [&](Reduce kind, const std::vector<float>& x, int64_t n, int64_t inner) {
      float y[40];
      t.reduce[static_cast<int>(kind)](x.data(), y, 0, 1, n, inner);
      return y[0];
    };
    CHECK(reduce(Reduce::kSum, {}, 0, 1) == 0.0f);
    CHECK(reduce(Reduce::kSum, {}, 0, 2) == 0.0f);
    CHECK(reduce(Reduce::kProd, {}, 0, 1) == 1.0f);
    CHECK(reduce(Reduce::kMax, {}, 0, 1) == -kInfinity);
    CHECK(reduce(Reduce::kMin, {}, 0, 2) == kInfinity);
    for (int64_t n : {1, 5, 16, 33, 200}) {
      for (int64_t at : {int64_t{0}, n / 2, n - 1}) {
        for (int64_t inner : {1, 3, 20}) {
          std::vector<float> x(static_cast<size_t>(n * inner), 1.0f);
          x[static_cast<size_t>(at * inner)] = kNotANumber;
          CHECK(std::isnan(reduce(Reduce::kMax, x, n, inner)));
          CHECK(std::isnan(reduce(Reduce::kMin, x, n, inner)));
          CHECK(std::isnan(reduce(Reduce::kSum, x, n, inner)));
          CHECK(std::isnan(reduce(Reduce::kProd, x, n, inner)));
          std::vector<int32_t> index(static_cast<size_t>(inner));
          t.argmax(x.data(), index.data(), 0, 1, n, inner);
          CHECK(index[0] == at);
          t.argmin(x.data(), index.data(), 0, 1, n, inner);
          CHECK(index[0] == at);
          // Ties: the first; a row of infinities.
          std::fill(x.begin(), x.end(), -kInfinity);
          t.argmax(x.data(), index.data(), 0, 1, n, inner);
          CHECK(index[0] == 0);
          CHECK(reduce(Reduce::kMax, x, n, inner) == -kInfinity);
        }
      }
    }
    // A product that leaves float32's range and comes back; a float32 running sum would stop at
    // 2^24.
    CHECK(reduce(Reduce::kProd, {1e30f, 1e30f, 1e-30f, 1e-30f}, 4, 1) == doctest::Approx(1.0));
    std::vector<float> ones(20'000'000, 1.0f);
    CHECK(reduce(Reduce::kSum, ones, 20'000'000, 1) == 20'000'000.0f);
    CHECK(reduce(Reduce::kSum, ones, 10'000'000, 2) == 10'000'000.0f);
  }
}

TEST_CASE("kernels: softmax, its logarithm and their gradients") {
  for (int64_t cols : kLengths) {
    const int64_t rows = 4;
    const size_t size = static_cast<size_t>(rows * cols);
    std::vector<float> x = normal_values(size, 21, 4.0f), g = normal_values(size, 22);
    for (int64_t i = 0; i < cols; ++i)
      x[static_cast<size_t>(cols + i)] += 1e4f;  // needs the maximum
    std::vector<double> y(size), logs(size), dx(size), dlog(size);
    for (int64_t r = 0; r < rows; ++r) {
      const float *row = &x[r * cols], *grad = &g[r * cols];
      const double top = *std::max_element(row, row + cols);
      double total = 0, dot = 0, sum = 0;
      for (int64_t i = 0; i < cols; ++i) total += std::exp(row[i] - top);
      for (int64_t i = 0; i < cols; ++i) {
        y[r * cols + i] = std::exp(row[i] - top) / total;
        logs[r * cols + i] = row[i] - top - std::log(total);
        dot += y[r * cols + i] * grad[i];
        sum += grad[i];
      }
      for (int64_t i = 0; i < cols; ++i) {
        dx[r * cols + i] = y[r * cols + i] * (grad[i] - dot);
        dlog[r * cols + i] = grad[i] - y[r * cols + i] * sum;
      }
    }
    for (Isa isa : available_isas()) {
      CAPTURE(name_of(isa));
      CAPTURE(cols);
      const KernelTable& t = kernels::table(isa);
      std::vector<std::vector<float>> results[2];
      for (bool split : {false, true}) {
        std::vector<float> a(size), b(size), c(size), d(size), in_place = x;
        in_parts(rows, split, [&](int64_t begin, int64_t end) {
          t.softmax(x.data(), a.data(), begin, end, cols);
          t.softmax(in_place.data(), in_place.data(), begin, end, cols);
          t.log_softmax(x.data(), b.data(), begin, end, cols);
          t.softmax_grad(a.data(), g.data(), c.data(), begin, end, cols);
          t.log_softmax_grad(b.data(), g.data(), d.data(), begin, end, cols);
        });
        CHECK(same_bits(a, in_place));
        results[split] = {a, b, c, d};
      }
      for (int k = 0; k < 4; ++k) CHECK(same_bits(results[0][k], results[1][k]));
      CHECK(worst_difference(results[0][0], y) < 1e-6);
      CHECK(worst_difference(results[0][1], logs) < 4e-6);
      CHECK(worst_difference(results[0][2], dx) < 4e-6);
      CHECK(worst_difference(results[0][3], dlog) < 2e-5);
    }
  }
}

TEST_CASE("kernels: sparse cross-entropy") {
  for (int64_t cols : {1, 2, 10, 16, 17, 100, 1000}) {
    const int64_t rows = 6;
    const size_t size = static_cast<size_t>(rows * cols);
    std::vector<float> x = normal_values(size, 31, 3.0f);
    const std::vector<float> g = {1.0f, 0.5f, -2.0f, 1.0f, 1.0f, 0.0f};
    const std::vector<int32_t> label = {
        0,  static_cast<int32_t>(cols - 1), static_cast<int32_t>(cols / 2),
        -1, static_cast<int32_t>(cols),     0};
    std::vector<double> loss(rows), dx(size);
    for (int64_t r = 0; r < rows; ++r) {
      double total = 0;
      for (int64_t i = 0; i < cols; ++i) total += std::exp(double{x[r * cols + i]});
      const bool valid = label[r] >= 0 && label[r] < cols;
      loss[r] = valid ? std::log(total) - x[r * cols + label[r]] : kNotANumber;
      for (int64_t i = 0; i < cols; ++i) {
        dx[r * cols + i] =
            valid ? (std::exp(double{x[r * cols + i]}) / total - (i == label[r])) * g[r]
                  : kNotANumber;
      }
    }
    for (Isa isa : available_isas()) {
      CAPTURE(name_of(isa));
      CAPTURE(cols);
      std::vector<float> a(rows), b(size);
      kernels::table(isa).sparse_cross_entropy(x.data(), label.data(), a.data(), 0, rows, cols);
      kernels::table(isa).sparse_cross_entropy_grad(x.data(), label.data(), g.data(), b.data(), 0,
                                                    rows, cols);
      bool right = true;
      for (int64_t r = 0; r < rows; ++r) {
        right &= std::isnan(loss[r]) ? std::isnan(a[r]) : std::abs(a[r] - loss[r]) < 4e-6;
        for (int64_t i = 0; i < cols; ++i) {
          const double exact = dx[r * cols + i], got = b[r * cols + i];
          right &= std::isnan(exact) ? std::isnan(got) : std::abs(got - exact) < 1e-6;
        }
      }
      CHECK(right);
    }
  }
}

TEST_CASE("kernels: layer norm and its gradients") {
  for (int64_t cols : kLengths) {
    const int64_t rows = 5;
    const size_t size = static_cast<size_t>(rows * cols), width = static_cast<size_t>(cols);
    std::vector<float> x = normal_values(size, 41, 2.0f), g = normal_values(size, 42);
    for (float& v : x) v += 30.0f;
    const std::vector<float> gamma = normal_values(width, 43), beta = normal_values(width, 44);
    for (bool affine : {true, false}) {
      const double epsilon = 1e-3;
      std::vector<double> y(size), dx(size), dgamma(width), dbeta(width);
      for (int64_t r = 0; r < rows; ++r) {
        const float *row = &x[r * cols], *grad = &g[r * cols];
        double mean = 0, variance = 0, mean_h = 0, mean_hn = 0;
        for (int64_t i = 0; i < cols; ++i) mean += row[i] / static_cast<double>(cols);
        for (int64_t i = 0; i < cols; ++i) variance += (row[i] - mean) * (row[i] - mean) / cols;
        const double rstd = 1 / std::sqrt(variance + epsilon);
        for (int64_t i = 0; i < cols; ++i) {
          const double normal = (row[i] - mean) * rstd, h = grad[i] * (affine ? gamma[i] : 1.0);
          y[r * cols + i] = normal * (affine ? gamma[i] : 1.0) + (affine ? beta[i] : 0.0);
          mean_h += h / cols;
          mean_hn += h * normal / cols;
          dgamma[i] += grad[i] * normal;
          dbeta[i] += grad[i];
        }
        for (int64_t i = 0; i < cols; ++i) {
          const double normal = (row[i] - mean) * rstd, h = grad[i] * (affine ? gamma[i] : 1.0);
          dx[r * cols + i] = rstd * (h - mean_h - normal * mean_hn);
        }
      }
      for (Isa isa : available_isas()) {
        CAPTURE(name_of(isa));
        CAPTURE(cols);
        const KernelTable& t = kernels::table(isa);
        std::vector<float> out[2], back[2];
        for (bool split : {false, true}) {
          std::vector<float> mean(rows), rstd(rows), dg(width), db(width);
          out[split].resize(size);
          back[split].resize(size);
          in_parts(rows, split, [&](int64_t begin, int64_t end) {
            t.layer_norm(x.data(), affine ? gamma.data() : nullptr, affine ? beta.data() : nullptr,
                         out[split].data(), mean.data(), rstd.data(), begin, end, cols, 1e-3f);
            t.layer_norm_grad(x.data(), affine ? gamma.data() : nullptr, mean.data(), rstd.data(),
                              g.data(), back[split].data(), affine ? dg.data() : nullptr,
                              affine ? db.data() : nullptr, begin, end, cols);
          });
          if (affine) {
            CHECK(worst_difference(dg, dgamma) < 2e-4);
            CHECK(worst_difference(db, dbeta) < 1e-5);
          }
        }
        CHECK(same_bits(out[0], out[1]));
        CHECK(same_bits(back[0], back[1]));
        // 30 +- 2: the mean is known to about 2e-6; one or two columns have the variance of
        // epsilon.
        const double scale = cols < 3 ? 32 : 1;
        CHECK(worst_difference(out[0], y) < 2e-5 * scale);
        CHECK(worst_difference(back[0], dx) < 1e-4 * scale * scale);
      }
    }
  }
}

TEST_CASE("kernels: column statistics and affine maps") {
  for (int64_t cols : {1, 3, 4, 8, 15, 16, 17, 64, 100, 700}) {
    for (int64_t rows : {1, 3, 4, 63, 64, 65, 131, 1000}) {
      const size_t size = static_cast<size_t>(rows * cols), width = static_cast<size_t>(cols);
      std::vector<float> x = normal_values(size, 51, 2.0f), g = normal_values(size, 52);
      for (float& v : x) v += 100.0f;
      const std::vector<float> shift(width, 99.0f), scale = normal_values(width, 53);
      for (Isa isa : available_isas()) {
        CAPTURE(name_of(isa));
        CAPTURE(cols);
        CAPTURE(rows);
        const KernelTable& t = kernels::table(isa);
        std::vector<double> sum(width, 1.0), squares(width, 2.0), sum_g(width, 3.0),
            sum_gx(width, 4.0);
        std::vector<float> y(size);
        t.column_moments(x.data(), shift.data(), sum.data(), squares.data(), 0, rows, cols);
        t.column_grad_sums(x.data(), g.data(), shift.data(), sum_g.data(), sum_gx.data(), 0, rows,
                           cols);
        t.column_affine(x.data(), scale.data(), shift.data(), nullptr, false, y.data(), 0, rows,
                        cols);
        // The epilogue has the bits of separate ops.
        std::vector<float> fused(size), expected = y;
        t.column_affine(x.data(), scale.data(), shift.data(), g.data(), true, fused.data(), 0, rows,
                        cols);
        for (size_t i = 0; i < size; ++i) expected[i] = std::max(0.0f, expected[i] + g[i]);
        CHECK(fused == expected);
        std::vector<float> dx(size);
        t.column_grad(x.data(), g.data(), shift.data(), scale.data(), shift.data(), scale.data(),
                      dx.data(), 0, rows, cols);
        double worst_dx = 0;
        for (size_t i = 0; i < size; ++i) {
          const size_t c = i % width;
          const double exact = (x[i] - 99.0) * scale[c] + g[i] * 99.0 + scale[c];
          const double terms = std::abs((x[i] - 99.0) * scale[c]) + std::abs(g[i] * 99.0) + 1;
          worst_dx = std::max(worst_dx, std::abs(dx[i] - exact) / terms);
        }
        CHECK(worst_dx < 4e-7);
        double worst = 0;
        for (int64_t c = 0; c < cols; ++c) {
          double s = 1, q = 2, a = 3, b = 4;
          for (int64_t r = 0; r < rows; ++r) {
            const double v = x[r * cols + c], d = v - 99.0, h = g[r * cols + c];
            s += v;
            q += d * d;
            a += h;
            b += h * d;
            const double exact = v * scale[c] + 99.0;
            worst =
                std::max(worst, std::abs(y[r * cols + c] - exact) / (std::abs(v * scale[c]) + 99));
          }
          const double n = static_cast<double>(rows);
          worst =
              std::max({worst, std::abs(sum[c] - s) / n / 100, std::abs(squares[c] - q) / n / 30,
                        std::abs(sum_g[c] - a) / n / 3, std::abs(sum_gx[c] - b) / n / 20});
        }
        CHECK(worst < 2e-6);
      }
    }
  }
}

}  // namespace
}  // namespace nacre
