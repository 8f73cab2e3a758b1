// Registration of the ops of embeddings, beside those of gathering.
#pragma once

#include "nacre/ops/opdef.h"

namespace nacre {

void register_embedding_ops(OpRegistry& registry);

}  // namespace nacre
