#include "kernels/cpu/isa.h"

namespace nacre::kernels {

#ifdef NACRE_ISA_BASE
namespace NACRE_ISA_BASE {
void fill_table(KernelTable& table);
}
#endif

namespace NACRE_ISA_NAMESPACE {

void fill_table(KernelTable& table) {
#ifdef NACRE_ISA_BASE
  NACRE_ISA_BASE::fill_table(table);  // only what follows is compiled again
#else
  fill_elementwise(table);
  fill_elementwise_binary(table);
  fill_compare_select(table);
  fill_convert(table);
  fill_reduce(table);
  fill_softmax(table);
  fill_cross_entropy(table);
  fill_layer_norm(table);
  fill_batch_norm(table);
  fill_optimizer(table);
  fill_random(table);
  fill_transpose(table);
  fill_attention(table);
  fill_attention_grad(table);
  fill_pool(table);
  fill_rnn(table);
#endif
  fill_gemm(table);
  fill_gemm_bf16(table);
  fill_conv(table);
  fill_conv_bf16(table);
}

}  // namespace NACRE_ISA_NAMESPACE
}  // namespace nacre::kernels
