#include <algorithm>
#include <functional>

#include "tclext/commands/areas.h"
#include "tclext/commands/data.h"
#include "tclext/commands/operand.h"

namespace commands {
namespace {

const Param tensor_first{"tensor", required, "the tensor"};
const Param several{"tensors", required, "one or more tensors"};
const Param sections{"sections indices", required,
                     "one number: how many parts; two or more: the places to cut at"};

Shape dims_of(std::int64_t dim) { return Shape{dim}; }

void check_given(std::string_view option, bool given) {
  if (!given) throw wick::ShapeError("Required parameters missing: -" + std::string(option) + " is empty");
}

// --- parts of a tensor, and what is in it

Tensor norm_of(const Tensor& x, double p, optional<std::int64_t> dim, bool keepdim) {
  return dim ? wick::norm(x, p, dims_of(*dim), keepdim) : wick::norm(x, p);
}

const Param order{"p", 2.0, "order of the norm; inf and -inf are fine"};
const Param mask{"mask", required, "Bool: where elements are chosen"};

std::vector<Command> picking() {
  return {
      Command{
          .name = "tensor_slice",
          .summary = "The elements at start, start + step, start + 2 step ... before end along a dimension.",
          .details =
              "Negative dim, start and end count from the back; start and end are then cut to the size, so "
              "that an end beyond it is no mistake and start >= end leaves nothing. The result shares its "
              "values with the input. By position dim and start are required.",
          .params = {{"tensor input", required, "the tensor to cut from"},
                     {"dim dimension", std::int64_t{0}, "the dimension that is cut"},
                     {"start", std::int64_t{0}, "first index taken"},
                     {"end", omittable, "first index no longer taken; the dimension's size when left out"},
                     {"step", std::int64_t{1}, "distance between indices taken, at least 1"}},
          .positional = {"tensor dim start ?end? ?step?"},
          .returns = "as the input, with ceil((end - start) / step) in dimension dim",
          .call = bind(
              [](const Tensor& x, std::int64_t dim, std::int64_t start, optional<std::int64_t> end,
                 std::int64_t step) { return wick::slice(x, dim, start, end.value_or(INT64_MAX), step); }),
      },
      Command{
          .name = "tensor_advanced_index",
          .summary = "The elements at the coordinates that index tensors give, as in Python's tensor[i0, i1, "
                     "...].",
          .details =
              "Index tensor number k selects along dimension k. Int64 index tensors are broadcast to a "
              "common shape; negative indices count from the back. A Bool tensor stands for the "
              "coordinates of its true elements in row order: it takes up as many dimensions as it "
              "has, whose sizes must agree with its own.",
          .params = {{"tensor", required, "the tensor to pick from"},
                     {"indices", required, "index tensors for the leading dimensions, at least one"}},
          .positional = {"tensor indices"},
          .returns = "the indices' common shape followed by the dimensions not indexed",
          .call = bind([](const Tensor& x, Tensors indices) {
            check_given("indices", !indices.empty());
            return wick::index(x, indices);
          }),
      },
      Command{
          .name = "take_along_dim",
          .summary = "The elements at the given indices along a dimension.",
          .details = "With dim, input and indices are broadcast to each other in all other dimensions. "
                     "Without dim both are flattened first. Indices run from 0 to size - 1.",
          .params = {{"input", required, "the values"},
                     {"indices", required, "Int64, as many dimensions as the input where dim is given"},
                     {"dim", omittable, "dimension the indices refer to; the flattened input when left out"}},
          .positional = {"input indices ?dim?"},
          .returns = "in the input's dtype, of the shape of indices after broadcasting, or 1-D",
          .call = bind([](const Tensor& x, const Tensor& indices, optional<std::int64_t> dim) {
            return dim ? wick::take_along_dim(x, indices, *dim) : wick::take_along_dim(x, indices);
          }),
      },
      Command{
          .name = "take",
          .summary = "The elements at the given positions in row-major order.",
          .details = "Negative positions count from the back.",
          .params = {{"input", required, "the values"}, {"index indices", required, "Int64, of any shape"}},
          .positional = {"input index"},
          .returns = "in the input's dtype, of the index's shape",
          .call = bind([](const Tensor& x, const Tensor& index) { return wick::take(x, index); }),
      },
      Command{
          .name = "masked_select",
          .summary = "The elements that a mask chooses, in row-major order.",
          .details = "Input and mask are broadcast to each other.",
          .params = {{"input", required, "the values"}, mask},
          .positional = {"input mask"},
          .returns = "1-D, in the input's dtype",
          .call = bind([](const Tensor& x, const Tensor& chosen) { return wick::masked_select(x, chosen); }),
      },
      Command{
          .name = "masked_fill",
          .summary = "A copy of the input with a value in the places that a mask chooses.",
          .details = "Input and mask are broadcast to each other. The value must be one that the input's "
                     "dtype holds.",
          .params = {{"input", required, "what is filled, itself left as it is"},
                     mask,
                     {"value", required, "a number, or a 0-d tensor"}},
          .positional = {"input mask value"},
          .returns = "the broadcast shape, in the input's dtype",
          .call = bind([](const Tensor& x, const Tensor& chosen, const Operand& value) {
            return wick::masked_fill(x, chosen, library_operand(value));
          }),
      },
      Command{
          .name = "masked_scatter",
          .summary = "A copy of the input with the elements of a source in the places that a mask chooses.",
          .details = "Both in row-major order. The source may have more elements than places are chosen, but "
                     "not fewer. Input and mask are broadcast to each other.",
          .params = {{"input", required, "what is written to, itself left as it is"},
                     mask,
                     {"source", required, "in the input's dtype"}},
          .positional = {"input mask source"},
          .returns = "the broadcast shape, in the input's dtype",
          .call = bind([](const Tensor& x, const Tensor& chosen, const Tensor& source) {
            return wick::masked_scatter(x, chosen, source);
          }),
      },
      Command{
          .name = "gather_nd",
          .summary = "The elements, or slices, at the given coordinates.",
          .details =
              "The last dimension of indices holds coordinates for the leading dimensions of the input: "
              "out(p) = input(indices(p, 0), ..., indices(p, K - 1)), followed by the dimensions that "
              "are left. With a 1-D input every index is a coordinate: out(p) = input(indices(p)). "
              "Indices run from 0 to size - 1.",
          .params = {{"input", required, "the values"}, {"indices", required, "Int64 or Int32 coordinates"}},
          .positional = {"input indices"},
          .returns = "in the input's dtype; for a 1-D input of the shape of indices",
          .call = bind([](const Tensor& x, const Tensor& indices) {
            return wick::gather_nd(x, x.dim() == 1 ? indices.unsqueeze(-1) : indices);
          }),
      },
      Command{
          .name = "scatter_nd",
          .summary = "A copy of the input with updates written along dimension 0.",
          .details =
              "out(indices(i, j, ...), j, ...) = updates(i, j, ...) for every place of indices; for 1-D "
              "tensors simply out(indices(i)) = updates(i). Where indices name a place twice the last "
              "one counts.",
          .params = {{"input", required, "what is written to, itself left as it is"},
                     {"indices", required, "Int64, as many dimensions as the input"},
                     {"updates", required, "in the input's dtype, in no dimension smaller than indices"}},
          .positional = {"input indices updates"},
          .returns = "shape and dtype of the input",
          .call = bind([](const Tensor& x, const Tensor& indices, const Tensor& updates) {
            return wick::scatter(x, 0, indices, updates);
          }),
      },
      Command{
          .name = "narrow_copy",
          .summary = "A copy of the indices start up to start + length of one dimension.",
          .details = "Negative dim and start count from the back. By position all four are required.",
          .params = {{"input", required, "the tensor"},
                     {"dim", std::int64_t{0}, "the dimension that is cut"},
                     {"start", std::int64_t{0}, "first index"},
                     {"length", std::int64_t{0}, "number of indices"}},
          .positional = {"input dim start length"},
          .returns = "the input's shape with length in dimension dim",
          .call = bind([](const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length) {
            return wick::narrow_copy(x, dim, start, length);
          }),
      },
      Command{
          .name = "tensor_norm",
          .summary = "The p-norm (sum |x|^p)^(1/p) of all elements, or along a dimension.",
          .details = "p 0 counts the elements that are not 0, inf is the largest and -inf the smallest "
                     "absolute value; a matrix is taken as one long vector. Floating point only. The norm of "
                     "no elements is 0.",
          .params = {tensor_first, order, dim_or_all},
          .positional = {"tensor ?p? ?dim?"},
          .returns = "0-d, or the input's shape without dim",
          .call = bind([](const Tensor& x, double p, optional<std::int64_t> dim) {
            return norm_of(x, p, dim, false);
          }),
      },
      Command{
          .name = "tensor_normalize",
          .summary = "The tensor divided by its norm: x / (||x|| + 1e-8).",
          .details = "The norm is that of tensor_norm, over all elements or along dim. Vectors of zeros stay "
                     "zeros.",
          .params = {tensor_first,
                     order,
                     {"dim", omittable,
                      "dimension along which vectors are scaled; the whole tensor when left out"}},
          .positional = {"tensor ?p? ?dim?"},
          .returns = "same shape as the input",
          .call = bind([](const Tensor& x, double p, optional<std::int64_t> dim) {
            // Norms of half precision may lie beyond it.
            const Tensor wide = size_of(x.dtype()) == 2 && is_floating(x.dtype()) ? x.to(wick::float32) : x;
            return wick::div(wide, wick::add(norm_of(wide, p, dim, true), 1e-8)).to(x.dtype());
          }),
      },
      Command{
          .name = "tensor_unique",
          .summary = "The distinct values of all elements.",
          .details =
              "They come in ascending order, whether sorted or not; each nan is a value of its own. "
              "With returnInverse the result is a list of one element, a dict with the keys unique and "
              "inverse: the inverse is Int64, has the input's shape, and says for each element at "
              "which place of the values it stands.",
          .params = {tensor_first,
                     {"sorted", true, "whether the values must come in ascending order"},
                     {"returnInverse", false, "whether the places of the elements are wanted too"}},
          .positional = {"tensor ?sorted? ?returnInverse?"},
          .returns = "a 1-D tensor in the input's dtype, or a list of one dict",
          .call = bind([](Call& call, const Tensor& x, bool sorted, bool inverse) -> Tcl_Obj* {
            const wick::UniqueResult found = wick::unique(x, sorted, inverse);
            if (!inverse) return binding::new_handle(call.state, found.values);
            return list_of_dict(call.state, {{"unique", found.values}, {"inverse", found.inverse}}).object;
          }),
      },
  };
}

// --- shapes

Command at_least(const char* name, const char* alias, const char* summary, const char* returns,
                 binding::Function call) {
  return Command{.name = name,
                 .aliases = {alias},
                 .summary = summary,
                 .details = "The result shares its values with the input.",
                 .params = {{"input tensor", required, "the tensor"}},
                 .positional = {"input"},
                 .returns = returns,
                 .call = std::move(call)};
}

// The words of broadcast_shapes.
std::vector<Shape> shapes_of(Tcl_Obj* list) {
  std::vector<Shape> shapes;
  for (Tcl_Obj* word : binding::elements_of(list)) {
    const auto sizes = binding::integers_of(word);
    if (!sizes) throw binding::invalid_value("shapes", word, "a list of shapes");
    shapes.push_back(*sizes);
  }
  return shapes;
}

std::vector<Command> shaping() {
  return {
      Command{
          .name = "broadcast_shapes",
          .summary = "The shape that tensors of the given shapes have after broadcasting.",
          .details = "Shapes are aligned at the last dimension; sizes must agree or be 1, missing dimensions "
                     "count as 1. By position each shape is a word of its own. Two at least.",
          .params = {{"shapes", required,
                      "two or more lists of sizes; the empty one is that of a 0-d tensor"}},
          .positional = {"shapes..."},
          .returns = "the common shape, a flat list",
          .call = bind([](binding::Value words) {
            const std::vector<Shape> shapes = shapes_of(words.object);
            if (shapes.size() < 2) throw binding::wrong_positional_count();
            return wick::broadcast_shapes(shapes);
          }),
      },
      Command{
          .name = "broadcast_tensors",
          .summary = "Every tensor expanded to the shape that broadcasting gives.",
          .details = "Each keeps its dtype and shares its values. By position each tensor is a word of its "
                     "own.",
          .params = {several},
          .positional = {"tensors..."},
          .returns = "a list of one for each tensor, all of the common shape",
          .call = bind([](Tensors tensors) {
            check_given("tensors", !tensors.empty());
            return wick::broadcast_tensors(tensors);
          }),
      },
      Command{
          .name = "squeeze_multiple",
          .summary = "The tensor without dimensions of size 1.",
          .details =
              "The entries of dims are applied one after the other, each to the result so far, so that "
              "dimensions are best named in descending order; an entry that names a dimension of "
              "another size changes nothing.",
          .params = {tensor_first, {"dims", omittable, "dimensions to drop; all of size 1 when left out"}},
          .positional = {"tensor ?dims?"},
          .returns = "same elements in fewer dimensions",
          .call = bind([](const Tensor& x, optional<Ints> dims) {
            if (!dims) return wick::squeeze(x);
            Tensor out = x;
            for (const auto d : *dims) out = wick::squeeze(out, d);
            return out;
          }),
      },
      Command{
          .name = "unsqueeze_multiple",
          .summary = "The tensor with further dimensions of size 1.",
          .details =
              "The entries of dims are applied in descending order, each to the result so far: entry d "
              "puts a new dimension in front of the input's dimension d, or at the end. Negative "
              "entries, applied last, count from the back of the result so far.",
          .params = {tensor_first, {"dims", required, "places of new dimensions, not empty"}},
          .positional = {"tensor dims"},
          .returns = "as many more dimensions as dims has entries",
          .call = bind([](const Tensor& x, Ints dims) {
            check_given("dims", !dims.empty());
            std::sort(dims.begin(), dims.end(), std::greater<>());
            Tensor out = x;
            for (const auto d : dims) out = wick::unsqueeze(out, d);
            return out;
          }),
      },
      at_least("atleast_1d", "atleast1d", "The tensor with at least one dimension.",
               "the input, a 0-d one with shape 1",
               bind([](const Tensor& x) { return wick::atleast_1d(x); })),
      at_least("atleast_2d", "atleast2d", "The tensor with at least two dimensions: n becomes 1 by n.",
               "at least 2-D", bind([](const Tensor& x) { return wick::atleast_2d(x); })),
      at_least(
          "atleast_3d", "atleast3d",
          "The tensor with at least three dimensions: n becomes 1 by n by 1, m by n becomes m by n by 1.",
          "at least 3-D", bind([](const Tensor& x) { return wick::atleast_3d(x); })),
  };
}

// --- splitting and joining

constexpr const char* about_sections =
    "One number, also in a list, is a number of parts; two or more are the places to cut at, as slices take "
    "them: negative ones count from the back, those beyond the end are cut to it, one below its predecessor "
    "gives an empty part. The parts share the input's values.";

template <auto by_number, auto by_places>
binding::Function splitter() {
  return bind([](const Tensor& x, Ints cuts) {
    check_given("sections", !cuts.empty());
    return cuts.size() == 1 ? by_number(x, cuts[0]) : by_places(x, cuts);
  });
}

Command split(const char* name, std::vector<const char*> aliases, const char* summary,
              binding::Function call) {
  return Command{.name = name,
                 .aliases = std::move(aliases),
                 .summary = summary,
                 .details = about_sections,
                 .params = {{"tensor input", required, "what is split"}, sections},
                 .positional = {"tensor sections"},
                 .returns = "a list of the parts",
                 .call = std::move(call)};
}

Tensors hsplit_by_number(const Tensor& x, std::int64_t n) { return wick::hsplit(x, n); }
Tensors hsplit_at(const Tensor& x, const Ints& cuts) { return wick::hsplit(x, cuts); }
Tensors vsplit_by_number(const Tensor& x, std::int64_t n) { return wick::vsplit(x, n); }
Tensors vsplit_at(const Tensor& x, const Ints& cuts) { return wick::vsplit(x, cuts); }
Tensors dsplit_by_number(const Tensor& x, std::int64_t n) { return wick::dsplit(x, n); }
Tensors dsplit_at(const Tensor& x, const Ints& cuts) { return wick::dsplit(x, cuts); }

template <Tensor (*join)(const Tensors&)>
binding::Function joiner() {
  return bind([](Call& call, Tensors tensors) {
    check_given(binding::first_name(call.command.params[0].names), !tensors.empty());
    return join(tensors);
  });
}

Command stacking(const char* name, const char* alias, const char* summary, const char* returns,
                 binding::Function call) {
  return Command{
      .name = name,
      .aliases = {alias},
      .summary = summary,
      .details =
          "All other sizes must agree; different dtypes are promoted. By position a single word is a list "
          "of tensors, several words are a tensor each; by name several lists add up.",
      .params = {{"tensors inputs", required, "one or more tensors"}},
      .positional = {"tensors", "tensors..."},
      .returns = returns,
      .call = std::move(call)};
}

std::vector<Command> splitting() {
  return {
      Command{
          .name = "tensor_split",
          .summary = "The tensor in parts along a dimension.",
          .details =
              "One number, also in a list, is a number of parts, of which the first size mod n are one "
              "longer than the others; n may exceed the size. Two or more are the places to cut at, as "
              "slices take them: negative ones count from the back, those beyond the end are cut to "
              "it, one below its predecessor gives an empty part. The parts share the input's values.",
          .params = {{"input tensor", required, "what is split, at least 1-D"},
                     sections,
                     {"dim dimension", std::int64_t{0}, "the dimension that is cut"}},
          .positional = {"input sections ?dim?"},
          .returns = "a list of the parts",
          .call = bind([](const Tensor& x, Ints cuts, std::int64_t dim) {
            check_given("sections", !cuts.empty());
            return cuts.size() == 1 ? wick::tensor_split(x, cuts[0], dim) : wick::tensor_split(x, cuts, dim);
          }),
      },
      Command{
          .name = "split",
          .summary = "The tensor in parts of given sizes along a dimension.",
          .details =
              "Of one number all parts have that size, but for the last one, which has what is left. A "
              "list of several numbers has the size of each part; they add up to that of the dimension. "
              "The parts share the input's values.",
          .params = {{"input tensor", required, "what is split, at least 1-D"},
                     {"split_size sizes", required, "size of the parts, or the size of each"},
                     {"dim dimension", std::int64_t{0}, "the dimension that is cut"}},
          .positional = {"input split_size ?dim?"},
          .returns = "a list of the parts",
          .call = bind([](const Tensor& x, Ints sizes, std::int64_t dim) {
            check_given("split_size", !sizes.empty());
            return sizes.size() == 1 ? wick::split(x, sizes[0], dim) : wick::split(x, sizes, dim);
          }),
      },
      Command{
          .name = "chunk",
          .summary = "The tensor in a number of parts along a dimension, at most.",
          .details =
              "All parts but the last have the same size, so that there may be fewer parts: 5 elements "
              "in 4 chunks are 2, 2 and 1. tensor_split makes as many as asked for. The parts share the "
              "input's values.",
          .params = {{"input tensor", required, "what is split, at least 1-D"},
                     {"chunks", required, "how many parts at most"},
                     {"dim dimension", std::int64_t{0}, "the dimension that is cut"}},
          .positional = {"input chunks ?dim?"},
          .returns = "a list of the parts",
          .call = bind([](const Tensor& x, std::int64_t chunks, std::int64_t dim) {
            return wick::chunk(x, chunks, dim);
          }),
      },
      Command{
          .name = "unbind",
          .summary = "The slices at each position along a dimension.",
          .details = "They share the input's values.",
          .params = {{"input tensor", required, "what is taken apart, at least 1-D"},
                     {"dim dimension", std::int64_t{0}, "the dimension that is taken away"}},
          .positional = {"input ?dim?"},
          .returns = "a list of tensors with one dimension less",
          .call = bind([](const Tensor& x, std::int64_t dim) { return wick::unbind(x, dim); }),
      },
      split("hsplit", {"hSplit"},
            "Equal parts along dimension 1, of a 1-D tensor along dimension 0, or parts between places.",
            splitter<hsplit_by_number, hsplit_at>()),
      split("vsplit", {"vSplit"}, "Equal parts along dimension 0, or parts between places; at least 2-D.",
            splitter<vsplit_by_number, vsplit_at>()),
      split("dsplit", {}, "Equal parts along dimension 2, or parts between places; at least 3-D.",
            splitter<dsplit_by_number, dsplit_at>()),
      Command{
          .name = "column_stack",
          .summary = "Tensors side by side along dimension 1; 0-d and 1-D ones are columns.",
          .details =
              "All other sizes must agree; different dtypes are promoted. By position a single word is a "
              "list of tensors, several words are a tensor each.",
          .params = {{"inputs", required, "one or more tensors"}},
          .positional = {"inputs", "inputs..."},
          .returns = "at least 2-D",
          .call = joiner<wick::column_stack>(),
      },
      stacking("row_stack", "rowStack", "Tensors one below the other along dimension 0; the same as vstack.",
               "at least 2-D", joiner<wick::row_stack>()),
      stacking("dstack", "dStack",
               "Tensors one behind the other along dimension 2, made 3-D as by atleast_3d.", "at least 3-D",
               joiner<wick::dstack>()),
      stacking("hstack", "hStack",
               "Tensors side by side along dimension 1, 0-d and 1-D ones along dimension 0.", "at least 1-D",
               joiner<wick::hstack>()),
      stacking("vstack", "vStack",
               "Tensors one below the other along dimension 0; 0-d and 1-D ones are rows.", "at least 2-D",
               joiner<wick::vstack>()),
      Command{
          .name = "block_diag",
          .summary = "A matrix with the given matrices along its diagonal and 0 elsewhere.",
          .details = "A 1-D tensor counts as a row, a 0-d one as 1 by 1. Different dtypes are promoted. By "
                     "position each tensor is a word of its own.",
          .params = {{"inputs", required, "one or more tensors of at most two dimensions"}},
          .positional = {"inputs..."},
          .returns = "2-D",
          .call = joiner<wick::block_diag>(),
      },
  };
}

// --- other orders

std::vector<Command> reordering() {
  return {
      Command{
          .name = "flip",
          .aliases = {"Flip"},
          .summary = "The order of the elements reversed along dimensions.",
          .params = {{"input tensor", required, "the tensor"},
                     {"dims dimensions", required, "dimensions to reverse, at least one, each once"}},
          .positional = {"input dims"},
          .returns = "same shape as the input",
          .call = bind([](const Tensor& x, Ints dims) {
            check_given("dims", !dims.empty());
            return wick::flip(x, dims);
          }),
      },
      Command{
          .name = "tile",
          .summary = "Copies of the tensor side by side.",
          .details =
              "With fewer numbers than the tensor has dimensions the first dimensions are left as they are; "
              "more of them add dimensions in front.",
          .params = {{"input tensor", required, "the tensor"},
                     {"dims repeats", required, "how often along each dimension"}},
          .positional = {"input dims"},
          .returns = "sizes multiplied, same dtype",
          .call = bind([](const Tensor& x, Ints repeats) { return wick::tile(x, repeats); }),
      },
      Command{
          .name = "repeat_interleave",
          .summary = "Copies of each element, or of each slice along a dimension, one after another.",
          .details = "A number of copies for all, or a tensor with a number for each position.",
          .params = {{"input tensor", required, "the tensor"},
                     {"repeats", required, "a number, or Int64 or Int32, one for each position"},
                     {"dim dimension", omittable, "the dimension; the flattened input when left out"}},
          .positional = {"input repeats ?dim?"},
          .returns = "the input's shape with dim longer, or 1-D",
          .call = bind(
              [](const Tensor& x, std::variant<Tensor, std::int64_t> repeats, optional<std::int64_t> dim) {
                return std::visit([&](const auto& counts) { return wick::repeat_interleave(x, counts, dim); },
                                  repeats);
              }),
      },
      Command{
          .name = "roll",
          .aliases = {"Roll"},
          .summary = "Element i moved to place (i + shift) mod size along dimensions.",
          .details =
              "Without dims, or with empty ones, the tensor is rolled as if it were flat, by one shift, "
              "and keeps its shape.",
          .params = {{"input", required, "the tensor"},
                     {"shifts", required, "by how many places, one number for each dimension"},
                     {"dims", omittable, "dimensions to roll along"}},
          .positional = {"input shifts ?dims?"},
          .returns = "same shape as the input",
          .call = bind([](const Tensor& x, Ints shifts, optional<Ints> dims) {
            return wick::roll(x, shifts, dims ? *dims : Ints());
          }),
      },
      Command{
          .name = "transpose",
          .summary = "Two dimensions exchanged.",
          .details = "The result shares its values with the input. tensor_permute reorders any number of "
                     "dimensions.",
          .params = {{"input", required, "the tensor"},
                     {"dim0", required, "a dimension, negative counts from the end"},
                     {"dim1", required, "the one it is exchanged with"}},
          .positional = {"input dim0 dim1"},
          .returns = "the input's shape, the two sizes exchanged",
          .call =
              bind([](const Tensor& x, std::int64_t a, std::int64_t b) { return wick::transpose(x, a, b); }),
      },
      Command{
          .name = "rot90",
          .aliases = {"Rot90"},
          .summary =
              "The plane of two dimensions turned by k quarter turns from the first towards the second.",
          .params = {{"input", required, "the tensor, at least 2-D"},
                     {"k", std::int64_t{1}, "number of quarter turns, negative ones the other way"},
                     {"dims", "0 1", "the plane: two different dimensions"}},
          .positional = {"input ?k? ?dims?"},
          .returns = "the input's shape, the two sizes swapped for odd k",
          .call = bind([](const Tensor& x, std::int64_t k, Ints dims) { return wick::rot90(x, k, dims); }),
      },
      Command{
          .name = "meshgrid",
          .aliases = {"meshGrid"},
          .summary = "Coordinate grids of vectors: grid k holds the value of vector k at its place k.",
          .details =
              "All grids have the shape of the vectors' sizes, the first along dimension 0. One dtype; "
              "0-d tensors count as one element. By position each tensor is a word of its own.",
          .params = {{"tensors", required, "1-D tensors of one dtype"}},
          .positional = {"tensors..."},
          .returns = "a list of one grid for each tensor",
          .call = bind([](Tensors tensors) {
            check_given("tensors", !tensors.empty());
            return wick::meshgrid(tensors);
          }),
      },
      Command{
          .name = "combinations",
          .summary = "All ways to take r elements in their order, one a row.",
          .details =
              "Rows are sorted by position; equal values are not merged. r 0 gives an empty 1-D tensor.",
          .params = {{"input tensor", required, "the elements, 1-D"},
                     {"r", std::int64_t{2}, "elements in a combination, not negative"},
                     {"with_replacement replacement", false, "whether an element may stand more than once"}},
          .positional = {"input ?r? ?with_replacement?"},
          .returns = "number of combinations by r",
          .call = bind([](const Tensor& x, std::int64_t r, bool with_replacement) {
            return wick::combinations(x, r, with_replacement);
          }),
      },
      Command{
          .name = "cartesian_prod",
          .summary = "All tuples with one element of each tensor, one a row.",
          .details = "The last tensor's element changes fastest. A single tensor is given back as it is. By "
                     "position each tensor is a word of its own.",
          .params = {{"tensors", required, "1-D tensors of one dtype"}},
          .positional = {"tensors..."},
          .returns = "product of the sizes by number of tensors; 1-D for a single tensor",
          .call = joiner<wick::cartesian_prod>(),
      },
  };
}

// --- sums of products

std::vector<Command> products() {
  return {
      Command{
          .name = "tensordot",
          .aliases = {"tensorDot"},
          .summary = "The sum of products over dimensions that both factors have.",
          .details =
              "The dimensions in dims are summed over, the same ones in both factors; the others follow "
              "in order. For matrices 1 is a times b transposed, 0 is a transposed times b. In PyTorch a "
              "number "
              "n stands for the last n dimensions of a and the first n of b.",
          .params = {{"a", required, "first factor"},
                     {"b", required, "second factor, same dtype"},
                     {"dims", required, "dimensions that are summed over, not empty"}},
          .positional = {"a b dims"},
          .returns = "remaining dimensions of a, then remaining dimensions of b",
          .call = bind([](const Tensor& a, const Tensor& b, Ints dims) {
            check_given("dims", !dims.empty());
            return wick::tensordot(a, b, dims, dims);
          }),
      },
      Command{
          .name = "einsum",
          .aliases = {"Einsum"},
          .summary = "The sum of products over all subscripts that do not stand in the output.",
          .details = "Subscripts are letters, one for each dimension of an operand, operands separated by "
                     "commas, the output after ->. A subscript twice in one operand takes its diagonal. "
                     "Without -> the output has the subscripts that occur once, in alphabetical order "
                     "(capitals first). Three dots stand for dimensions not named, which are broadcast, as "
                     "are sizes of 1. Blanks are ignored. By position each operand is a word of its own.",
          .params = {{"equation", required, "subscripts, for example ij,jk->ik"},
                     {"tensors", required, "operands, all of one dtype"}},
          .positional = {"equation tensors..."},
          .returns = "of the output subscripts' sizes",
          .call = bind([](std::string_view equation, Tensors tensors) {
            check_given("equation", !equation.empty());
            check_given("tensors", !tensors.empty());
            return wick::einsum(equation, tensors);
          }),
      },
      Command{
          .name = "kron",
          .summary = "The Kronecker product: every element of input replaced by that element times other.",
          .details = "The factor with fewer dimensions gets leading ones of size 1. Dtypes are promoted.",
          .params = {{"input", required, "left factor"}, {"other", required, "right factor"}},
          .positional = {"input other"},
          .returns = "as many dimensions as the factor with more of them, sizes multiplied",
          .call = bind([](const Tensor& a, const Tensor& b) { return wick::kron(a, b); }),
      },
  };
}

}  // namespace

const Area& manipulation() {
  static const Area area{"manipulation", "Manipulation: picking, joining, reordering, sums of products",
                         joined({picking(), shaping(), splitting(), reordering(), products()})};
  return area;
}

}  // namespace commands
