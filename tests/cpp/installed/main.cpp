// Uses the installed headers and library only: writes a safetensors file and reads it back.
#include <nacre/base/error.h>
#include <nacre/base/json.h>
#include <nacre/base/parallel.h>
#include <nacre/io/safetensors.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

using namespace nacre;

namespace {

void expect(bool condition, const char* what) {
  if (!condition) throw Error(ErrorKind::kRuntime, what);
}

void round_trip(const std::string& path) {
  std::vector<float> weights(1000);
  parallel_for(1000, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) weights[static_cast<size_t>(i)] = 0.5f * i;
  });
  const Json config = Json::parse(R"({"class_name": "Dense", "config": {"units": 10}})");
  const std::vector<NamedArray> arrays = {
      {"dense/kernel", DType::kFloat32, {100, 10}, weights.data()}};
  write_safetensors(path, arrays, {{"config", config.dump()}});

  const Safetensors file = Safetensors::open(path);
  expect(Json::parse(file.metadata().at("config")) == config, "the config differs");
  const NamedArray* kernel = file.find("dense/kernel");
  expect(kernel != nullptr && kernel->shape == Shape{100, 10}, "the tensor is not there");
  expect(std::memcmp(kernel->data, weights.data(), kernel->bytes()) == 0, "the data differs");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    round_trip(argc > 1 ? argv[1] : "installed.nacre");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "failed: %s\n", error.what());
    return 1;
  }
  std::puts("ok");
}
