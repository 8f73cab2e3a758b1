// Categories: hash buckets of integers, and encodings of class ids (keras.layers.CategoryEncoding).
#include "nacre/ops/categorical.h"

#include <charconv>
#include <cstring>

#include "nacre/base/fingerprint.h"
#include "nacre/base/parallel.h"
#include "nacre/ops/indexing.h"
#include "ops/define.h"
#include "ops/index_operand.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct HashAttrs : AttrsOf<HashAttrs> {
  int64_t num_buckets = 0;
  IntList salt;
  NACRE_ATTRS(num_buckets, salt)
};
struct EncodeAttrs : AttrsOf<EncodeAttrs> {
  int64_t depth = 0;
  bool count = false;
  DType dtype = DType::kFloat32;
  NACRE_ATTRS(depth, count, dtype)
};

void hash_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<HashAttrs>();
  int64_t* y = c.out[0].as<int64_t>();
  with_indices(c.in[0], [&](const auto* x) {
    parallel_for(c.out[0].size(), 1024, [&, x](int64_t begin, int64_t end) {
      char text[24];
      for (int64_t i = begin; i < end; ++i) {
        const auto done = std::to_chars(text, text + sizeof text, x[i]);
        const std::string_view digits(text, static_cast<size_t>(done.ptr - text));
        const uint64_t hash = a.salt.empty() ? fingerprint64(digits)
                                             : sip_hash(digits, static_cast<uint64_t>(a.salt[0]),
                                                        static_cast<uint64_t>(a.salt[1]));
        y[i] = static_cast<int64_t>(hash % static_cast<uint64_t>(a.num_buckets));
      }
    });
  });
}

int summed_axis(const Shape& x) {
  return x.rank() > 1 ? 1 : 0;
}

std::vector<TensorSpec> infer_encode(const InferContext& c) {
  const auto& a = c.attrs_as<EncodeAttrs>();
  Shape y;
  for (int i = 0; i < c.shape(0).rank(); ++i) {
    if (i != summed_axis(c.shape(0))) y.push_back(c.shape(0)[i]);
  }
  y.push_back(a.depth);
  if (c.has(1) && !(c.shape(1) == c.shape(0))) {
    value_error(c.op, ": expected count_weights of shape ", c.shape(0), ", received ", c.shape(1));
  }
  return {{a.dtype, y}};
}

void encode_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<EncodeAttrs>();
  const Shape& shape = c.in[0].shape();
  const int axis = summed_axis(shape);
  const int64_t outer = shape.size(0, axis), ids = shape[axis];
  const int64_t inner = shape.size(axis + 1, shape.rank());
  std::memset(c.out[0].data, 0, c.out[0].spec->bytes());
  with_indices(c.in[0], [&](const auto* x) {
    dispatch(a.dtype, [&]<class T>(type_tag<T>) {
      T* y = c.out[0].as<T>();
      const T* weights = c.in.size() > 1 && c.in[1] ? c.in[1].as<const T>() : nullptr;
      parallel_for(outer, 1, [&, x](int64_t begin, int64_t end) {
        for (int64_t i = begin * ids * inner; i < end * ids * inner; ++i) {
          const auto id = static_cast<int64_t>(x[i]);
          if (id < 0 || id >= a.depth) continue;
          T& to = y[(i / (ids * inner) * inner + i % inner) * a.depth + id];
          const T amount = weights ? weights[i] : static_cast<T>(1.0F);
          to = a.count ? static_cast<T>(static_cast<double>(to) + static_cast<double>(amount))
                       : amount;
        }
      });
    });
  });
}

Tensors encode_composite(Inputs in, const Attrs* attrs) {
  const auto& a = attrs_as<EncodeAttrs>(attrs);
  const IntList axis{summed_axis(in[0].shape())};
  Tensor hot = ops::one_hot(in[0], a.depth, -1, a.dtype);
  if (in[1].defined()) hot = hot * ops::expand_dims(in[1], -1);
  return {a.count ? ops::sum(hot, axis) : ops::max(hot, axis)};
}

