// What each kernel file contributes to its instruction set's table. Every symbol of these files
// lives in nacre::kernels::<isa> (or an anonymous namespace inside it), so that objects of two
// instruction sets never share one.
#pragma once

#include "kernels/abi.h"

#ifndef NACRE_ISA_NAMESPACE
#error "kernel files are compiled with NACRE_ISA_NAMESPACE set"
#endif

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

void fill_table(KernelTable& table);  // all of the below, in cpu/table.cpp
void fill_elementwise(KernelTable& table);
void fill_elementwise_binary(KernelTable& table);
void fill_compare_select(KernelTable& table);
void fill_convert(KernelTable& table);
void fill_reduce(KernelTable& table);
void fill_softmax(KernelTable& table);
void fill_cross_entropy(KernelTable& table);
void fill_layer_norm(KernelTable& table);
void fill_batch_norm(KernelTable& table);
void fill_optimizer(KernelTable& table);
void fill_random(KernelTable& table);
void fill_transpose(KernelTable& table);
void fill_gemm(KernelTable& table);
void fill_gemm_bf16(KernelTable& table);
void fill_attention(KernelTable& table);
void fill_attention_grad(KernelTable& table);
void fill_conv(KernelTable& table);
void fill_conv_bf16(KernelTable& table);
void fill_pool(KernelTable& table);
void fill_rnn(KernelTable& table);

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
