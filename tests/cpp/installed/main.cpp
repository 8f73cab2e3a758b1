// A program of its own against the installed library: builds a Sequential, trains it, saves it,
// loads it and predicts the same bits. With a second argument it predicts with a model saved by
// Python instead: <model.nacre> <samples.safetensors>, a file that holds the inputs "x0", "x1", ...
// and the outputs "y0", "y1", ...
#include <nacre/nacre.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <random>
#include <string>
#include <vector>

using namespace nacre;

namespace {

void expect(bool condition, const char* what) {
  if (!condition) throw Error(ErrorKind::kRuntime, what);
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.spec() == b.spec() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

// Points in two rings; the class is the ring.
std::pair<Tensor, Tensor> rings(int64_t rows) {
  std::mt19937 generator(0);
  std::normal_distribution<float> noise;
  std::vector<float> x;
  std::vector<int32_t> y;
  for (int64_t i = 0; i < rows; ++i) {
    float a = noise(generator);
    float b = noise(generator);
    const float radius = (i % 2 ? 2.0f : 1.0f) / std::sqrt(a * a + b * b);
    x.push_back(a * radius + 0.1f * noise(generator));
    x.push_back(b * radius + 0.1f * noise(generator));
    y.push_back(static_cast<int32_t>(i % 2));
  }
  return {Tensor::from<float>(x, {rows, 2}), Tensor::from<int32_t>(y, {rows})};
}

void train_and_reload(const std::string& path) {
  set_random_seed(1);
  Sequential model({
      make_layer("InputLayer", Json::object({{"batch_shape", Json::Array{Json(), Json(2)}}})),
      make_layer("Dense", Json::object({{"units", 16}, {"activation", "relu"}})),
      make_layer("Dense", Json::object({{"units", 2}, {"activation", "softmax"}})),
  });
  Trainer trainer(model);
  trainer.compile({
      .optimizer = deserialize_as<Optimizer>("optimizers", "adam"),
      .losses = {deserialize_as<Loss>("losses", "sparse_categorical_crossentropy")},
      .metrics = {{Json("accuracy")}},
  });
  const auto [x, y] = rings(512);
  trainer.fit({x}, {y}, {.batch_size = 32, .epochs = 30});
  const Logs logs = trainer.evaluate({x}, {y});
  std::printf("accuracy %.3f\n", logs.back().second);
  expect(logs.back().second > 0.95, "expected an accuracy above 0.95");

  save_model(path, model);
  const Ref<Layer> loaded = load_model(path);
  expect(same_bits((*loaded)(x, false), model(x, false)), "the loaded model predicts other bits");
}

// The tensors "<prefix>0", "<prefix>1", ... of a file.
Tensors numbered(const Safetensors& file, const std::string& prefix) {
  Tensors out;
  while (const NamedArray* array = file.find(prefix + std::to_string(out.size()))) {
    Tensor t(TensorSpec{array->dtype, array->shape});
    std::memcpy(t.mutable_data(), array->data, array->bytes());
    out.push_back(t);
  }
  return out;
}

void predict_saved(const std::string& model_path, const std::string& samples_path) {
  const Ref<Layer> model = load_model(model_path);
  const Safetensors samples = Safetensors::open(samples_path);
  const Tensors expected = numbered(samples, "y");
  const Tensors outputs = (*model)(numbered(samples, "x"), false);
  expect(!expected.empty() && outputs.size() == expected.size(),
         "expected another number of outputs");
  for (size_t i = 0; i < outputs.size(); ++i) {
    expect(same_bits(outputs[i], expected[i]), "an output has another shape or other bits");
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc > 2) {
      predict_saved(argv[1], argv[2]);
    } else {
      train_and_reload(argc > 1 ? argv[1] : "installed.nacre");
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "failed: %s\n", error.what());
    return 1;
  }
  std::puts("ok");
}
