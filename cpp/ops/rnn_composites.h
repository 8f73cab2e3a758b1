// The definition of the fused recurrences in terms of other ops.
#pragma once

#include "ops/define.h"

namespace nacre {

struct RnnAttrs : AttrsOf<RnnAttrs> {
  bool backwards = false;
  NACRE_ATTRS(backwards)
};
struct GruAttrs : AttrsOf<GruAttrs> {
  bool reset_after = true;
  bool backwards = false;
  NACRE_ATTRS(reset_after, backwards)
};

Tensors lstm_composite(Inputs in, const Attrs* attrs);
Tensors gru_composite(Inputs in, const Attrs* attrs);
Tensors simple_rnn_composite(Inputs in, const Attrs* attrs);
// Functions of what defines the forward pass only: they compute it anew.
Tensors lstm_grad_composite(Inputs in, const Attrs* attrs);
Tensors gru_grad_composite(Inputs in, const Attrs* attrs);
Tensors simple_rnn_grad_composite(Inputs in, const Attrs* attrs);

}  // namespace nacre
