#include "gradient_check.h"
#include "nacre/base/parallel.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"

using namespace nacre;
using nacre::test::check_gradients;
using nacre::test::max_difference;
using nacre::test::random_tensor;

TEST_CASE("layer normalization: kernel, composite and gradients") {
  const Tensor x = random_tensor({3, 2, 4}, 1);
  const Tensor gamma = random_tensor({4}, 2), beta = random_tensor({4}, 3);
  check_gradients(
      [](const Tensors& t) { return ops::layer_normalization(t[0], t[1], t[2], {-1}, 1e-3); },
      {x, gamma, beta}, 1e-5);
  check_gradients(
      [](const Tensors& t) { return ops::layer_normalization(t[0], {}, {}, {1, 2}, 1e-3); }, {x},
      1e-5);
  check_gradients(
      [](const Tensors& t) { return ops::layer_normalization(t[0], t[1], {}, {0}, 1e-3); },
      {x, random_tensor({3}, 4)}, 1e-5);
  const OpDef& op = find_op("fused_layer_norm");
  for (const Shape& shape : {Shape{5, 7}, Shape{130, 33}, Shape{2, 1000}}) {
    const Tensor big = ops::cast(random_tensor(shape, 5, 3, 5), DType::kFloat32);
    const Tensor scale = ops::cast(random_tensor({shape.back()}, 6), DType::kFloat32);
    const Tensors in = {big, scale, scale};
    const Ref<Attrs> attrs = op.make_attrs();
    const Tensors y = apply(op, in, attrs);
    const Tensors oracle = op.composite(in, attrs.get());
    for (int i = 0; i < 3; ++i) CHECK(max_difference(y[i], oracle[i]) < 2e-5);
    const OpDef& grad = find_op("fused_layer_norm_grad");
    const Tensor g = ops::cast(random_tensor(shape, 7), DType::kFloat32);
    const Tensors grad_in = {big, scale, y[1], y[2], g};
    const Tensors d = apply(grad, grad_in, attrs);
    const Tensors d_oracle = grad.composite(grad_in, attrs.get());
    for (int i = 0; i < 3; ++i) CHECK(max_difference(d[i], d_oracle[i]) < 2e-4);
  }
  const Tensor half = ops::cast(x, DType::kFloat16);
  CHECK(ops::layer_normalization(half).dtype() == DType::kFloat16);
}

TEST_CASE("RMS normalization: kernel, composite and gradients") {
  const Tensor x = random_tensor({3, 2, 4}, 1), scale = random_tensor({4}, 2);
  check_gradients([](const Tensors& t) { return ops::rms_normalization(t[0], t[1], {-1}, 1e-3); },
                  {x, scale}, 1e-5);
  check_gradients([](const Tensors& t) { return ops::rms_normalization(t[0], {}, {1, 2}, 1e-3); },
                  {x}, 1e-5);
  check_gradients([](const Tensors& t) { return ops::rms_normalization(t[0], t[1], {0}, 1e-3); },
                  {x, random_tensor({3, 1, 1}, 4)}, 1e-5);
  const OpDef& op = find_op("fused_rms_norm");
  const OpDef& grad = find_op("fused_rms_norm_grad");
  for (const Shape& shape : {Shape{5, 7}, Shape{130, 33}, Shape{2, 1000}, Shape{900, 128}}) {
    const Tensor big = ops::cast(random_tensor(shape, 5, -3, 5), DType::kFloat32);
    const Tensor gamma = ops::cast(random_tensor({shape.back()}, 6), DType::kFloat32);
    const Tensor g = ops::cast(random_tensor(shape, 7), DType::kFloat32);
    for (const Tensor& factor : {gamma, Tensor()}) {
      const Ref<Attrs> attrs = op.make_attrs();
      const Tensors in = {big, factor};
      const Tensors y = apply(op, in, attrs);
      const Tensors oracle = op.composite(in, attrs.get());
      for (int i = 0; i < 2; ++i) CHECK(max_difference(y[i], oracle[i]) < 2e-5);
      const Tensors grad_in = {big, factor, y[1], g};
      const int threads = num_threads();
      Tensors first;
      for (const int count : {1, 2, 7}) {
        set_num_threads(count);
        const Tensors d = apply(grad, grad_in, attrs);
        const Tensors d_oracle = grad.composite(grad_in, attrs.get());
        for (int i = 0; i < 2; ++i) CHECK(max_difference(d[i], d_oracle[i]) < 3e-4);
        if (first.empty()) first = d;
        for (int i = 0; i < 2; ++i) CHECK(max_difference(d[i], first[i]) == 0);
      }
      set_num_threads(threads);
    }
  }
}

