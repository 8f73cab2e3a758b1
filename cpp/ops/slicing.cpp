// Slices: with steps fixed at the call (x[1:5:2]), and from starts that are data (slice,
// slice_update).
#include <algorithm>
#include <cstring>
#include <limits>

#include "nacre/ops/indexing.h"
#include "ops/define.h"
#include "ops/index_operand.h"
#include "ops/promote.h"
#include "ops/registry.h"
#include "ops/strided_copy.h"

namespace nacre {
namespace {

constexpr int64_t kNone = std::numeric_limits<int64_t>::min();  // an absent start or stop

// One slice for each leading axis. `drop` lists the axes indexed by an int (its start).
struct GetItemAttrs : AttrsOf<GetItemAttrs> {
  IntList starts, stops, steps, drop;
  NACRE_ATTRS(starts, stops, steps, drop)
};
struct SetItemAttrs : AttrsOf<SetItemAttrs> {
  IntList starts, stops, steps, drop, shape;
  NACRE_ATTRS(starts, stops, steps, drop, shape)
};
struct ShapeAttrs : AttrsOf<ShapeAttrs> {
  IntList shape;
  NACRE_ATTRS(shape)
};

struct Range {
  int64_t start, step, count;
};

// Python's slice.indices() for a known length.
Range resolve(int64_t start, int64_t stop, int64_t step, int64_t length) {
  const int64_t low = step > 0 ? 0 : -1;
  const int64_t high = step > 0 ? length : length - 1;
  const auto place = [&](int64_t i, int64_t absent) {
    if (i == kNone) return absent;
    return std::clamp(i < 0 ? i + length : i, low, high);
  };
  const int64_t first = place(start, step > 0 ? low : high);
  const int64_t last = place(stop, step > 0 ? high : low);
  const int64_t span = step > 0 ? last - first : first - last;
  const int64_t stride = step > 0 ? step : -step;
  return {first, step, span > 0 ? (span + stride - 1) / stride : 0};
}

template <class A>
bool dropped(const A& a, int axis) {
  return std::find(a.drop.begin(), a.drop.end(), axis) != a.drop.end();
}

template <class A>
Range range_of(const A& a, int axis, int64_t length) {
  const auto i = static_cast<size_t>(axis);
  if (i >= a.starts.size()) return {0, 1, length};
  if (dropped(a, axis)) {
    const int64_t at = a.starts[i] < 0 ? a.starts[i] + length : a.starts[i];
    if (at < 0 || at >= length) {
      raise(ErrorKind::kIndex, "getitem: expected an index in [", -length, ", ", length,
            ") along axis ", axis, ", received ", a.starts[i]);
    }
    return {at, 1, 1};
  }
  return resolve(a.starts[i], a.stops[i], a.steps[i], length);
}

template <class A>
Shape sliced_shape(const A& a, const Shape& in) {
  Shape out;
  for (int axis = 0; axis < in.rank(); ++axis) {
    if (in[axis] != kUnknownDim) {
      const Range r = range_of(a, axis, in[axis]);
      if (!dropped(a, axis)) out.push_back(r.count);
    } else if (!dropped(a, axis)) {
      out.push_back(kUnknownDim);
    }
  }
  return out;
}

// Walks the sliced elements of an array of shape `whole` beside a dense array of the slice.
// `part_strides` and `whole_strides` get one entry an axis; the offset is the first element's.
template <class A>
void run_sliced(const A& a, const Shape& whole, const char* src, char* dst, size_t element,
                bool gather) {
  const auto strides = dense_strides(whole);
  std::array<Range, kMaxRank> ranges;
  int64_t offset = 0;
  for (int axis = 0; axis < whole.rank(); ++axis) {
    ranges[axis] = range_of(a, axis, whole[axis]);
    offset += ranges[axis].start * strides[axis];
    if (ranges[axis].count == 0) return;
  }
  std::array<int64_t, kMaxRank> part{};
  int64_t stride = 1;
  for (int axis = whole.rank() - 1; axis >= 0; --axis) {
    part[axis] = stride;
    stride *= ranges[axis].count;
  }
  StridedCopy copy;
  for (int axis = 0; axis < whole.rank(); ++axis) {
    const int64_t step = strides[axis] * ranges[axis].step;
    if (gather) {
      copy.add_axis(ranges[axis].count, step, part[axis]);
    } else {
      copy.add_axis(ranges[axis].count, part[axis], step);
    }
  }
  const auto shift = static_cast<ptrdiff_t>(offset) * static_cast<ptrdiff_t>(element);
  copy.run(gather ? src + shift : src, gather ? dst : dst + shift, element);
}

// The slice is one dense block where no axis before the last cut one is longer than 1.
int64_t getitem_view(const Attrs* attrs, const TensorSpec& in, const TensorSpec& out) {
  const auto& a = attrs_as<GetItemAttrs>(attrs);
  if (out.shape.size() == 0) return 0;
  const auto strides = dense_strides(in.shape);
  int64_t offset = 0;
  bool longer = false;
  for (int axis = 0; axis < in.shape.rank(); ++axis) {
    const Range r = range_of(a, axis, in.shape[axis]);
    const bool whole = r.count == in.shape[axis] && r.step == 1;
    if (!whole && (longer || (r.step != 1 && r.count > 1))) return -1;
    longer = longer || r.count > 1;
    offset += r.start * strides[axis];
  }
  return offset * static_cast<int64_t>(size_of(in.dtype));
}

Tensor setitem_zeros(const Tensor& values, const GetItemAttrs& a, const Shape& shape) {
  static const OpDef& op = find_op("setitem_zeros");
  auto attrs = make_ref<SetItemAttrs>();
  attrs->starts = a.starts;
  attrs->stops = a.stops;
  attrs->steps = a.steps;
  attrs->drop = a.drop;
  attrs->shape = shape.vector();
  return apply_one(op, {values}, std::move(attrs));
}

void check_starts(const InferContext& c, const Shape& x) {
  const Shape& starts = c.shape(1);
  if (starts.rank() != 1 || starts[0] != x.rank()) {
    value_error(c.op, ": expected start_indices of shape (", x.rank(), ",), received ", starts);
  }
}

// Offset of the block in elements; IndexError where it leaves the array.
int64_t block_offset(const Buffer& starts, const Shape& whole, const Shape& block,
                     std::string_view op) {
  const auto strides = dense_strides(whole);
  int64_t offset = 0;
  with_indices(starts, [&](const auto* at) {
    for (int axis = 0; axis < whole.rank(); ++axis) {
      const auto first = static_cast<int64_t>(at[axis]);
      if (first < 0 || first + block[axis] > whole[axis]) {
        raise(ErrorKind::kIndex, op, ": expected a block inside [0, ", whole[axis], ") along axis ",
              axis, ", received [", first, ", ", first + block[axis], ")");
      }
      offset += first * strides[axis];
    }
  });
  return offset;
}

void copy_block(const Shape& whole, const Shape& block, const char* src, char* dst, size_t element,
                bool gather) {
  const auto outer = dense_strides(whole);
  const auto inner = dense_strides(block);
  StridedCopy copy;
  for (int axis = 0; axis < whole.rank(); ++axis) {
    copy.add_axis(block[axis], gather ? outer[axis] : inner[axis],
                  gather ? inner[axis] : outer[axis]);
  }
  copy.run(src, dst, element);
}

std::vector<TensorSpec> infer_slice(const InferContext& c) {
  const Shape& in = c.shape(0);
  Shape out(c.attrs_as<ShapeAttrs>().shape);
  bool fits = out.rank() == in.rank();
  for (int axis = 0; fits && axis < in.rank(); ++axis) {
    fits = out[axis] >= 0 && (in[axis] == kUnknownDim || out[axis] <= in[axis]);
  }
  if (!fits) {
    value_error(c.op, ": expected a shape of rank ", in.rank(), " inside that of inputs, received ",
                out, " (inputs: ", in, ")");
  }
  check_starts(c, in);
  return {{c.dtype(0), out}};
}

void slice_kernel(const KernelContext& c) {
  const Shape& whole = c.in[0].shape();
  const Shape& block = c.out[0].shape();
  const size_t element = size_of(c.in[0].dtype());
  const int64_t offset = block_offset(c.in[1], whole, block, "slice");
  copy_block(whole, block, c.in[0].as<const char>() + static_cast<size_t>(offset) * element,
             c.out[0].as<char>(), element, true);
}

std::vector<TensorSpec> infer_slice_update(const InferContext& c) {
  if (c.shape(2).rank() != c.shape(0).rank()) {
    value_error(c.op, ": expected updates of rank ", c.shape(0).rank(), ", received shape ",
                c.shape(2));
  }
  check_starts(c, c.shape(0));
  return {c.inputs[0].spec()};
}

void slice_update_kernel(const KernelContext& c) {
  const Shape& whole = c.in[0].shape();
  const Shape& block = c.in[2].shape();
  const size_t element = size_of(c.in[0].dtype());
  const int64_t offset = block_offset(c.in[1], whole, block, "slice_update");
  if (c.out[0].data != c.in[0].data && c.out[0].size() > 0) {
    std::memcpy(c.out[0].data, c.in[0].data, c.out[0].spec->bytes());
  }
  copy_block(whole, block, c.in[2].as<const char>(),
             c.out[0].as<char>() + static_cast<size_t>(offset) * element, element, false);
}

}  // namespace

void register_slicing_ops(OpRegistry& registry) {
  OpDef getitem;
  getitem.name = "getitem_basic";
  getitem.params = "x, starts, stops, steps, drop";
  getitem.doc = "`x[starts:stops:steps]` for the leading axes; those in `drop` are removed.";
  getitem.make_attrs = make_attrs_of<GetItemAttrs>;
  getitem.infer = [](const InferContext& c) {
    return std::vector<TensorSpec>{
        {c.dtype(0), sliced_shape(c.attrs_as<GetItemAttrs>(), c.shape(0))}};
  };
  getitem.kernel = [](const KernelContext& c) {
    run_sliced(c.attrs_as<GetItemAttrs>(), c.in[0].shape(), c.in[0].as<const char>(),
               c.out[0].as<char>(), size_of(c.in[0].dtype()), true);
  };
  getitem.view = getitem_view;
  getitem.backward = [](const BackwardContext& c) {
    return Tensors{setitem_zeros(c.grads[0], c.attrs_as<GetItemAttrs>(), c.inputs[0].shape())};
  };
  getitem.internal = true;
  registry.add(std::move(getitem));

  OpDef setitem;
  setitem.name = "setitem_zeros";
  setitem.params = "x, starts, stops, steps, drop, shape";
  setitem.doc = "Zeros of `shape` with `x` at [starts:stops:steps]: the gradient of getitem_basic.";
  setitem.make_attrs = make_attrs_of<SetItemAttrs>;
  setitem.infer = [](const InferContext& c) {
    return std::vector<TensorSpec>{{c.dtype(0), Shape(c.attrs_as<SetItemAttrs>().shape)}};
  };
  setitem.kernel = [](const KernelContext& c) {
    if (c.out[0].size() == 0) return;
    std::memset(c.out[0].data, 0, c.out[0].spec->bytes());
    run_sliced(c.attrs_as<SetItemAttrs>(), c.out[0].shape(), c.in[0].as<const char>(),
               c.out[0].as<char>(), size_of(c.in[0].dtype()), false);
  };
  setitem.backward = [](const BackwardContext& c) {
    static const OpDef& op = find_op("getitem_basic");
    const auto& a = c.attrs_as<SetItemAttrs>();
    auto attrs = make_ref<GetItemAttrs>();
    attrs->starts = a.starts;
    attrs->stops = a.stops;
    attrs->steps = a.steps;
    attrs->drop = a.drop;
    return Tensors{apply_one(op, {c.grads[0]}, std::move(attrs))};
  };
  setitem.internal = true;
  registry.add(std::move(setitem));

  OpDef slice;
  slice.name = "slice_block";
  slice.params = "inputs, start_indices, shape!";
  slice.doc = "The block of `inputs` of `shape` that begins at `start_indices`.";
  slice.make_attrs = make_attrs_of<ShapeAttrs>;
  slice.infer = infer_slice;
  slice.kernel = slice_kernel;
  slice.backward = [](const BackwardContext& c) {
    return Tensors{ops::slice_update(ops::zeros_like(c.inputs[0]), c.inputs[1], c.grads[0]),
                   Tensor()};
  };
  slice.internal = true;
  registry.add(std::move(slice));

  OpDef update;
  update.name = "update_block";
  update.params = "inputs, start_indices, updates";
  update.doc = "`inputs` with `updates` in place of the block that begins at `start_indices`.";
  update.infer = infer_slice_update;
  update.kernel = slice_update_kernel;
  update.backward = [](const BackwardContext& c) {
    const Tensor& updates = c.inputs[2];
    Tensors grads(3);
    if (c.needs[0]) {
      grads[0] = ops::slice_update(c.grads[0], c.inputs[1], ops::zeros_like(updates));
    }
    if (c.needs[2]) grads[2] = ops::slice(c.grads[0], c.inputs[1], updates.shape());
    return grads;
  };
  update.internal = true;
  registry.add(std::move(update));

  add_composite(
      registry, "slice", "inputs, start_indices, shape!",
      "The block of `inputs` of `shape` that begins at `start_indices`; IndexError where it leaves "
      "`inputs`.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{ops::slice(in[0], in[1], Shape(attrs_as<ShapeAttrs>(attrs).shape))};
      },
      make_attrs_of<ShapeAttrs>);
  add_composite(
      registry, "slice_update", "inputs, start_indices, updates",
      "`inputs` with `updates` in place of the block that begins at `start_indices`; IndexError "
      "where it leaves `inputs`.",
      [](Inputs in, const Attrs*) { return Tensors{ops::slice_update(in[0], in[1], in[2])}; });
}

