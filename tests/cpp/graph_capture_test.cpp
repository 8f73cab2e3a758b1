// Recording without running: who asks for a value gets it, and the step is no plan then.
#include <doctest/doctest.h>

#include "graph_test.h"
#include "nacre/graph/variable.h"

namespace {

using namespace nacre;
using namespace nacre::testing;

}  // namespace

TEST_CASE("capture: data that are read directly are computed, and the step is no plan") {
  const auto v = make_ref<Variable>(Tensor::scalar(2.0f), "v");
  const Tensor x = Tensor::scalar(3.0f);
  const Tensors arguments{x};
  Capture capture(arguments);
  Tensor y, z;
  {
    const RecorderScope scope(capture);
    v->assign(v->value() * x);
    y = v->value() + x;
    CHECK(y.is_deferred());
    CHECK(*v->raw().data<float>() == 2.0f);
    CHECK(*y.data<float>() == 9.0f);
    z = y * y;
    CHECK_FALSE(z.is_deferred());
  }
  CHECK(*v->raw().data<float>() == 6.0f);
  CHECK(*z.data<float>() == 81.0f);
  CHECK(capture.failure().starts_with("a value was read"));
}

TEST_CASE("capture: a tensor kept beyond the step has no value") {
  const Tensors arguments{Tensor::scalar(3.0f)};
  Tensor kept, other;
  {
    Capture capture(arguments);
    {
      const RecorderScope scope(capture);
      kept = arguments[0] + arguments[0];
    }
    capture.finish({});
    CHECK_THROWS_AS(kept.data(), Error);
  }
  CHECK_THROWS_AS(kept.data(), Error);
  {
    Capture dropped(arguments);
    const RecorderScope scope(dropped);
    other = arguments[0] * arguments[0];
  }
  CHECK_THROWS_AS(ops::exp(other), Error);
}