struct CategoryAttrs : AttrsOf<CategoryAttrs> {
  std::string mode;
  int64_t depth = 0;
  DType dtype = DType::kFloat32;
  NACRE_ATTRS(mode, depth, dtype)
};

Tensor encode_rows(const Tensor& ids, const Tensor& weights, int64_t depth, bool count,
                   DType dtype) {
  auto attrs = make_ref<EncodeAttrs>();
  attrs->depth = depth;
  attrs->count = count;
  attrs->dtype = dtype;
  return apply_one(find_op("encode_classes"),
                   {ids, weights.defined() ? ops::cast(weights, dtype) : weights}, attrs);
}

}  // namespace

void register_categorical_ops(OpRegistry& registry) {
  OpDef hash;
  hash.name = "hash_buckets";
  hash.params = "x, num_buckets!, salt";
  hash.doc = "Buckets in [0, num_buckets) by a hash of each integer's digits.";
  hash.make_attrs = make_attrs_of<HashAttrs>;
  hash.infer = [](const InferContext& c) {
    const auto& a = c.attrs_as<HashAttrs>();
    if (a.num_buckets < 1) {
      value_error(c.op, ": expected num_buckets of at least 1, received ", a.num_buckets);
    }
    if (!a.salt.empty() && a.salt.size() != 2) {
      value_error(c.op, ": expected salt of 2 numbers, received ", to_string(AttrValue(a.salt)));
    }
    return std::vector<TensorSpec>{{DType::kInt64, c.shape(0)}};
  };
  hash.kernel = hash_kernel;
  hash.differentiable = false;
  hash.internal = true;
  registry.add(std::move(hash));

  OpDef encode;
  encode.name = "encode_classes";
  encode.params = "x, weights?, depth!, count, dtype";
  encode.doc = "Which classes of `depth` occur along the second axis of `x`, or how often.";
  encode.make_attrs = make_attrs_of<EncodeAttrs>;
  encode.infer = infer_encode;
  encode.kernel = encode_kernel;
  encode.composite = encode_composite;
  encode.internal = true;
  registry.add(std::move(encode));

  OpDef categories;
  categories.name = "encode_categories";
  categories.params = "x, count_weights?, mode!, depth!, dtype";
  categories.doc = "Class ids as ids or as vectors of `depth`, as `mode` says.";
  categories.make_attrs = make_attrs_of<CategoryAttrs>;
  categories.composite = [](Inputs in, const Attrs* attrs) {
    const auto& a = attrs_as<CategoryAttrs>(attrs);
    return Tensors{ops::encode_categories(in[0], a.mode, a.depth, a.dtype, in[1])};
  };
  categories.internal = true;
  registry.add(std::move(categories));
}

namespace ops {

Tensor hash_buckets(const Tensor& x, int64_t num_buckets, const IntList& salt) {
  auto attrs = make_ref<HashAttrs>();
  attrs->num_buckets = num_buckets;
  attrs->salt = salt;
  return apply_one(find_op("hash_buckets"),
                   {x.dtype() == DType::kInt32 ? x : cast(x, DType::kInt64)}, attrs);
}

Tensor encode_categories(const Tensor& ids, const std::string& mode, int64_t depth, DType dtype,
                         const Tensor& count_weights) {
  if (mode == "int") return ids.dtype() == dtype ? ids : cast(ids, dtype);
  Tensor x = ids.dtype() == DType::kInt64 ? ids : cast(ids, DType::kInt32);
  Tensor weights = count_weights;
  if (x.rank() == 0) {
    x = reshape(x, {1});
    if (weights.defined()) weights = reshape(weights, {1});
  }
  if (mode != "one_hot") return encode_rows(x, weights, depth, mode == "count", dtype);
  if (x.rank() > 1 && x.shape().back() == 1) x = squeeze(x, IntList{-1});
  return one_hot(x, depth, -1, dtype);
}

}  // namespace ops
}  // namespace nacre
