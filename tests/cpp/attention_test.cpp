// Attention of every instruction set against a double-precision oracle, the fused op against its
// composite, and its derivatives.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "gradient_check.h"
#include "kernels_reference.h"
#include "nacre/base/parallel.h"
#include "nacre/base/philox.h"
#include "nacre/graph/plan.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/random.h"
#include "ops/attention.h"

namespace nacre {
namespace {

using kernels::AttentionArgs;
using kernels::HeadStrides;
using kernels::Unseen;

struct Case {
  int64_t batch, heads, kv_heads, queries, keys, key_size, value_size;
  bool causal = false;
  int64_t window = 0;
  const char* mask = "";  // over: "b" batch and keys, "q" queries and keys, "all"; "n": all hidden
  const char* bias = "";
  float rate = 0;
  Unseen unseen = Unseen::kMean;
  int64_t gap = 0;  // of the rows of q, k, v
};

struct Operands {
  std::vector<float> q, k, v, y, lse, bias, grad, dq, dk, dv;
  std::vector<uint8_t> mask;
  AttentionArgs args{};

  explicit Operands(const Case& c) {
    const auto strides = [&](int64_t rows, int64_t heads, int64_t size, int64_t gap) {
      const int64_t row = heads * size + gap;
      return HeadStrides{rows * row, row, size};
    };
    args.batch = c.batch;
    args.heads = c.heads;
    args.kv_heads = c.kv_heads;
    args.queries = c.queries;
    args.keys = c.keys;
    args.key_size = c.key_size;
    args.value_size = c.value_size;
    args.q_at = strides(c.queries, c.heads, c.key_size, c.gap);
    args.k_at = strides(c.keys, c.kv_heads, c.key_size, c.gap);
    args.v_at = strides(c.keys, c.kv_heads, c.value_size, c.gap);
    args.y_at = strides(c.queries, c.heads, c.value_size, 0);
    // Exact sizes, so that a sanitizer sees reads past the last row.
    const auto size = [&](const HeadStrides& at) {
      return static_cast<size_t>(c.batch * at.batch);
    };
    q = testing::normal_values(size(args.q_at), 1);
    k = testing::normal_values(size(args.k_at), 2);
    v = testing::normal_values(size(args.v_at), 3);
    grad = testing::normal_values(size(args.y_at), 4);
    y.resize(grad.size());
    lse.resize(static_cast<size_t>(c.batch * c.heads * c.queries));
    dq.resize(q.size());
    dk.resize(k.size());
    dv.resize(v.size());
    args.scale = 0.7f / std::sqrt(static_cast<float>(c.key_size));
    args.causal = c.causal;
    args.window = c.window;
    args.unseen = c.unseen;
    args.rate = c.rate;
    args.seed = 12345;
    const int64_t dims[] = {c.batch, c.heads, c.queries, c.keys};
    const auto broadcast = [&](const std::string& kind, int64_t(&at)[4]) {
      const bool over[] = {kind != "q", kind == "all", kind != "b", true};
      int64_t stride = 1;
      for (int i = 3; i >= 0; --i) {
        at[i] = over[i] && dims[i] > 1 ? stride : 0;
        if (over[i]) stride *= dims[i];
      }
      return static_cast<size_t>(stride);
    };
    if (*c.mask) {
      const bool none = std::string(c.mask) == "n";
      mask.resize(broadcast(none ? "b" : c.mask, args.mask_at));
      for (size_t i = 0; i < mask.size(); ++i) {
        mask[i] = !none && i * 2654435761u % 7 > 2 && i / 5 % 9 != 3;
      }
      if (std::string(c.mask) == "b") {  // the last entry sees nothing, as do its far keys
        for (size_t i = 0; i < mask.size() / static_cast<size_t>(c.batch); ++i) {
          mask[mask.size() - 1 - i] = 0;
        }
      }
      args.mask = mask.data();
    }
    if (*c.bias) {
      bias = testing::normal_values(broadcast(c.bias, args.bias_at), 5);
      args.bias = bias.data();
    }
    args.q = q.data();
    args.k = k.data();
    args.v = v.data();
    args.y = y.data();
    args.lse = lse.data();
    args.grad = grad.data();
    args.dq = dq.data();
    args.dk = dk.data();
    args.dv = dv.data();
  }
};

struct Exact {
  std::vector<double> y, dq, dk, dv;
};

Exact oracle(const AttentionArgs& a, const Operands& o) {
  Exact r{std::vector<double>(o.y.size()), std::vector<double>(o.q.size()),
          std::vector<double>(o.k.size()), std::vector<double>(o.v.size())};
  const auto at = [](const HeadStrides& s, int64_t b, int64_t row, int64_t h) {
    return static_cast<size_t>(b * s.batch + row * s.row + h * s.head);
  };
  const auto keys = static_cast<size_t>(a.keys);
  for (int64_t b = 0; b < a.batch; ++b) {
    for (int64_t h = 0; h < a.heads; ++h) {
      const int64_t kv = h / (a.heads / a.kv_heads);
      for (int64_t t = 0; t < a.queries; ++t) {
        std::vector<double> w(keys), kept(keys), factor(keys, 1.0), dw(keys);
        std::vector<bool> seen(keys);
        double top = -INFINITY, total = 0;
        bool any = false;
        for (int64_t j = 0; j < a.keys; ++j) {
          double s = 0;
          for (int64_t i = 0; i < a.key_size; ++i) {
            s += static_cast<double>(a.q[at(a.q_at, b, t, h) + i]) * a.k[at(a.k_at, b, j, kv) + i];
          }
          s *= a.scale;
          if (a.bias) {
            s += a.bias[b * a.bias_at[0] + h * a.bias_at[1] + t * a.bias_at[2] + j * a.bias_at[3]];
          }
          bool sees = (!a.causal || j <= t) && (a.window == 0 || std::abs(t - j) < a.window);
          if (a.mask) {
            sees =
                sees &&
                a.mask[b * a.mask_at[0] + h * a.mask_at[1] + t * a.mask_at[2] + j * a.mask_at[3]];
          }
          seen[j] = sees;
          any |= sees;
          w[j] = sees ? s : -1e300;
          top = std::max(top, w[j]);
        }
        for (double& s : w) total += s = std::exp(s - top);
        for (size_t j = 0; j < keys; ++j) {
          w[j] = !any && a.unseen == Unseen::kZero ? 0 : w[j] / total;
          if (a.rate > 0) {
            const auto element =
                static_cast<uint64_t>(((b * a.heads + h) * a.queries + t) * a.keys) + j;
            factor[j] =
                random_uniform_at(a.seed, 0, element) >= a.rate ? 1.0 / (1.0 - a.rate) : 0.0;
          }
          kept[j] = w[j] * factor[j];
        }
        double delta = 0;
        for (int64_t j = 0; j < a.keys; ++j) {
          for (int64_t i = 0; i < a.value_size; ++i) {
            const double g = a.grad[at(a.y_at, b, t, h) + i];
            r.y[at(a.y_at, b, t, h) + i] += kept[j] * a.v[at(a.v_at, b, j, kv) + i];
            r.dv[at(a.v_at, b, j, kv) + i] += kept[j] * g;
            dw[j] += g * a.v[at(a.v_at, b, j, kv) + i];
          }
          dw[j] *= factor[j];
          delta += dw[j] * w[j];
        }
        const bool flows = any || a.unseen == Unseen::kShift;
        for (int64_t j = 0; flows && j < a.keys; ++j) {
          const double ds = w[j] * (dw[j] - delta) * a.scale;
          for (int64_t i = 0; i < a.key_size; ++i) {
            r.dq[at(a.q_at, b, t, h) + i] += ds * a.k[at(a.k_at, b, j, kv) + i];
            r.dk[at(a.k_at, b, j, kv) + i] += ds * a.q[at(a.q_at, b, t, h) + i];
          }
        }
      }
    }
  }
  return r;
}

double worst(const std::vector<float>& got, const std::vector<double>& exact, bool gaps = false) {
  double difference = 0, scale = 1;
  for (const double x : exact) scale = std::max(scale, std::abs(x));
  for (size_t i = 0; i < got.size(); ++i) {
    if (gaps && exact[i] == 0) continue;
    const double d = std::abs(got[i] - exact[i]) / scale;
    difference = std::max(difference, std::isnan(d) ? INFINITY : d);
  }
  return difference;
}

const Case kCases[] = {
    {1, 1, 1, 1, 1, 1, 1},
    {2, 3, 3, 5, 7, 4, 4},
    {2, 2, 2, 64, 64, 32, 32, true},
    {1, 2, 2, 17, 33, 16, 16, true},
    {2, 4, 2, 65, 65, 20, 20, true},
    {1, 4, 1, 40, 130, 33, 7},
    {1, 2, 2, 130, 20, 15, 17, true},
    {2, 2, 1, 100, 100, 8, 64, true, 9},
    {1, 2, 2, 90, 30, 8, 8, false, 5},  // the last queries see nothing
    {3, 2, 2, 20, 70, 16, 16, false, 0, "b"},
    {3, 2, 2, 70, 140, 16, 24, true, 0, "b"},
    {3, 2, 2, 2, 140, 16, 16, false, 0, "b"},
    {2, 2, 2, 33, 65, 16, 16, false, 0, "q"},
    {2, 4, 2, 33, 65, 16, 16, true, 0, "all"},
    {2, 2, 2, 10, 100, 16, 16, false, 0, "n"},
    {3, 2, 2, 20, 70, 16, 16, true, 0, "b", "", 0, Unseen::kZero},
    {3, 2, 2, 20, 70, 16, 16, false, 0, "b", "", 0, Unseen::kShift},
    {2, 2, 2, 33, 65, 16, 16, false, 0, "", "q"},
    {2, 4, 2, 30, 30, 16, 16, true, 0, "b", "all"},
    {2, 2, 2, 64, 128, 16, 16, false, 0, "", "", 0.3f},
    {2, 4, 2, 33, 67, 16, 16, true, 0, "b", "", 0.5f},
    {3, 2, 2, 9, 70, 16, 16, false, 0, "b", "b", 0.25f, Unseen::kShift},
    {2, 8, 2, 1, 300, 64, 64},
    {2, 2, 2, 1, 70, 20, 20, true},
    {1, 3, 1, 1, 129, 40, 10, false, 0, "b", "q", 0.1f},
    {2, 2, 2, 40, 40, 16, 16, true, 0, "", "", 0, Unseen::kMean, 5},
    {1, 1, 1, 200, 600, 8, 8, true, 0, "", "", 0.1f},
};

TEST_CASE("attention: result and gradients") {
  const int threads = num_threads();
  for (const Case& c : kCases) {
    CAPTURE(c.queries);
    CAPTURE(c.keys);
    CAPTURE(c.key_size);
    CAPTURE(c.mask);
    CAPTURE(c.rate);
    Operands o(c);
    const Exact exact = oracle(o.args, o);
    for (const Isa isa : available_isas()) {
      CAPTURE(name_of(isa));
      Operands first(c);
      for (const int count : {1, 2, 3, 7}) {
        set_num_threads(count);
        Operands run(c);
        std::fill(run.y.begin(), run.y.end(), testing::kNotANumber);
        kernels::table(isa).attention(run.args);
        kernels::table(isa).attention_grad(run.args);
        if (count == 1) {
          CHECK(worst(run.y, exact.y) < 2e-6);
          CHECK(worst(run.dq, exact.dq, c.gap > 0) < 5e-6);
          CHECK(worst(run.dk, exact.dk, c.gap > 0) < 5e-6);
          CHECK(worst(run.dv, exact.dv, c.gap > 0) < 5e-6);
          first = run;
        }
        const auto same = [](const std::vector<float>& a, const std::vector<float>& b) {
          return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
        };
        CHECK(same(run.y, first.y));
        CHECK(same(run.dq, first.dq));
        CHECK(same(run.dk, first.dk));
        CHECK(same(run.dv, first.dv));
      }
    }
  }
  set_num_threads(threads);
}

TEST_CASE("attention: special values") {
  for (const Isa isa : available_isas()) {
    CAPTURE(name_of(isa));
    for (const int64_t queries : {1, 20}) {
      Operands o({1, 1, 1, queries, 70, 8, 8, false, 0, "", "q"});
      // A row of -inf has no weights; a NaN in one row stays there.
      for (int64_t j = 0; j < 70; ++j) o.bias[j] = -testing::kInfinity;
      if (queries > 1) o.q[8] = testing::kNotANumber;
      kernels::table(isa).attention(o.args);
      CHECK(std::isnan(o.y[0]));
      if (queries > 1) {
        CHECK(std::isnan(o.y[8]));
        CHECK(std::isfinite(o.y[16]));
      }
      // Keys at -inf count for nothing.
      Operands p({1, 1, 1, queries, 70, 8, 8, false, 0, "", "q"});
      Operands short_of({1, 1, 1, queries, 70, 8, 8, false, 0, "", "q"});
      for (int64_t j = 0; j < 66; ++j) p.bias[j] = -testing::kInfinity;
      kernels::table(isa).attention(p.args);
      double total = 0, sum = 0;
      for (int64_t j = 66; j < 70; ++j) {
        double s = 0;
        for (int64_t i = 0; i < 8; ++i) s += static_cast<double>(p.q[i]) * p.k[j * 8 + i];
        const double w = std::exp(s * p.args.scale + p.bias[j]);
        total += w;
        sum += w * p.v[j * 8];
      }
      CHECK(std::abs(p.y[0] - sum / total) < 1e-5);
      // Large scores do not overflow.
      Operands large({1, 1, 1, queries, 70, 8, 8});
      large.args.scale = 1e4f;
      kernels::table(isa).attention(large.args);
      for (const float y : large.y) CHECK(std::isfinite(y));
    }
    Operands empty({2, 2, 2, 3, 0, 4, 4});
    kernels::table(isa).attention(empty.args);
    kernels::table(isa).attention_grad(empty.args);
    for (const float y : empty.y) CHECK(y == 0.0f);
    for (const float g : empty.dq) CHECK(g == 0.0f);
    Operands no_queries({2, 2, 2, 0, 3, 4, 4});
    kernels::table(isa).attention(no_queries.args);
    kernels::table(isa).attention_grad(no_queries.args);
    for (const float g : no_queries.dk) CHECK(g == 0.0f);
  }
}

Tensor single(const Shape& shape, uint64_t seed) {
  return ops::cast(test::random_tensor(shape, seed, -2, 2), DType::kFloat32);
}

TEST_CASE("attention: the fused op, its composite and its gradients") {
  const Tensor q = single({2, 5, 4, 6}, 1), k = single({2, 7, 2, 6}, 2),
               v = single({2, 7, 2, 3}, 3);
  Tensor mask(TensorSpec{DType::kBool, {2, 1, 1, 7}});
  for (int i = 0; i < 14; ++i) mask.mutable_data<bool>()[i] = i % 3 != 1 && i < 11;
  const Tensor bias = single({4, 5, 7}, 4);
  for (const bool causal : {false, true}) {
    for (const double rate : {0.0, 0.4}) {
      for (const char* unseen : {"mean", "zero", "shift"}) {
        AttentionOptions options;
        options.scale = 0.5;
        options.causal = causal;
        options.unseen = unseen;
        options.rate = rate;
        options.seed = make_seed(7);
        const WeighedAttention by_ops = weighed_attention(q, k, v, mask, bias, options);
        CHECK(test::max_difference(attention(q, k, v, mask, bias, options), by_ops.y) < 1e-5);
        CHECK(by_ops.weights.shape() == Shape{2, 4, 5, 7});
        const auto gradients = [&](bool fused, bool with_bias) {
          Tape tape;
          Tensors watched = {q, k, v};
          if (with_bias) watched.push_back(bias);
          for (const Tensor& x : watched) tape.watch(x);
          Tensor loss;
          {
            const RecorderScope scope(tape);
            const Tensor y = fused ? attention(q, k, v, mask, bias, options)
                                   : weighed_attention(q, k, v, mask, bias, options).y;
            loss = ops::sum(y * single(y.shape(), 9));
          }
          return tape.gradient({loss}, watched);
        };
        for (const bool with_bias : {false, true}) {
          const Tensors a = gradients(true, with_bias), b = gradients(false, with_bias);
          for (size_t i = 0; i < a.size(); ++i) CHECK(test::max_difference(a[i], b[i]) < 2e-5);
        }
      }
    }
  }
}

TEST_CASE("attention: derivatives of first and second order") {
  const Tensors wide = {test::random_tensor({2, 3, 2, 2}, 1), test::random_tensor({2, 4, 1, 2}, 2),
                        test::random_tensor({2, 4, 1, 3}, 3)};
  test::check_gradients(
      [](const Tensors& t) {
        return ops::dot_product_attention(t[0], t[1], t[2], {}, {}, {}, true);
      },
      wide, 1e-5);
  // The second order of the fused op in float32 against float64.
  const auto second = [](const Tensors& x) {
    Tape outer;
    for (const Tensor& t : x) outer.watch(t);
    Tensor loss;
    {
      const RecorderScope scope(outer);
      Tape inner;
      for (const Tensor& t : x) inner.watch(t);
      Tensor y;
      {
        const RecorderScope inner_scope(inner);
        y = ops::sum(ops::square(ops::dot_product_attention(x[0], x[1], x[2], {}, {}, {}, true)));
      }
      const Tensors first = inner.gradient({y}, x);
      loss = ops::sum(ops::square(first[0])) + ops::sum(ops::square(first[1])) +
             ops::sum(ops::square(first[2]));
    }
    return outer.gradient({loss}, x);
  };
  Tensors narrow;
  for (const Tensor& x : wide) narrow.push_back(ops::cast(x, DType::kFloat32));
  const Tensors exact = second(wide), found = second(narrow);
  for (size_t i = 0; i < exact.size(); ++i) CHECK(test::max_difference(found[i], exact[i]) < 1e-4);
}

TEST_CASE("attention: a plan's memory grows with the length, not with its square") {
  const int64_t length = 2048;
  const Tensors in = {single({1, length, 2, 8}, 1), single({1, length, 2, 8}, 2),
                      single({1, length, 2, 8}, 3)};
  PlanCache plans("attention");
  const auto step = [](std::span<const Tensor> x) {
    Tape tape;
    for (const Tensor& t : x) tape.watch(t);
    Tensor y;
    {
      const RecorderScope scope(tape);
      y = ops::sum(ops::square(ops::dot_product_attention(x[0], x[1], x[2], {}, {}, {}, true)));
    }
    return tape.gradient({y}, Tensors(x.begin(), x.end()));
  };
  const Tensors eager = plans.call(in, "", step);
  const Tensors replayed = plans.call(in, "", step);
  for (size_t i = 0; i < eager.size(); ++i) CHECK(test::max_difference(eager[i], replayed[i]) == 0);
  REQUIRE(plans.find(in, ""));
  CHECK(plans.find(in, "")->arena_bytes() < static_cast<size_t>(length * length));
}

}  // namespace
}  // namespace nacre
