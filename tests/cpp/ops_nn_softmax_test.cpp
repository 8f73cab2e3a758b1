#include <limits>

#include "gradient_check.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"

using namespace nacre;
using nacre::test::check_gradients;
using nacre::test::max_difference;
using nacre::test::random_tensor;

TEST_CASE("softmax equals its composite along any axes, in every floating dtype") {
  const Tensor base = random_tensor({3, 4, 5}, 1, -4, 4);
  for (const char* name : {"softmax", "log_softmax"}) {
    const OpDef& op = find_op(name);
    for (const IntList& axis :
         {IntList{-1}, IntList{1}, IntList{0}, IntList{1, 2}, IntList{0, 2}}) {
      for (const DType dtype :
           {DType::kFloat64, DType::kFloat32, DType::kFloat16, DType::kBFloat16}) {
        const Tensor x = ops::cast(base, dtype);
        const Ref<Attrs> attrs = op.make_attrs();
        attrs->set(0, axis);
        const Tensor y = apply_one(op, {x}, attrs);
        CHECK(y.dtype() == dtype);
        const Tensor wide = ops::cast(x, DType::kFloat64);
        const Tensor expected = op.composite(std::span(&wide, 1), attrs.get())[0];
        const double tolerance = dtype == DType::kBFloat16  ? 0.04
                                 : dtype == DType::kFloat16 ? 0.005
                                 : dtype == DType::kFloat32 ? 2e-6
                                                            : 1e-14;
        CHECK(max_difference(y, expected) < tolerance);
      }
    }
  }
}

TEST_CASE("softmax and cross-entropy are stable for logits of 1e4") {
  const Tensor x = Tensor::from<float>({1e4f, -1e4f, 0, -1e4f, 1e4f, 1e4f}, {2, 3});
  const Tensor p = ops::softmax(x);
  CHECK(p.data<float>()[0] == 1.0f);
  CHECK(p.data<float>()[4] == doctest::Approx(0.5));
  const Tensor labels = Tensor::from<int64_t>({1, 2}, {2});
  const Tensor loss = ops::sparse_categorical_crossentropy(labels, x, true);
  CHECK(loss.data<float>()[0] == 2e4f);
  CHECK(loss.data<float>()[1] == doctest::Approx(0.693147));
  const Tensor b = Tensor::from<float>({1e4f, -1e4f, 20.0f}, {3});
  const Tensor t = Tensor::from<float>({0, 0, 1}, {3});
  const Tensor bce = ops::binary_crossentropy(t, b, true);
  CHECK(bce.data<float>()[0] == 1e4f);
  CHECK(bce.data<float>()[1] == 0.0f);
  CHECK(bce.data<float>()[2] == doctest::Approx(2.0611536e-9));
}

TEST_CASE("sparse cross-entropy of probabilities equals its composite, limits included") {
  Tensor p = random_tensor({7, 5}, 3, 0.05, 1);  // rows that do not sum to 1
  float* rows = p.mutable_data<float>();
  rows[0] = 0;                                            // the label's: limited to epsilon
  for (int i = 5; i < 10; ++i) rows[i] = i == 6 ? 1 : 0;  // limited to 1 - epsilon
  rows[14] = std::numeric_limits<float>::quiet_NaN();
  const Tensor labels = Tensor::from<int32_t>({0, 1, 4, 3, 2, 0, 4}, {7});
  const Tensor g = random_tensor({7}, 4, -1, 1);
  const OpDef& loss = find_op("sparse_probability_cross_entropy");
  const OpDef& grad = find_op("sparse_probability_cross_entropy_grad");
  for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
    const Tensors in{labels, ops::cast(p, dtype), ops::cast(g, dtype)};
    const auto same = [&](const Tensor& a, const Tensor& b) {
      REQUIRE(a.spec() == b.spec());
      for (int64_t i = 0; i < a.size(); ++i) {
        const double x = ops::cast(a, DType::kFloat64).data<double>()[i];
        const double y = ops::cast(b, DType::kFloat64).data<double>()[i];
        CHECK(std::isnan(x) == std::isnan(y));
        if (!std::isnan(y)) CHECK(x == doctest::Approx(y).epsilon(1e-6));
      }
    };
    same(apply_one(loss, {in[0], in[1]}), loss.composite({in.data(), 2}, nullptr)[0]);
    same(apply_one(grad, {in[0], in[1], in[2]}), grad.composite({in.data(), 3}, nullptr)[0]);
  }
}

TEST_CASE("softmax gradients") {
  const Tensor x = random_tensor({2, 3, 4}, 2, -2, 2);
  check_gradients([](const Tensors& t) { return ops::softmax(t[0], {-1}); }, {x});
  check_gradients([](const Tensors& t) { return ops::softmax(t[0], {0, 2}); }, {x});
  check_gradients([](const Tensors& t) { return ops::log_softmax(t[0], {1}); }, {x});
  check_gradients([](const Tensors& t) { return ops::sparsemax(t[0], -1); }, {x});
}

