// The recurrent part of LSTM, GRU and SimpleRNN, forward and gradient: microseconds, GFLOP/s of its
// products and their share of this machine's FMA peak, measured in the same run.
//   rnn_bench [threads] [isa]
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench/kernels/measure.h"
#include "kernels/abi.h"
#include "nacre/base/cpu.h"
#include "nacre/base/parallel.h"

namespace {

struct Work {
  int64_t batch, steps, units;
};

const Work kWorks[] = {{1, 80, 128}, {32, 80, 128}, {128, 80, 128}, {32, 100, 64}, {64, 50, 512}};

struct Kind {
  const char* name;
  int64_t gates;
  nacre::kernels::RecurrentFn forward, gradient;
};

}  // namespace

int main(int argc, char** argv) {
  using nacre::bench::buffer;
  nacre::set_num_threads(argc > 1 ? std::atoi(argv[1]) : 1);
  const nacre::Isa isa = argc > 2 ? nacre::parse_isa(argv[2]) : nacre::detected_isa();
  const auto& table = nacre::kernels::table(isa);
  const double peak = nacre::bench::peak_gflops(isa);
  std::printf("%s, %d threads, FMA peak of one %.0f GFLOP/s\n", nacre::name_of(isa).data(),
              nacre::num_threads(), peak);
  const Kind kinds[] = {{"lstm", 4, table.lstm, table.lstm_grad},
                        {"gru", 3, table.gru, table.gru_grad},
                        {"simple_rnn", 1, table.simple_rnn, table.simple_rnn_grad}};
  for (const Work& w : kWorks) {
    for (const Kind& k : kinds) {
      const int64_t state = w.batch * w.units, all = w.steps * state;
      const auto recurrent = buffer(k.gates * w.units * w.units), bias = buffer(k.gates * w.units);
      for (int64_t i = 0; i < k.gates * w.units * w.units; ++i) recurrent.get()[i] *= 0.05f;
      const auto first = buffer(state), last = buffer(state), second = buffer(state);
      const auto gates = buffer(k.gates * all), h = buffer(all), c = buffer(all);
      const auto inner = buffer(all), before = buffer(all), products = buffer(k.gates * all);
      nacre::kernels::RecurrentArgs args{};
      args.batch = w.batch;
      args.steps = w.steps;
      args.units = w.units;
      args.reset_after = true;
      args.recurrent = recurrent.get();
      args.bias = args.recurrent_bias = bias.get();
      args.h0 = args.c0 = first.get();
      args.gates = args.dz = gates.get();  // the gradient takes their place, as in a plan
      args.inner = inner.get();
      args.h = h.get();
      args.c = c.get();
      args.h_last = args.dh0 = last.get();
      args.c_last = args.dc0 = second.get();
      args.dh_last = first.get();
      args.h_before = before.get();
      args.d_inner = products.get();
      const double flop = 2.0 * static_cast<double>(k.gates * all * w.units);
      for (const bool gradient : {false, true}) {
        // Each run starts from the same values: what is overwritten again and again would become
        // subnormal, or saturate.
        const auto original = buffer(k.gates * all);
        const size_t bytes = static_cast<size_t>(k.gates * all) * sizeof(float);
        if (gradient) std::memcpy(original.get(), gates.get(), bytes);
        const auto run = gradient ? k.gradient : k.forward;
        const double seconds = nacre::bench::best_seconds_after(
            [&] { std::memcpy(gates.get(), original.get(), bytes); }, [&] { run(args); });
        std::printf("%-10s %-8s %4ld x %3ld x %3ld  %9.1f us %7.1f GFLOP/s %5.1f %%\n", k.name,
                    gradient ? "gradient" : "forward", static_cast<long>(w.batch),
                    static_cast<long>(w.steps), static_cast<long>(w.units), seconds * 1e6,
                    flop / seconds * 1e-9, 100 * flop / seconds * 1e-9 / peak);
      }
    }
  }
}
