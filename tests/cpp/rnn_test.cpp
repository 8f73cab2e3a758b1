// Recurrent kernels against their composites in float64, on every instruction set and for any
// number of threads; gradients of first and second order.
#include <cstring>

#include "gradient_check.h"
#include "kernels/abi.h"
#include "nacre/base/cpu.h"
#include "nacre/base/parallel.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/rnn.h"

using namespace nacre;
using nacre::test::check_gradients;
using nacre::test::max_difference;
using nacre::test::random_tensor;

namespace {

Tensor single(const Shape& shape, uint64_t seed, double range = 1) {
  return ops::cast(random_tensor(shape, seed, -range, range), DType::kFloat32);
}

Tensor wide(const Tensor& t) {
  return t.defined() && t.dtype() == DType::kFloat32 ? ops::cast(t, DType::kFloat64) : t;
}

Tensors wide(const Tensors& list) {
  Tensors out;
  for (const Tensor& t : list) out.push_back(wide(t));
  return out;
}

Tensor mask_of(int64_t batch, int64_t steps) {
  Tensor mask(TensorSpec{DType::kBool, {batch, steps}});
  for (int64_t i = 0; i < batch * steps; ++i) {
    // The second sample has no step that counts, the others gaps at either end and within.
    mask.mutable_data<bool>()[i] = i / steps != 1 && (i * 7 + i / steps) % 4 != 0;
  }
  return mask;
}

struct Case {
  int64_t batch, steps, units;
  bool biased, masked, backwards, reset_after;
};

const Case kCases[] = {
    {1, 5, 7, true, false, false, true},   {3, 4, 16, false, true, false, false},
    {9, 3, 33, true, true, true, true},    {17, 6, 40, true, true, false, false},
    {20, 2, 64, true, false, true, false}, {2, 1, 1, true, true, true, true},
    {6, 3, 70, false, false, false, true}, {9, 3, 150, true, true, true, true},
};

// Name of the op, gates, states.
struct Kind {
  const char* name;
  int64_t gates;
  bool has_c, has_recurrent_bias;
};
const Kind kKinds[] = {
    {"lstm", 4, true, false}, {"gru", 3, false, true}, {"simple_rnn", 1, false, false}};

Ref<Attrs> attrs_of(const OpDef& op, const Case& c) {
  Ref<Attrs> attrs = op.make_attrs();
  const std::vector<std::string>& names = attrs->field_names();
  for (size_t i = 0; i < names.size(); ++i) {
    attrs->set(static_cast<int>(i),
               AttrValue(names[i] == "backwards" ? c.backwards : c.reset_after));
  }
  return attrs;
}

Tensors operands(const Kind& k, const Case& c) {
  const int64_t all = k.gates * c.units;
  Tensors in = {single({c.batch, c.steps, all}, 1), single({c.batch, c.units}, 2)};
  if (k.has_c) in.push_back(single({c.batch, c.units}, 3));
  in.push_back(single({c.units, all}, 4, 0.4));
  in.push_back(c.biased ? single({all}, 5) : Tensor());
  if (k.has_recurrent_bias) in.push_back(c.biased && c.reset_after ? single({all}, 6) : Tensor());
  in.push_back(c.masked ? mask_of(c.batch, c.steps) : Tensor());
  return in;
}

// What the gradient op takes, from the operands and results of the forward one.
Tensors gradient_operands(const Kind& k, const Case& c, const Tensors& in, const Tensors& out,
                          bool sequence) {
  Tensors all = {sequence ? single({c.batch, c.steps, c.units}, 7) : Tensor(),
                 single({c.batch, c.units}, 8)};
  if (k.has_c) all.push_back(single({c.batch, c.units}, 9));
  all.insert(all.end(), in.begin(), in.end());
  all.push_back(out[0]);
  if (k.gates == 4) all.insert(all.end(), {out[3], out[4]});
  if (k.gates == 3) all.insert(all.end(), {out[2], out[3]});
  return all;
}

size_t states_of(const Kind& k) {
  return k.has_c ? 3 : 2;  // the sequence and the last states
}

}  // namespace

TEST_CASE("recurrent ops equal their composites") {
  for (const Kind& k : kKinds) {
    const OpDef& op = find_op(k.name);
    const OpDef& grad = find_op(std::string(k.name) + "_grad");
    for (const Case& c : kCases) {
      CAPTURE(k.name);
      CAPTURE(c.units);
      const Ref<Attrs> attrs = attrs_of(op, c);
      const Tensors in = operands(k, c);
      const Tensors out = apply(op, in, attrs), oracle = op.composite(wide(in), attrs.get());
      for (size_t i = 0; i < states_of(k); ++i) CHECK(max_difference(out[i], oracle[i]) < 2e-6);
      for (const bool sequence : {true, false}) {
        const Tensors g = gradient_operands(k, c, in, out, sequence);
        const Tensors d = apply(grad, g, attrs), d_oracle = grad.composite(wide(g), attrs.get());
        const size_t count = k.gates == 3 && !c.reset_after ? 3 : d.size();
        for (size_t i = 0; i < count; ++i) CHECK(max_difference(d[i], d_oracle[i]) < 2e-5);
      }
    }
  }
}

