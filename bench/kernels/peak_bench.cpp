// Prints this machine's FMA peak of one thread in GFLOP/s.
#include <cstdio>

#include "bench/kernels/measure.h"

int main() {
  std::printf("%.1f\n", nacre::bench::peak_gflops(nacre::detected_isa()));
}
