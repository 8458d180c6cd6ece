// The names in the reference files, and what they stand for in the library.

#include "operations.h"

namespace wick::test {
namespace {

// Which of equal elements is the median is anybody's choice: the values only, but the indices must lead
// there.
Tensors median_along(const Arguments& a) {
  const Tensor& x = t(a, 0);
  const auto [values, indices] = median(x, a[1].whole(), true);
  CHECK(identical(gather(x, a[1].whole(), indices), values));
  return {median(x, a[1].whole(), a[2].flag()).values};
}

Tensor of_rank(DType dtype, std::int64_t rank) {
  return ones(Shape::filled(static_cast<int>(rank), 1), dtype);
}

Scalar number_of_kind(const std::string& kind) {
  if (kind == "bool") return true;
  if (kind == "int") return 1;
  if (kind == "float") return 1.0;
  return std::complex<double>(0, 1);
}

// Draws of different kinds one after another: a normal that is kept over calls shows.
Tensors mixed_draws(const Arguments& a) {
  manual_seed(static_cast<std::uint64_t>(a[0].whole()));
  // One after another: a braced list is evaluated in order.
  return Tensors{randn({3}),    rand({2}), randn({4}), randint(0, 9, {5}),       randn({1}, float64),
                 randn({4, 5}), rand({0}), randn({}),  randn({2, 1, 3}, float64)};
}

template <Tensor (*f)(const Shape&, DType)>
Tensors drawn(const Arguments& a) {
  manual_seed(static_cast<std::uint64_t>(a[0].whole()));
  return {f(a[1].list(), a[2].dtype())};
}

}  // namespace

const Operations& operations() {
  static const Operations table{
      {"promote_types",
       [](const Arguments& a) { return Tensors{empty({0}, promote_types(a[0].dtype(), a[1].dtype()))}; }},
      {"result_type",
       [](const Arguments& a) {
         const Tensor x = of_rank(a[0].dtype(), a[1].whole()), y = of_rank(a[2].dtype(), a[3].whole());
         return Tensors{empty({0}, result_type(x, y))};
       }},
      {"number_type",
       [](const Arguments& a) {
         return Tensors{
             empty({0}, result_type(of_rank(a[0].dtype(), a[1].whole()), number_of_kind(a[2].text)))};
       }},
      {"to", [](const Arguments& a) { return Tensors{t(a, 0).to(a[1].dtype())}; }},

      {"neg", unary<neg>},
      {"abs", unary<abs>},
      {"sgn", unary<sgn>},
      {"sign", unary<sign>},
      {"square", unary<square>},
      {"relu", unary<relu>},
      {"exp", unary<exp>},
      {"log", unary<log>},
      {"sqrt", unary<sqrt>},
      {"sigmoid", unary<sigmoid>},
      {"tanh", unary<tanh>},
      {"reciprocal", unary<reciprocal>},
      {"conj", unary<conj>},
      {"real", unary<real>},
      {"imag", unary<imag>},
      {"add", scaled<add>},
      {"sub", scaled<sub>},
      {"mul", binary<mul>},
      {"div", binary<div>},
      {"maximum", binary<maximum>},
      {"minimum", binary<minimum>},
      {"eq", binary<eq>},
      {"ne", binary<ne>},
      {"lt", binary<lt>},
      {"le", binary<le>},
      {"gt", binary<gt>},
      {"ge", binary<ge>},
      {"add_number", with_number<add>},
      {"sub_number", with_number<sub>},
      {"mul_number", with_number<mul>},
      {"div_number", with_number<div>},
      {"where", [](const Arguments& a) { return Tensors{where(t(a, 0), t(a, 1), t(a, 2))}; }},

      {"sin", unary<sin>},
      {"cos", unary<cos>},
      {"tan", unary<tan>},
      {"asin", unary<asin>},
      {"acos", unary<acos>},
      {"atan", unary<atan>},
      {"sinh", unary<sinh>},
      {"cosh", unary<cosh>},
      {"asinh", unary<asinh>},
      {"acosh", unary<acosh>},
      {"atanh", unary<atanh>},
      {"exp2", unary<exp2>},
      {"exp10", unary<exp10>},
      {"expm1", unary<expm1>},
      {"log2", unary<log2>},
      {"log10", unary<log10>},
      {"log1p", unary<log1p>},
      {"rsqrt", unary<rsqrt>},
      {"erf", unary<erf>},
      {"deg2rad", unary<deg2rad>},
      {"rad2deg", unary<rad2deg>},
      {"floor", unary<floor>},
      {"ceil", unary<ceil>},
      {"round", unary<round>},
      {"trunc", unary<trunc>},
      {"frac", unary<frac>},
      {"isnan", unary<isnan>},
      {"isinf", unary<isinf>},
      {"isfinite", unary<isfinite>},
      {"logical_not", unary<logical_not>},
      {"bitwise_not", unary<bitwise_not>},
      {"atan2", binary<atan2>},
      {"logical_and", binary<logical_and>},
      {"logical_or", binary<logical_or>},
      {"logical_xor", binary<logical_xor>},
      {"bitwise_and", binary<bitwise_and>},
      {"bitwise_or", binary<bitwise_or>},
      {"bitwise_xor", binary<bitwise_xor>},
      {"bitwise_left_shift", binary<bitwise_left_shift>},
      {"bitwise_right_shift", binary<bitwise_right_shift>},
      {"pow", binary<pow>},
      {"isclose",
       [](const Arguments& a) {
         return Tensors{isclose(t(a, 0), t(a, 1), a[2].real(), a[3].real(), a[4].flag())};
       }},
      {"cumsum", with_one<cumsum>},
      {"cumprod", with_one<cumprod>},
      {"cummax", running<cummax>},
      {"cummin", running<cummin>},
      {"diff", with_two<diff>},
      {"kthvalue",
       [](const Arguments& a) {
         return Tensors{kthvalue(t(a, 0), a[1].whole(), a[2].whole(), a[3].flag()).values};
       }},

      {"arange",
       [](const Arguments& a) {
         return Tensors{arange(a[0].real(), a[1].real(), a[2].real(), a[3].dtype())};
       }},
      {"linspace",
       [](const Arguments& a) {
         return Tensors{linspace(a[0].real(), a[1].real(), a[2].whole(), a[3].dtype())};
       }},
      {"logspace",
       [](const Arguments& a) {
         return Tensors{logspace(a[0].real(), a[1].real(), a[2].whole(), a[3].real(), a[4].dtype())};
       }},
      {"eye", [](const Arguments& a) { return Tensors{eye(a[0].whole(), a[1].whole(), a[2].dtype())}; }},
      {"full", [](const Arguments& a) { return Tensors{full(a[0].list(), a[1].number(), a[2].dtype())}; }},

      {"reshape", with_list<reshape>},
      {"reshape_shares",
       [](const Arguments& a) {
         const Tensor out = t(a, 0).reshape(a[1].list());
         return Tensors{scalar_tensor(out.numel() > 0 && out.storage() == t(a, 0).storage(), boolean)};
       }},
      {"permute", with_list<permute>},
      {"expand", with_list<expand>},
      {"transpose", with_two<transpose>},
      {"movedim", with_two<movedim>},
      {"unsqueeze", with_one<unsqueeze>},
      {"squeeze", with_one<squeeze>},
      {"select", with_two<select>},
      {"slice",
       [](const Arguments& a) {
         return Tensors{slice(t(a, 0), a[1].whole(), a[2].whole(), a[3].whole(), a[4].whole())};
       }},
      {"narrow",
       [](const Arguments& a) { return Tensors{narrow(t(a, 0), a[1].whole(), a[2].whole(), a[3].whole())}; }},
      {"clone", [](const Arguments& a) { return Tensors{t(a, 0).clone()}; }},
      {"contiguous", [](const Arguments& a) { return Tensors{t(a, 0).contiguous()}; }},

      {"stack", joined<stack>},
      {"cat", joined<cat>},
      {"repeat", with_list<repeat>},
      {"index_select",
       [](const Arguments& a) { return Tensors{index_select(t(a, 0), a[1].whole(), t(a, 2))}; }},
      {"index_add",
       [](const Arguments& a) { return Tensors{index_add(t(a, 0), a[1].whole(), t(a, 2), t(a, 3))}; }},
      {"gather", [](const Arguments& a) { return Tensors{gather(t(a, 0), a[1].whole(), t(a, 2))}; }},
      {"scatter_add",
       [](const Arguments& a) { return Tensors{scatter_add(t(a, 0), a[1].whole(), t(a, 2), t(a, 3))}; }},

      {"sum", [](const Arguments& a) { return Tensors{sum(t(a, 0))}; }},
      {"sum_as", [](const Arguments& a) { return Tensors{sum(t(a, 0), a[1].dtype())}; }},
      {"sum_dims", [](const Arguments& a) { return Tensors{sum(t(a, 0), a[1].list(), a[2].flag())}; }},
      {"sum_dims_as",
       [](const Arguments& a) { return Tensors{sum(t(a, 0), a[1].list(), a[2].flag(), a[3].dtype())}; }},
      {"mean", unary<mean>},
      {"mean_dims", [](const Arguments& a) { return Tensors{mean(t(a, 0), a[1].list(), a[2].flag())}; }},
      {"var", [](const Arguments& a) { return Tensors{var(t(a, 0), a[1].flag())}; }},
      {"std", [](const Arguments& a) { return Tensors{wick::std(t(a, 0), a[1].flag())}; }},
      {"var_dims",
       [](const Arguments& a) { return Tensors{var(t(a, 0), a[1].list(), a[2].flag(), a[3].flag())}; }},
      {"std_dims",
       [](const Arguments& a) { return Tensors{wick::std(t(a, 0), a[1].list(), a[2].flag(), a[3].flag())}; }},
      {"max", unary<max>},
      {"min", unary<min>},
      {"max_dim", along<max>},
      {"min_dim", along<min>},

      {"median", unary<median>},
      {"median_dim", median_along},
      {"mode_dim", along<mode>},
      {"quantile", [](const Arguments& a) { return Tensors{quantile(t(a, 0), a[1].real())}; }},
      {"quantile_dim",
       [](const Arguments& a) { return Tensors{quantile(t(a, 0), a[1].real(), a[2].whole(), a[3].flag())}; }},
      {"matmul", binary<matmul>},
      {"bmm", binary<bmm>},

      {"rand", drawn<rand>},
      {"randn", drawn<randn>},
      {"randint",
       [](const Arguments& a) {
         manual_seed(static_cast<std::uint64_t>(a[0].whole()));
         return Tensors{randint(a[1].whole(), a[2].whole(), a[3].list(), a[4].dtype())};
       }},
      {"mixed", mixed_draws},
  };
  return table;
}

}  // namespace wick::test