TEST_CASE("batch normalization in training: kernel, composite and gradients") {
  const Tensor x = random_tensor({6, 2, 3}, 1);
  const Tensor scale = random_tensor({3}, 2), offset = random_tensor({3}, 3);
  for (int out = 0; out < 3; ++out) {
    check_gradients(
        [out](const Tensors& t) {
          const auto r = ops::batch_norm_train(t[0], t[1], t[2], -1, 1e-3);
          // Every input reaches y; mean and variance depend on x alone.
          const Tensor part = out == 0 ? r.y : r.y * (out == 1 ? r.mean : r.variance);
          return part;
        },
        {x, scale, offset}, 1e-5);
  }
  check_gradients([](const Tensors& t) { return ops::batch_norm_train(t[0], {}, {}, 1, 1e-3).y; },
                  {random_tensor({4, 3, 2}, 8)}, 1e-5);
  const OpDef& op = find_op("fused_batch_norm");
  for (const Shape& shape : {Shape{7, 5}, Shape{3000, 40}, Shape{16, 5, 5, 3}}) {
    const Tensor big = ops::cast(random_tensor(shape, 5, 99, 101), DType::kFloat32);
    const Tensor g1 = ops::cast(random_tensor({shape.back()}, 6), DType::kFloat32);
    const Tensors in = {big, g1, g1};
    Tensors wide;
    for (const Tensor& t : in) wide.push_back(ops::cast(t, DType::kFloat64));
    const Ref<Attrs> attrs = op.make_attrs();
    const Tensors y = apply(op, in, attrs);
    const Tensors oracle = op.composite(wide, attrs.get());
    CHECK(max_difference(y[0], oracle[0]) < 5e-5);
    CHECK(max_difference(y[1], oracle[1]) < 1e-5);
    CHECK(max_difference(y[2], oracle[2]) < 1e-6);
    const OpDef& grad = find_op("fused_batch_norm_grad");
    const Tensor g = ops::cast(random_tensor(shape, 7), DType::kFloat32);
    const Tensors grad_in = {big, g1, y[1], y[2], g};
    wide.clear();
    for (const Tensor& t : grad_in) wide.push_back(ops::cast(t, DType::kFloat64));
    const Tensors d = apply(grad, grad_in, attrs);
    const Tensors d_oracle = grad.composite(wide, attrs.get());
    for (int i = 0; i < 3; ++i) CHECK(max_difference(d[i], d_oracle[i]) < 5e-4);
    // The same bits for any number of threads.
    const int threads = num_threads();
    set_num_threads(1);
    CHECK(max_difference(apply(grad, grad_in, attrs)[1], d[1]) == 0);
    CHECK(max_difference(apply(op, in, attrs)[2], y[2]) == 0);
    set_num_threads(threads);
  }
}

TEST_CASE("other normalizations") {
  const Tensor x = random_tensor({3, 4}, 1);
  const Tensor line = random_tensor({4}, 2);
  const Tensor variance = random_tensor({4}, 3, 0.5, 2);
  check_gradients(
      [](const Tensors& t) { return ops::batch_normalization(t[0], t[1], t[2], -1, t[3], t[4]); },
      {x, line, variance, random_tensor({4}, 4), random_tensor({4}, 5)}, 1e-5);
  check_gradients([](const Tensors& t) { return ops::batch_normalization(t[0], t[1], t[2], 0); },
                  {x, random_tensor({3}, 4), random_tensor({3}, 5, 0.5, 2)}, 1e-5);
  check_gradients([](const Tensors& t) { return ops::rms_normalization(t[0], t[1]); }, {x, line},
                  1e-5);
  for (const int order : {1, 2, 3}) {
    check_gradients([order](const Tensors& t) { return ops::normalize(t[0], {-1}, order); }, {x},
                    1e-4);
  }
  check_gradients([](const Tensors& t) { return ops::moments(t[0], {0}).variance; }, {x});
  const Tensor zero = ops::zeros({2, 3});
  for (const int order : {1, 2, 3}) {
    const Tensor g =
        grad([order](const Tensors& t) { return ops::normalize(t[0], {-1}, order); }, {zero})[0];
    for (int i = 0; i < 6; ++i) CHECK(std::isfinite(g.data<float>()[i]));
  }
  CHECK_THROWS_WITH_AS(ops::batch_normalization(x, line, random_tensor({3}, 1), -1),
                       doctest::Contains("expected variance of shape (4,), received (3,)"), Error);
  const Tensor symbolic = Tensor::placeholder({DType::kFloat32, {kUnknownDim, 4}});
  CHECK(ops::layer_normalization(symbolic).shape() == Shape{kUnknownDim, 4});
  CHECK(ops::batch_norm_train(symbolic, {}, {}, -1, 1e-3).mean.shape() == Shape{4});
}
