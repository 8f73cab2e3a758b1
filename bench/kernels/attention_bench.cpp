// Attention and its gradient in GFLOP/s, and as a share of this machine's FMA peak measured in the
// same run. Products that a causal mask hides are not counted.
//   attention_bench [threads] [isa]
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "bench/kernels/measure.h"
#include "kernels/abi.h"
#include "nacre/base/cpu.h"
#include "nacre/base/parallel.h"

namespace {

struct Case {
  const char* what;
  int64_t batch, heads, kv_heads, queries, keys, size;
  bool causal;
  float rate;
};

const Case kCases[] = {
    {"GPT 4x128, one layer", 12, 4, 4, 64, 64, 32, true, 0},
    {"the same, all keys", 12, 4, 4, 64, 64, 32, false, 0},
    {"the same, dropout", 12, 4, 4, 64, 64, 32, true, 0.1f},
    {"one sequence", 1, 4, 4, 64, 64, 32, true, 0},
    {"length 512", 1, 8, 8, 512, 512, 64, true, 0},
    {"length 2048", 1, 8, 8, 2048, 2048, 64, true, 0},
    {"4 heads a key head", 4, 8, 2, 512, 512, 64, false, 0},
    {"odd sizes", 8, 3, 3, 100, 100, 20, false, 0},
    {"a token against a cache", 1, 16, 16, 1, 1024, 64, false, 0},
    {"the same, 4 heads a key head", 1, 16, 4, 1, 1024, 64, false, 0},
};

}  // namespace

int main(int argc, char** argv) {
  nacre::set_num_threads(argc > 1 ? std::atoi(argv[1]) : 1);
  const nacre::Isa isa = argc > 2 ? nacre::parse_isa(argv[2]) : nacre::detected_isa();
  const nacre::kernels::KernelTable& table = nacre::kernels::table(isa);
  const double peak = nacre::bench::peak_gflops(isa) * nacre::num_threads();
  std::printf("%s, %d threads, FMA peak %.0f GFLOP/s\n", nacre::name_of(isa).data(),
              nacre::num_threads(), peak);
  for (const Case& c : kCases) {
    nacre::kernels::AttentionArgs a{};
    a.batch = c.batch;
    a.heads = c.heads;
    a.kv_heads = c.kv_heads;
    a.queries = c.queries;
    a.keys = c.keys;
    a.key_size = a.value_size = c.size;
    a.q_at = a.y_at = {c.queries * c.heads * c.size, c.heads * c.size, c.size};
    a.k_at = a.v_at = {c.keys * c.kv_heads * c.size, c.kv_heads * c.size, c.size};
    a.scale = 1 / std::sqrt(static_cast<float>(c.size));
    a.causal = c.causal;
    a.rate = c.rate;
    const int64_t queries = c.batch * a.q_at.batch, keys = c.batch * a.k_at.batch;
    const auto q = nacre::bench::buffer(queries), k = nacre::bench::buffer(keys),
               v = nacre::bench::buffer(keys), y = nacre::bench::buffer(queries),
               grad = nacre::bench::buffer(queries), dq = nacre::bench::buffer(queries),
               dk = nacre::bench::buffer(keys), dv = nacre::bench::buffer(keys),
               lse = nacre::bench::buffer(c.batch * c.heads * c.queries);
    a.q = q.get();
    a.k = k.get();
    a.v = v.get();
    a.y = y.get();
    a.lse = lse.get();
    a.grad = grad.get();
    a.dq = dq.get();
    a.dk = dk.get();
    a.dv = dv.get();
    const double forward = nacre::bench::best_seconds([&] { table.attention(a); });
    const double backward = nacre::bench::best_seconds([&] { table.attention_grad(a); });
    const double pairs = c.causal ? 0.5 * static_cast<double>(c.queries * (c.keys + 1))
                                  : static_cast<double>(c.queries * c.keys);
    const double flop = 4.0 * pairs * static_cast<double>(c.batch * c.heads * c.size);
    std::printf(
        "%-28s %9.1f us %6.1f GFLOP/s %5.1f %%   gradient %9.1f us %6.1f GFLOP/s %5.1f %%\n",
        c.what, forward * 1e6, flop / forward * 1e-9, flop / forward * 1e-7 / peak, backward * 1e6,
        2.5 * flop / backward * 1e-9, 2.5 * flop / backward * 1e-7 / peak);
  }
}