namespace ops {

Tensor slice(const Tensor& inputs, const Tensor& start_indices, const Shape& shape) {
  static const OpDef& op = find_op("slice_block");
  auto attrs = make_ref<ShapeAttrs>();
  attrs->shape = shape.vector();
  return apply_one(op, {inputs, index_operand(start_indices, "slice")}, std::move(attrs));
}

Tensor slice_update(const Tensor& inputs, const Tensor& start_indices, const Tensor& updates) {
  static const OpDef& op = find_op("update_block");
  return apply_one(op, {inputs, index_operand(start_indices, "slice_update"),
                        to_dtype(updates, inputs.dtype())});
}

namespace {

struct Basic {
  Ref<GetItemAttrs> attrs = make_ref<GetItemAttrs>();
  bool trivial = true;
  void add(int64_t start, int64_t stop, int64_t step) {
    attrs->starts.push_back(start);
    attrs->stops.push_back(stop);
    attrs->steps.push_back(step);
  }
};

int axes_taken(const Index& item) {
  if (std::holds_alternative<NewAxis>(item) || std::holds_alternative<Ellipsis>(item)) return 0;
  if (const Tensor* t = std::get_if<Tensor>(&item)) {
    return t->dtype() == DType::kBool ? t->rank() : 1;
  }
  return 1;
}

// The items with the ellipsis (or the missing end) written out as whole slices.
std::vector<Index> expand(const Tensor& x, const std::vector<Index>& items) {
  int taken = 0;
  int ellipses = 0;
  for (const Index& item : items) {
    taken += axes_taken(item);
    ellipses += std::holds_alternative<Ellipsis>(item);
  }
  if (ellipses > 1) raise(ErrorKind::kIndex, "getitem: expected one ellipsis at most");
  if (taken > x.rank()) {
    raise(ErrorKind::kIndex, "getitem: expected at most ", x.rank(), " indices, received ", taken);
  }
  std::vector<Index> full;
  const auto fill = [&] { full.insert(full.end(), x.rank() - taken, IndexSlice{}); };
  for (const Index& item : items) {
    if (std::holds_alternative<Ellipsis>(item)) {
      fill();
    } else {
      full.push_back(item);
    }
  }
  if (!ellipses) fill();
  return full;
}

// x[..., i, j, ...] with integer arrays for `axes` of x: their common shape takes the place of
// those axes where they are adjacent, and comes first where they are not.
Tensor gather_axes(const Tensor& x, const std::vector<int>& axes, const Tensors& arrays,
                   bool in_place) {
  IntList order;
  for (const int axis : axes) order.push_back(axis);
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) order.push_back(axis);
  }
  const Tensor moved = transpose(x, order);
  IntList dims;
  for (size_t i = 0; i < axes.size(); ++i) dims.push_back(x.shape()[axes[i]]);
  const Tensor flat = ravel_indices(arrays, dims);
  IntList rows{-1};
  for (int axis = static_cast<int>(axes.size()); axis < x.rank(); ++axis) {
    rows.push_back(moved.shape()[axis]);
  }
  Tensor y = take(axes.size() == 1 ? moved : reshape(moved, Shape(rows)), flat, 0);
  if (!in_place || axes[0] == 0) return y;
  IntList back;  // the gathered axes move behind the axes[0] axes that come before them
  const int gathered = flat.rank();
  for (int i = 0; i < axes[0]; ++i) back.push_back(gathered + i);
  for (int i = 0; i < gathered; ++i) back.push_back(i);
  for (int i = gathered + axes[0]; i < y.rank(); ++i) back.push_back(i);
  return transpose(y, back);
}

}  // namespace

