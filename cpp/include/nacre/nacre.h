// All of nacre for C++ programs.
//
//   auto model = nacre::load_model("model.nacre");
//   nacre::Tensor y = (*model)(x, /*training=*/false);
#pragma once

#include "nacre/base/parallel.h"
#include "nacre/graph/plan.h"
#include "nacre/graph/tape.h"
#include "nacre/io/model_file.h"
#include "nacre/io/safetensors.h"
#include "nacre/nn/functional.h"
#include "nacre/nn/layer.h"
#include "nacre/nn/loss.h"
#include "nacre/nn/metric.h"
#include "nacre/nn/optimizer.h"
#include "nacre/nn/sequential.h"
#include "nacre/nn/trainer.h"
#include "nacre/ops/image.h"
#include "nacre/ops/linalg.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/random.h"
#include "nacre/tensor/tensor.h"
