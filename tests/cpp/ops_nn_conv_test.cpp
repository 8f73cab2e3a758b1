#include "gradient_check.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"

using namespace nacre;
using nacre::test::check_gradients;
using nacre::test::max_difference;
using nacre::test::random_tensor;

namespace {

// y[b, o..., f] by definition, for any number of axes, from flat loops over all index tuples.
Tensor naive_conv2d(const Tensor& x, const Tensor& w, IntList stride, IntList dilation, IntList pad,
                    int64_t out0, int64_t out1) {
  const int64_t groups = x.dim(3) / w.dim(2), in = w.dim(2), out = w.dim(3) / groups;
  Tensor y(TensorSpec{DType::kFloat64, {x.dim(0), out0, out1, w.dim(3)}});
  const auto at = [](const Tensor& t, int64_t a, int64_t b, int64_t c, int64_t d) {
    return t.data<double>()[((a * t.dim(1) + b) * t.dim(2) + c) * t.dim(3) + d];
  };
  int64_t i = 0;
  for (int64_t b = 0; b < x.dim(0); ++b)
    for (int64_t p = 0; p < out0; ++p)
      for (int64_t q = 0; q < out1; ++q)
        for (int64_t f = 0; f < w.dim(3); ++f, ++i) {
          double sum = 0;
          for (int64_t k = 0; k < w.dim(0); ++k)
            for (int64_t l = 0; l < w.dim(1); ++l)
              for (int64_t c = 0; c < in; ++c) {
                const int64_t r = p * stride[0] - pad[0] + k * dilation[0];
                const int64_t s = q * stride[1] - pad[1] + l * dilation[1];
                if (r < 0 || s < 0 || r >= x.dim(1) || s >= x.dim(2)) continue;
                sum += at(x, b, r, s, f / out * in + c) * at(w, k, l, c, f);
              }
          y.mutable_data<double>()[i] = sum;
        }
  return y;
}

}  // namespace

TEST_CASE("conv equals its definition: padding, strides, dilation, groups") {
  const Tensor x = random_tensor({2, 7, 6, 4}, 1);
  const Tensor w = random_tensor({3, 2, 4, 6}, 2), grouped = random_tensor({3, 2, 2, 6}, 3);
  for (const Tensor& kernel : {w, grouped}) {
    for (const DType dtype : {DType::kFloat64, DType::kFloat32}) {
      const Tensor a = ops::cast(x, dtype), b = ops::cast(kernel, dtype);
      const double tolerance = dtype == DType::kFloat64 ? 1e-12 : 1e-5;
      CHECK(max_difference(ops::conv(a, b), naive_conv2d(x, kernel, {1, 1}, {1, 1}, {0, 0}, 5, 5)) <
            tolerance);
      CHECK(max_difference(ops::conv(a, b, {1}, "same"),
                           naive_conv2d(x, kernel, {1, 1}, {1, 1}, {1, 0}, 7, 6)) < tolerance);
      CHECK(max_difference(ops::conv(a, b, {2, 3}, "same"),
                           naive_conv2d(x, kernel, {2, 3}, {1, 1}, {1, 0}, 4, 2)) < tolerance);
      CHECK(max_difference(ops::conv(a, b, {1}, "valid", {}, {2, 3}),
                           naive_conv2d(x, kernel, {1, 1}, {2, 3}, {0, 0}, 3, 3)) < tolerance);
      const Tensor first = ops::transpose(a, {0, 3, 1, 2});
      const Tensor y = ops::conv(first, b, {1}, "same", "channels_first");
      CHECK(max_difference(ops::transpose(y, {0, 2, 3, 1}), ops::conv(a, b, {1}, "same")) == 0);
    }
  }
}

TEST_CASE("conv gradients in one, two and three dimensions") {
  const auto conv = [](const IntList& strides, const char* padding, const IntList& dilation) {
    return [=](const Tensors& t) { return ops::conv(t[0], t[1], strides, padding, {}, dilation); };
  };
  check_gradients(conv({2}, "same", {1}),
                  {random_tensor({2, 5, 2}, 1), random_tensor({3, 2, 2}, 2)});
  check_gradients(conv({1}, "valid", {2}),
                  {random_tensor({1, 6, 2}, 1), random_tensor({3, 1, 2}, 2)});
  check_gradients(conv({2, 1}, "same", {1}),
                  {random_tensor({1, 4, 3, 2}, 1), random_tensor({2, 3, 2, 2}, 2)});
  check_gradients(conv({1}, "valid", {1}),
                  {random_tensor({1, 2, 3, 2, 1}, 1), random_tensor({2, 2, 1, 1, 2}, 2)});
}