TEST_CASE("activation gradients, second order too, away from kinks") {
  const Tensor x =
      Tensor::from<double>({-3.1, -1.7, -0.62, -0.2, 0.3, 0.71, 1.3, 2.9, 6.5, -4.2}, {2, 5});
  using Unary = Tensor (*)(const Tensor&);
  const Unary functions[] = {
      [](const Tensor& t) { return ops::relu_with(t, 0.1, 2.0, 0.5); },
      [](const Tensor& t) { return ops::relu_with(t, 0, 2.0, 0); },
      [](const Tensor& t) { return ops::leaky_relu(t); },
      [](const Tensor& t) { return ops::elu(t, 0.7); },
      [](const Tensor& t) { return ops::celu(t, 0.7); },
      [](const Tensor& t) { return ops::selu(t); },
      [](const Tensor& t) { return ops::gelu(t, true); },
      [](const Tensor& t) { return ops::gelu(t, false); },
      [](const Tensor& t) { return ops::hard_sigmoid(t); },
      [](const Tensor& t) { return ops::hard_silu(t); },
      [](const Tensor& t) { return ops::hard_tanh(t); },
      [](const Tensor& t) { return ops::hard_shrink(t); },
      [](const Tensor& t) { return ops::soft_shrink(t); },
      [](const Tensor& t) { return ops::tanh_shrink(t); },
      [](const Tensor& t) { return ops::threshold(t, 0.5, -7); },
      [](const Tensor& t) { return ops::squareplus(t); },
      [](const Tensor& t) { return ops::sparse_plus(t); },
      [](const Tensor& t) { return ops::sparse_sigmoid(t); },
      [](const Tensor& t) { return ops::silu(t); },
  };
  int index = 0;
  for (const Unary f : functions) {
    CAPTURE(index);
    check_gradients([f](const Tensors& t) { return f(t[0]); }, {x});
    ++index;
  }
  check_gradients([](const Tensors& t) { return ops::glu(t[0], 0); }, {x});
}

TEST_CASE("no NaN gradient from the branch not taken") {
  const float huge = 1e30f, inf = std::numeric_limits<float>::infinity();
  const Tensor x = Tensor::from<float>({huge, -huge, 0, inf}, {4});
  using Unary = Tensor (*)(const Tensor&);
  for (const Unary f : {Unary([](const Tensor& t) { return ops::elu(t); }),
                        Unary([](const Tensor& t) { return ops::selu(t); }),
                        Unary([](const Tensor& t) { return ops::celu(t); }),
                        Unary([](const Tensor& t) { return ops::sparse_plus(t); })}) {
    const Tensor g = grad([f](const Tensors& t) { return f(t[0]); }, {x})[0];
    for (int i = 0; i < 4; ++i) CHECK(!std::isnan(g.data<float>()[i]));
  }
}

TEST_CASE("cross-entropy values, gradients and class ids out of range") {
  const Tensor logits = random_tensor({4, 3}, 5, -2, 2);
  const Tensor target = ops::softmax(random_tensor({4, 3}, 6));
  check_gradients(
      [&](const Tensors& t) { return ops::categorical_crossentropy(target, t[0], true); },
      {logits});
  check_gradients([&](const Tensors& t) { return ops::categorical_crossentropy(target, t[0]); },
                  {target + 0.1});
  check_gradients([&](const Tensors& t) { return ops::binary_crossentropy(target, t[0], true); },
                  {logits});
  check_gradients([&](const Tensors& t) { return ops::binary_crossentropy(target, t[0]); },
                  {ops::sigmoid(logits)});
  const Tensor labels = Tensor::from<uint8_t>({0, 2, 1, 1}, {4});
  check_gradients(
      [&](const Tensors& t) { return ops::sparse_categorical_crossentropy(labels, t[0], true); },
      {logits});
  check_gradients(
      [&](const Tensors& t) { return ops::sparse_categorical_crossentropy(labels, t[0]); },
      {target + 0.1});
  check_gradients(
      [](const Tensors& t) {
        return ops::sparse_categorical_crossentropy(Tensor::from<int32_t>({0, 3, 2}, {3}), t[0],
                                                    true, 0);
      },
      {random_tensor({4, 3}, 9)});
  const Tensor column = ops::reshape(labels, {4, 1});
  CHECK(ops::sparse_categorical_crossentropy(column, logits, true).shape() == Shape{4});

  CHECK_THROWS_WITH_AS(
      ops::sparse_categorical_crossentropy(Tensor::from<int32_t>({0, 3, 1, 1}, {4}), logits, true),
      doctest::Contains("expected class ids from 0 to 2, received 3 at position 1"), Error);
  CHECK_THROWS_AS(
      ops::sparse_categorical_crossentropy(Tensor::from<int32_t>({0, -1, 1, 1}, {4}), logits),
      Error);
  CHECK_THROWS_WITH_AS(ops::categorical_crossentropy(target, random_tensor({4, 2}, 1)),
                       doctest::Contains("(4, 3)"), Error);
}
