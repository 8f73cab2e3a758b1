// Attention layers: multi-head and grouped-query attention with projections, and the plain forms of
// Luong (dot product) and Bahdanau (additive).
#pragma once

#include "nacre/nn/layer.h"
#include "nacre/nn/layers/einsum_dense.h"

namespace nacre {

struct AttentionOptions;

// What multi-head and grouped-query attention share: projections of query, key and value, attention
// over the heads, and the projection of its result.
class ProjectedAttention : public Layer {
 public:
  double dropout = 0;
  bool use_bias = true;
  std::optional<int64_t> sliding_window;
  std::optional<bool> flash_attention;
  Ref<Initializer> kernel_initializer =
      deserialize_as<Initializer>("initializers", "GlorotUniform");
  Ref<Initializer> bias_initializer = deserialize_as<Initializer>("initializers", "Zeros");
  Ref<Regularizer> kernel_regularizer;
  Ref<Regularizer> bias_regularizer;
  Ref<Constraint> kernel_constraint;
  Ref<Constraint> bias_constraint;
  bool use_gate = false;
  std::optional<int64_t> seed;

  // query, value and optionally key; attention_mask, query_mask, value_mask, key_mask and the flags
  // use_causal_mask and return_attention_scores by name.
  Tensors call(const Tensors& inputs, const CallContext& context) override;
  // query, value, and key where it is given.
  std::vector<Shape> shapes_to_build(const Tensors& inputs,
                                     const CallContext& context) const override;

 protected:
  void validate() override;
  bool passes_masks() const override { return true; }
  bool regularizes_outputs() const override { return false; }
  // The heads of query, key and value, and the axes over which attention runs.
  struct Heads {
    int64_t query, key, key_size, value_size;
  };
  virtual Heads heads() const = 0;
  virtual IntList axes_of(int query_rank) const;
  void add_projections(const Shape& query, const Shape& value, const Shape& key,
                       const IntList& output_sizes);

 private:
  Ref<EinsumDense> projection(const char* name, int free_axes, int bound_axes, const IntList& sizes,
                              bool gate);
  Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                AttentionOptions options, bool explicit_weights, Tensor* scores) const;

  Ref<EinsumDense> query_, key_, value_, gate_, output_;
  Ref<SeedGenerator> generator_;
};

class MultiHeadAttention final : public ProjectedAttention {
 public:
  int64_t num_heads = 0;
  int64_t key_dim = 0;
  std::optional<int64_t> value_dim;
  std::optional<PartialShape> output_shape;
  std::optional<IntList> attention_axes;

  NACRE_CONFIG(MultiHeadAttention, Layer, num_heads, key_dim, value_dim, dropout, use_bias,
               output_shape, attention_axes, sliding_window, flash_attention, kernel_initializer,
               bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint,
               bias_constraint, use_gate, seed)
  void validate() override;
  void build(const std::vector<Shape>& input_shapes) override;

 protected:
  Heads heads() const override { return {num_heads, num_heads, key_dim, *value_dim}; }
  IntList axes_of(int query_rank) const override;
};

class GroupQueryAttention final : public ProjectedAttention {
 public:
  int64_t head_dim = 0;
  int64_t num_query_heads = 0;
  int64_t num_key_value_heads = 0;

  NACRE_CONFIG(GroupQueryAttention, Layer, head_dim, num_query_heads, num_key_value_heads, dropout,
               use_bias, sliding_window, flash_attention, kernel_initializer, bias_initializer,
               kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint, use_gate,
               seed)
  void validate() override;
  void build(const std::vector<Shape>& input_shapes) override;

 protected:
  Heads heads() const override {
    return {num_query_heads, num_key_value_heads, head_dim, head_dim};
  }
};

// softmax(scores) value, where scores are products of query and key or a sum of tanh.
class Attention : public Layer {
 public:
  bool use_scale = false;
  std::string score_mode = "dot";
  double dropout = 0;
  std::optional<int64_t> seed;

  NACRE_CONFIG(Attention, Layer, use_scale, score_mode, dropout, seed)
  void validate() override;
  void build(const std::vector<Shape>& input_shapes) override;
  Tensors call(const Tensors& inputs, const CallContext& context) override;
  bool takes_mask() const override { return true; }

 protected:
  bool passes_masks() const override { return true; }
  // Scores (batch..., queries, keys) that are no plain products.
  virtual Tensor scores(const Tensor& query, const Tensor& key) const;
  VariableRef scale_;

 private:
  VariableRef concat_score_weight_;
  Ref<SeedGenerator> generator_;
};

class AdditiveAttention final : public Attention {
 public:
  AdditiveAttention() {
    use_scale = true;
    score_mode = "sum";
  }
  std::string_view class_name() const override { return "AdditiveAttention"; }
  std::vector<Field> fields() override;
  void build(const std::vector<Shape>& input_shapes) override;

 protected:
  Tensor scores(const Tensor& query, const Tensor& key) const override;
};

}  // namespace nacre