TEST_CASE("depthwise, separable and transposed convolution") {
  const Tensor x = random_tensor({2, 4, 4, 2}, 1);
  const Tensor w = random_tensor({2, 2, 2, 3}, 2);
  const Tensor y = ops::depthwise_conv(x, w, {2}, "same");
  CHECK(y.shape() == Shape{2, 2, 2, 6});
  const Tensor alone =
      ops::conv(ops::slice_axis(x, 3, 1, 1), ops::slice_axis(w, 2, 1, 1), {2}, "same");
  CHECK(max_difference(ops::slice_axis(y, 3, 3, 3), alone) < 1e-12);
  check_gradients([](const Tensors& t) { return ops::depthwise_conv(t[0], t[1]); },
                  {random_tensor({1, 3, 2, 2}, 1), random_tensor({2, 2, 2, 2}, 2)});
  CHECK(ops::separable_conv(x, w, random_tensor({1, 1, 6, 5}, 3), {1}, "same").shape() ==
        Shape{2, 4, 4, 5});

  // <conv(a, w), b> = <a, conv_transpose(b, w)>
  for (const char* padding : {"valid", "same"}) {
    const Tensor a = random_tensor({1, 7, 8, 3}, 4), k = random_tensor({3, 2, 3, 5}, 5);
    const Tensor forward = ops::conv(a, k, {2}, padding);
    const Tensor b = random_tensor(forward.shape(), 6);
    const Tensor back = ops::conv_transpose(b, k, {2}, padding);
    if (back.shape() == a.shape()) {
      CHECK(ops::sum(forward * b).item() == doctest::Approx(ops::sum(a * back).item()));
    }
    CHECK(back.shape() == (padding == std::string("same") ? Shape{1, 8, 8, 3} : Shape{1, 7, 8, 3}));
  }
  for (const char* padding : {"valid", "same"}) {
    check_gradients([&](const Tensors& t) { return ops::conv_transpose(t[0], t[1], {2}, padding); },
                    {random_tensor({1, 2, 3, 2}, 1), random_tensor({2, 3, 2, 2}, 2)});
  }
  check_gradients(
      [](const Tensors& t) { return ops::conv_transpose(t[0], t[1], {3}, "valid", IntList{4}); },
      {random_tensor({1, 2, 2}, 1), random_tensor({2, 1, 2}, 2)});
  const Tensor one = ops::ones({1, 2, 1}, DType::kFloat64);
  CHECK(ops::conv_transpose(one, ops::ones({1, 1, 1}, DType::kFloat64), {3}).shape() ==
        Shape{1, 6, 1});
}

TEST_CASE("pooling and its gradients") {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 3, 3, 1});
  const Tensor m = ops::max_pool(x, {2}, IntList{1});
  CHECK(max_difference(m, Tensor::from<float>({5, 6, 8, 9}, {1, 2, 2, 1})) == 0);
  const Tensor same = ops::average_pool(x, {2}, {}, "same");
  CHECK(max_difference(same, Tensor::from<float>({3, 4.5, 7.5, 9}, {1, 2, 2, 1})) == 0);
  const Tensor y = random_tensor({2, 5, 4, 2}, 1);
  for (const char* padding : {"valid", "same"}) {
    check_gradients(
        [&](const Tensors& t) { return ops::max_pool(t[0], {2, 3}, IntList{1, 2}, padding); }, {y});
    check_gradients(
        [&](const Tensors& t) { return ops::average_pool(t[0], {3, 2}, IntList{2, 1}, padding); },
        {y});
  }
  check_gradients(
      [](const Tensors& t) { return ops::max_pool(t[0], {2}, {}, "valid", "channels_first"); },
      {random_tensor({1, 2, 5}, 3)});
  check_gradients([](const Tensors& t) { return ops::average_pool(t[0], {2}); },
                  {random_tensor({1, 2, 3, 2, 2}, 3)});
}

TEST_CASE("convolution and pooling refuse what cannot be") {
  const Tensor x = ops::zeros({8, 32, 32, 3});
  CHECK_THROWS_WITH_AS(ops::conv(x, ops::zeros({3, 3, 4, 16})),
                       "conv: expected kernel input channels 3, received 4 (inputs: (8, 32, 32, "
                       "3), kernel: (3, 3, 4, "
                       "16), data_format='channels_last')",
                       Error);
  CHECK_THROWS_WITH_AS(ops::conv(x, ops::zeros({33, 3, 3, 16})),
                       doctest::Contains("at least 33 along spatial axis 0"), Error);
  CHECK_THROWS_WITH_AS(ops::conv(x, ops::zeros({3, 3, 3, 16}), {0}),
                       doctest::Contains("strides of at least 1"), Error);
  CHECK_THROWS_WITH_AS(ops::conv(x, ops::zeros({3, 3, 3, 16}), {1}, "sane"),
                       doctest::Contains("Did you mean 'same'?"), Error);
  CHECK_THROWS_AS(ops::conv(x, ops::zeros({3, 3, 16})), Error);
  CHECK_THROWS_AS(ops::max_pool(x, {0}), Error);
  CHECK_THROWS_AS(ops::max_pool(x, {33}), Error);
  CHECK_THROWS_AS(ops::average_pool(x, {2}, {}, "valid", "channels"), Error);
  const Tensor symbolic = Tensor::placeholder({DType::kFloat32, {kUnknownDim, kUnknownDim, 8, 3}});
  CHECK(ops::conv(symbolic, ops::zeros({3, 3, 3, 4}), {2}, "same").shape() ==
        Shape{kUnknownDim, kUnknownDim, 4, 4});
  CHECK(ops::max_pool(symbolic, {2}).shape() == Shape{kUnknownDim, kUnknownDim, 4, 3});
  CHECK(ops::conv_transpose(symbolic, ops::zeros({3, 3, 4, 3}), {2}, "same").shape() ==
        Shape{kUnknownDim, kUnknownDim, 16, 4});
}
