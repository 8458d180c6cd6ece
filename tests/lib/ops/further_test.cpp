#include "gradcheck.h"
#include "operations.h"

// Divisions, summaries, parts, places and distances against PyTorch.

namespace wick::test {
namespace {

const Operations further = registered({
    {"floor_divide", binary<floor_divide>},
    {"remainder", binary<remainder>},
    {"fmod", binary<fmod>},
    {"hypot", binary<hypot>},
    {"logaddexp", binary<logaddexp>},
    {"lerp", [](const Arguments& a) { return Tensors{lerp(t(a, 0), t(a, 1), t(a, 2))}; }},
    {"lerp_number", [](const Arguments& a) { return Tensors{lerp(t(a, 0), t(a, 1), a[2].number())}; }},
    {"addcmul",
     [](const Arguments& a) { return Tensors{addcmul(t(a, 0), t(a, 1), t(a, 2), a[3].number())}; }},
    {"addcdiv",
     [](const Arguments& a) { return Tensors{addcdiv(t(a, 0), t(a, 1), t(a, 2), a[3].number())}; }},
    {"nan_to_num",
     [](const Arguments& a) {
       if (a.size() < 4) return Tensors{nan_to_num(t(a, 0))};
       return Tensors{nan_to_num(t(a, 0), a[1].real(), a[2].real(), a[3].real())};
     }},

    {"any", over_dims<any>},
    {"all", over_dims<all>},
    {"count_nonzero", with_list<count_nonzero>},
    {"prod", [](const Arguments& a) { return Tensors{prod(t(a, 0), a[1].list(), a[2].flag())}; }},
    {"nansum", [](const Arguments& a) { return Tensors{nansum(t(a, 0), a[1].list(), a[2].flag())}; }},
    {"nanmean", over_dims<nanmean>},
    {"logsumexp", over_dims<logsumexp>},
    {"amax", over_dims<amax>},
    {"amin", over_dims<amin>},

    {"split", in_parts<split>},
    {"split_sizes", [](const Arguments& a) { return split(t(a, 0), a[1].list(), a[2].whole()); }},
    {"chunk", in_parts<chunk>},
    {"unbind", [](const Arguments& a) { return unbind(t(a, 0), a[1].whole()); }},
    {"tile", with_list<tile>},
    {"repeat_interleave",
     [](const Arguments& a) { return Tensors{repeat_interleave(t(a, 0), a[1].whole(), a[2].whole())}; }},
    {"repeat_interleave_each",
     [](const Arguments& a) { return Tensors{repeat_interleave(t(a, 0), t(a, 1), a[2].whole())}; }},
    {"take", binary<take>},
    {"tril_indices",
     [](const Arguments& a) {
       return Tensors{tril_indices(a[0].whole(), a[1].whole(), a[2].whole(), a[3].dtype())};
     }},
    {"triu_indices",
     [](const Arguments& a) {
       return Tensors{triu_indices(a[0].whole(), a[1].whole(), a[2].whole(), a[3].dtype())};
     }},
    {"vander", [](const Arguments& a) { return Tensors{vander(t(a, 0), a[1].whole(), a[2].flag())}; }},
    {"trapezoid", [](const Arguments& a) { return Tensors{trapezoid(t(a, 0), a[1].real(), a[2].whole())}; }},
    {"trapezoid_at", [](const Arguments& a) { return Tensors{trapezoid(t(a, 0), t(a, 1), a[2].whole())}; }},
    {"cumulative_trapezoid",
     [](const Arguments& a) { return Tensors{cumulative_trapezoid(t(a, 0), a[1].real(), a[2].whole())}; }},
    {"cumulative_trapezoid_at",
     [](const Arguments& a) { return Tensors{cumulative_trapezoid(t(a, 0), t(a, 1), a[2].whole())}; }},
    {"addmm",
     [](const Arguments& a) {
       return Tensors{addmm(t(a, 0), t(a, 1), t(a, 2), a[3].number(), a[4].number())};
     }},

    {"searchsorted",
     [](const Arguments& a) { return Tensors{searchsorted(t(a, 0), t(a, 1), a[2].flag(), a[3].flag())}; }},
    {"searchsorted_by",
     [](const Arguments& a) {
       return Tensors{searchsorted(t(a, 0), t(a, 1), false, false, "left", t(a, 2))};
     }},
    {"bucketize",
     [](const Arguments& a) { return Tensors{bucketize(t(a, 0), t(a, 1), false, a[2].flag())}; }},
    {"cdist", [](const Arguments& a) { return Tensors{cdist(t(a, 0), t(a, 1), a[2].real())}; }},
});

}  // namespace

TEST_CASE("divisions, summaries, parts, places, distances: PyTorch's") {
  check_reference("further.txt", further);
}

}  // namespace wick::test