TEST_CASE("recurrent ops have the same bits for any number of threads") {
  const int threads = num_threads();
  for (const Kind& k : kKinds) {
    const OpDef& op = find_op(k.name);
    const OpDef& grad = find_op(std::string(k.name) + "_grad");
    const Case c{37, 9, 48, true, true, false, false};
    const Ref<Attrs> attrs = attrs_of(op, c);
    const Tensors in = operands(k, c);
    std::vector<Tensors> results;
    for (const int n : {1, 3}) {
      set_num_threads(n);
      Tensors out = apply(op, in, attrs);
      const Tensors d = apply(grad, gradient_operands(k, c, in, out, true), attrs);
      out.insert(out.end(), d.begin(), d.end());
      results.push_back(out);
    }
    for (size_t i = 0; i < results[0].size(); ++i) {
      CHECK(std::memcmp(results[0][i].data(), results[1][i].data(), results[0][i].bytes()) == 0);
    }
  }
  set_num_threads(threads);
}

TEST_CASE("lstm kernels of every instruction set") {
  const Case c{11, 4, 37, true, true, true, false};
  const Kind& k = kKinds[0];
  const OpDef& op = find_op("lstm");
  const Ref<Attrs> attrs = attrs_of(op, c);
  const Tensors in = operands(k, c), oracle = op.composite(wide(in), attrs.get());
  for (const Isa isa : available_isas()) {
    CAPTURE(name_of(isa));
    Tensor gates = in[0].clone();
    Tensor h(TensorSpec{DType::kFloat32, oracle[0].shape()});
    Tensor cell(h.spec()), h_last(in[1].spec()), c_last(in[1].spec());
    kernels::RecurrentArgs args{};
    args.batch = c.batch;
    args.steps = c.steps;
    args.units = c.units;
    args.backwards = c.backwards;
    args.mask = in[5].data<uint8_t>();
    args.recurrent = in[3].data<float>();
    args.bias = in[4].data<float>();
    args.h0 = in[1].data<float>();
    args.c0 = in[2].data<float>();
    args.gates = gates.mutable_data<float>();
    args.h = h.mutable_data<float>();
    args.c = cell.mutable_data<float>();
    args.h_last = h_last.mutable_data<float>();
    args.c_last = c_last.mutable_data<float>();
    kernels::table(isa).lstm(args);
    CHECK(max_difference(h, oracle[0]) < 2e-6);
    CHECK(max_difference(c_last, oracle[2]) < 2e-6);
    CHECK(max_difference(cell, oracle[3]) < 2e-6);
  }
}

TEST_CASE("recurrences: gradients of first and second order") {
  const Tensor mask = mask_of(2, 3);
  const Tensor x = random_tensor({2, 3, 8}, 1), h = random_tensor({2, 2}, 2);
  const Tensor c0 = random_tensor({2, 2}, 3), weights = random_tensor({2, 8}, 4);
  check_gradients(
      [&](const Tensors& t) {
        const ops::Recurrence r = ops::lstm(t[0], t[1], t[2], t[3], t[4], mask, true);
        return ops::concatenate({r.sequence, ops::expand_dims(r.last[1], 1)}, 1);
      },
      {x, h, c0, weights, random_tensor({8}, 5)}, 1e-5);
  for (const bool reset_after : {true, false}) {
    check_gradients(
        [&](const Tensors& t) {
          return ops::gru(t[0], t[1], t[2], t[3], {}, {}, reset_after, false).sequence;
        },
        {random_tensor({2, 3, 6}, 6), h, random_tensor({2, 6}, 7), random_tensor({6}, 8)}, 1e-5);
  }
}

TEST_CASE("fused recurrences: second order against float64") {
  const Tensor x = single({3, 4, 20}, 1), h = single({3, 5}, 2), c0 = single({3, 5}, 3);
  const Tensor weights = single({5, 20}, 4), bias = single({20}, 5), mask = mask_of(3, 4);
  const auto second = [&](auto convert) {
    const Tensors sources = {convert(x), convert(h), convert(c0), convert(weights), convert(bias)};
    Tape outer;
    for (const Tensor& s : sources) outer.watch(s);
    Tensor penalty;
    {
      const RecorderScope outer_scope(outer);
      Tape inner;
      for (const Tensor& s : sources) inner.watch(s);
      Tensor loss;
      {
        const RecorderScope scope(inner);
        const auto r =
            ops::lstm(sources[0], sources[1], sources[2], sources[3], sources[4], mask, false);
        loss = ops::sum(ops::square(r.sequence)) + ops::sum(r.last[1]);
      }
      for (const Tensor& g : inner.gradient({loss}, sources)) {
        const Tensor part = ops::sum(ops::square(g));
        penalty = penalty.defined() ? penalty + part : part;
      }
    }
    return outer.gradient({penalty}, sources);
  };
  const Tensors a = second([](const Tensor& t) { return t; });
  const Tensors b = second([](const Tensor& t) { return wide(t); });
  for (size_t i = 0; i < a.size(); ++i) CHECK(max_difference(a[i], b[i]) < 2e-4);
}

TEST_CASE("recurrent ops refuse what does not fit") {
  const Tensor x = single({2, 3, 8}, 1), h = single({2, 2}, 2), weights = single({2, 8}, 4);
  CHECK_THROWS_WITH_AS(ops::lstm(single({2, 0, 8}, 1), h, h, weights, {}, {}, false),
                       doctest::Contains("at least one step"), Error);
  CHECK_THROWS_WITH_AS(ops::lstm(x, single({3, 2}, 2), h, weights, {}, {}, false),
                       doctest::Contains("expected a state of shape (2, 2), received (3, 2)"),
                       Error);
  CHECK_THROWS_WITH_AS(ops::lstm(x, h, h, single({2, 6}, 4), {}, {}, false),
                       doctest::Contains("recurrent weights (units, 4 * units)"), Error);
  CHECK_THROWS_WITH_AS(ops::lstm(x, h, h, weights, {}, mask_of(2, 4), false),
                       doctest::Contains("a mask of bools of shape (2, 3)"), Error);
}
