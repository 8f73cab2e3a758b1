// Latency of a saved model from C++: seconds of each call with one sample, a line each.
//   latency_bench <model.nacre> <threads> <calls> <float32 | int32> <dimensions of the sample...>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "nacre/base/parallel.h"
#include "nacre/io/model_file.h"
#include "nacre/nn/trainer.h"
#include "nacre/ops/ops.h"

int main(int argc, char** argv) {
  using namespace nacre;
  if (argc < 5) return 2;
  try {
    set_num_threads(std::atoi(argv[2]));
    const auto calls = static_cast<size_t>(std::atoll(argv[3]));
    Shape shape{1};
    for (int i = 5; i < argc; ++i) shape.push_back(std::atoll(argv[i]));
    const bool integers = std::string(argv[4]) == "int32";
    const Tensor x = ops::ones(shape, integers ? DType::kInt32 : DType::kFloat32);
    const Ref<Layer> model = load_model(argv[1]);
    Trainer trainer(*model);
    using Clock = std::chrono::steady_clock;
    std::vector<double> times(calls);
    for (int i = 0; i < 10; ++i) trainer.predict_step({x});
    for (double& time : times) {
      const auto begin = Clock::now();
      trainer.predict_step({x});
      time = std::chrono::duration<double>(Clock::now() - begin).count();
    }
    for (const double time : times) std::printf("%.9f\n", time);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "failed: %s\n", error.what());
    return 1;
  }
}
