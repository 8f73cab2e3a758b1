// Functional models drawn, trained, saved and loaded without Python.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <string>

#include "nacre/io/model_file.h"
#include "nacre/nn/functional.h"
#include "nacre/nn/sequential.h"
#include "nacre/nn/trainer.h"
#include "nacre/ops/indexing.h"
#include "nacre/ops/ops.h"

using namespace nacre;

namespace {

Ref<Layer> dense(int64_t units, const char* activation, const char* name) {
  return make_layer("Dense",
                    Json::object({{"units", units}, {"activation", activation}, {"name", name}}));
}

Tensor ramp(const Shape& shape, float step) {
  Tensor t({DType::kFloat32, shape});
  for (int64_t i = 0; i < shape.size(); ++i) {
    t.mutable_data<float>()[i] = static_cast<float>(i % 7) * step - 1.0f;
  }
  return t;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.spec() == b.spec() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

// Two inputs, a shared layer, ops, a nested model, two outputs.
Ref<Functional> two_headed() {
  const Tensor a = Input({kUnknownDim, 4}, DType::kFloat32, "a");
  const Tensor b = Input({kUnknownDim, 3, 4}, DType::kFloat32, "b");
  const Ref<Layer> shared = dense(5, "tanh", "shared");
  const Tensor ha = (*shared)(a);
  const Tensor hb = (*shared)(ops::getitem(b, {ops::IndexSlice{}, int64_t{0}}));
  const auto inner = make_ref<Sequential>(
      std::vector<Ref<Layer>>{
          make_layer("InputLayer", Json::object({{"batch_shape", Json::Array{Json(), Json(5)}}})),
          dense(3, "relu", "deep")},
      "inner");
  const Tensor joined = (*make_layer("Concatenate"))(Tensors{(*inner)(ha + hb), ha * 0.5 - hb})[0];
  return make_ref<Functional>(
      Tensors{a, b},
      Tensors{(*dense(2, "softmax", "class"))(joined), ops::sum(joined, {{-1}}, true)},
      "two_headed");
}

std::string message_of(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a functional model computes what its layers do") {
  const Tensor x = Input({kUnknownDim, 4});
  const Ref<Layer> first = dense(5, "relu", "first");
  const Ref<Layer> second = dense(2, "linear", "second");
  Functional model({x}, {(*second)((*first)(x))});
  const Tensor data = ramp({6, 4}, 0.3f);
  CHECK(same_bits(model(Tensors{data})[0], (*second)((*first)(data))));
  CHECK(model.weights().size() == 4);
  CHECK(model.get_layer("first") == first);
  CHECK(model.operations().size() == 3);
  CHECK(model.outputs()[0].shape() == Shape{kUnknownDim, 2});

  Functional cut(model.inputs(), first->output());
  CHECK(same_bits(cut(Tensors{data})[0], (*first)(data)));
}

TEST_CASE("a functional model is trained, saved and loaded") {
  set_random_seed(3);
  const Ref<Functional> model = two_headed();
  Trainer trainer(*model);
  trainer.compile({
      .optimizer = deserialize_as<Optimizer>("optimizers", "adam"),
      .losses = {deserialize_as<Loss>("losses", "sparse_categorical_crossentropy"),
                 deserialize_as<Loss>("losses", "mse")},
      .loss_weights = {1.0, 0.1},
      .metrics = {{Json("accuracy")}, {}},
  });
  const Tensors x{ramp({32, 4}, 0.4f), ramp({32, 3, 4}, 0.2f)};
  Tensor ids({DType::kInt32, {32}});
  for (int i = 0; i < 32; ++i) ids.mutable_data<int32_t>()[i] = x[0].data<float>()[i * 4] > 0;
  const Tensors y{ids, ramp({32, 1}, 0.1f)};
  const auto history = trainer.fit(x, y, {.batch_size = 8, .epochs = 15});
  REQUIRE(history.back().size() == 4);
  CHECK(history.back()[0].first == "loss");
  CHECK(history.back()[1].first == "class_loss");
  CHECK(history.back()[2].first == "sum_loss");
  CHECK(history.back()[3].first == "class_accuracy");
  CHECK(history.back()[0].second < history.front()[0].second);

  const auto path = std::filesystem::temp_directory_path() / "nacre_functional_test.nacre";
  save_model(path.string(), *model);
  const Ref<Layer> loaded = load_model(path.string());
  std::filesystem::remove(path);
  const Tensors expected = (*model)(x, false);
  const Tensors received = (*loaded)(x, false);
  REQUIRE(received.size() == 2);
  CHECK(same_bits(received[0], expected[0]));
  CHECK(same_bits(received[1], expected[1]));
  CHECK(loaded->config() == model->config());
  CHECK(trainer.predict(x, 8).size() == 2);
}

TEST_CASE("errors of functional models") {
  const Tensor a = Input({kUnknownDim, 3}, DType::kFloat32, "a");
  const Tensor b = Input({kUnknownDim, 4}, DType::kFloat32, "b");
  const Tensor h = (*dense(2, "linear", "h"))(a);
  CHECK(message_of([&] { Functional({b}, {h}, "m"); }) ==
        "Functional 'm': the graph is disconnected: Dense 'h' needs the input 'a', which is not "
        "among the model's inputs");
  CHECK(message_of([&] { Functional({ops::zeros({1, 3})}, {h}, "m"); }) ==
        "Functional 'm': expected inputs that Input() made, received a tensor of shape (1, 3)");
  CHECK(message_of([&] { Functional({a}, {(*dense(2, "linear", "h"))(h)}, "m"); }) ==
        "Functional 'm': expected unique layer names, received 'h' a second time");
  Functional model({a}, {h}, "m");
  CHECK(message_of([&] { model(Tensors{}); }) == "Functional 'm': expected 1 input, received 0");
  CHECK(message_of([&] { model(Tensors{ops::zeros({2, 5})}); }) ==
        "Functional 'm': expected input 'a' of shape (None, 3), received (2, 5)");
}