Tensor getitem(const Tensor& x, const std::vector<Index>& items) {
  std::vector<Index> full = expand(x, items);
  bool advanced = false;
  for (const Index& item : full) advanced = advanced || std::holds_alternative<Tensor>(item);

  Basic basic;
  IntList new_axes;       // positions of None in the result of the basic part
  std::vector<int> axes;  // of that result, indexed by arrays
  Tensors arrays;
  std::vector<size_t> at;  // which items the arrays were, to see whether they are adjacent
  int in_axis = 0;
  int out_axis = 0;
  for (size_t i = 0; i < full.size(); ++i) {
    const Index& item = full[i];
    const auto add_array = [&](Tensor array) {
      axes.push_back(out_axis++);
      arrays.push_back(std::move(array));
      at.push_back(i);
      basic.add(kNone, kNone, 1);
      ++in_axis;
    };
    if (std::holds_alternative<NewAxis>(item)) {
      new_axes.push_back(out_axis++);
    } else if (const auto* s = std::get_if<IndexSlice>(&item)) {
      const int64_t step = s->step.value_or(1);
      if (step == 0) value_error("getitem: expected a step that is not 0, received 0");
      basic.add(s->start.value_or(kNone), s->stop.value_or(kNone), step);
      basic.trivial = basic.trivial && !s->start && !s->stop && step == 1;
      ++in_axis;
      ++out_axis;
    } else if (const auto* n = std::get_if<int64_t>(&item)) {
      if (advanced) {
        add_array(Tensor::scalar(static_cast<int32_t>(*n)));
        continue;
      }
      basic.add(*n, kNone, 1);
      basic.attrs->drop.push_back(in_axis++);
      basic.trivial = false;
    } else {
      const Tensor& array = std::get<Tensor>(item);
      if (array.dtype() != DType::kBool) {
        add_array(index_operand(array, "getitem"));
        continue;
      }
      for (int k = 0; k < array.rank(); ++k) {
        const int64_t length = x.shape()[in_axis + k];
        if (array.shape()[k] != length) {
          raise(ErrorKind::kIndex, "getitem: expected a mask of length ", length, " along axis ",
                in_axis + k, ", received ", array.shape()[k]);
        }
      }
      for (const Tensor& where_true : nonzero(array)) add_array(where_true);
    }
  }
  Tensor y = x;
  if (!basic.trivial) {
    static const OpDef& op = find_op("getitem_basic");
    y = apply_one(op, {y}, basic.attrs);
  }
  for (const int64_t axis : new_axes) y = expand_dims(y, axis);
  if (arrays.empty()) return y.id() == x.id() ? identity(x) : y;
  bool adjacent = true;
  for (size_t i = 1; i < at.size(); ++i) adjacent = adjacent && at[i] - at[i - 1] <= 1;
  return gather_axes(y, axes, arrays, adjacent);
}

}  // namespace ops
}  // namespace nacre
