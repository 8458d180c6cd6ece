// A module like the extension's, with commands that only tests need: a second kind of handle, every kind of
// conversion, command prefixes, and declarations that have to be refused.

#include <memory>

#include "tclext/binding/registry.h"
#include "tclext/binding/script.h"
#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"

namespace test {

// Counted objects of a kind of their own.
struct Widget {
  std::shared_ptr<std::int64_t> number;
};

}  // namespace test

namespace binding {

template <>
inline constexpr const char* kind_name<test::Widget> = "widget";

}  // namespace binding

namespace test {
namespace {

using namespace commands;
using binding::Function;

Command test_command(const char* name, std::vector<Param> params, std::vector<const char*> positional,
                     Function function) {
  return {.name = name,
          .summary = "For tests.",
          .params = std::move(params),
          .positional = std::move(positional),
          .returns = "a value",
          .call = std::move(function)};
}

// Declarations with a fault each.
std::vector<Command> faulty() {
  return {
      test_command("count", {{"a", required, "a"}, {"b", required, "b"}}, {}, bind([](std::int64_t) {})),
      test_command("count", {{"a", required, "a"}}, {}, bind([](bool, bool) {})),
      test_command("unknown", {{"a", required, "a"}}, {"a ?bee?"}, bind([](bool) {})),
      test_command("twice", {{"a b", required, "a"}, {"b", required, "b"}}, {}, bind([](bool, bool) {})),
      test_command("twice", {{"a", required, "a"}}, {"a a"}, bind([](bool) {})),
      test_command("order", {{"a", required, "a"}, {"b", required, "b"}}, {"?a? b"}, bind([](bool, bool) {})),
      test_command("rest", {{"a", required, "a"}, {"b", required, "b"}}, {"a... b"}, bind([](Ints, bool) {})),
      test_command("whole", {{"a", std::int64_t{1}, "a"}}, {}, bind([](double) {})),
      test_command("optional", {{"a", omittable, "a"}}, {}, bind([](std::int64_t) {})),
      test_command("optional", {{"a", 1.0, "a"}}, {}, bind([](optional<double>) {})),
      test_command("word", {{"a", "median", "a"}}, {}, bind([](wick::Reduction) {})),
      test_command("none", {{"a", "nothing", "a"}}, {}, bind([](const binding::TensorOrNone&) {})),
      test_command("sizes", {{"a", "1 2 3", "a"}}, {}, bind([](binding::Sizes<2>) {})),
      test_command("pair", {{"a", "0.5", "a"}}, {}, bind([](std::array<double, 2>) {})),
      test_command("pair", {{"a", "0.5 1 x", "a"}}, {}, bind([](std::array<double, 2>) {})),
      test_command("pair", {{"a", "0.5 1", "a", binding::half_open(0, 1)}}, {},
                   bind([](std::array<double, 2>) {})),
      test_command("range", {{"a", 2.0, "a", binding::between(0, 1)}}, {}, bind([](double) {})),
      test_command("range", {{"a", true, "a", binding::between(0, 1)}}, {}, bind([](bool) {})),
      test_command("letters", {{"a-b", true, "a"}}, {}, bind([](bool) {})),
      test_command("unbound", {}, {}, Function{}),
  };
}

// What is said of them, in turn.
Tcl_Obj* faults() {
  Tcl_Obj* list = Tcl_NewListObj(0, nullptr);
  const auto add = [list](const char* text) {
    Tcl_ListObjAppendElement(nullptr, list, binding::new_text(text));
  };
  for (const Command& command : faulty()) {
    try {
      const binding::Binding binding(command, "test");
      add("accepted");
    } catch (const std::logic_error& error) {
      add(error.what());
    }
  }
  const Command same = test_command("same", {}, {""}, bind([]() {}));
  const Area area{"test", "Test", {same, same}};
  try {
    const binding::Registry registry({&area});
    add("accepted");
  } catch (const std::logic_error& error) {
    add(error.what());
  }
  return list;
}

Tcl_Obj* call_prefix(Call& call, const binding::Prefix& prefix, const std::vector<std::int64_t>& numbers) {
  std::vector<binding::ObjRef> held;
  std::vector<Tcl_Obj*> words;
  for (const auto number : numbers) {
    held.emplace_back(Tcl_NewWideIntObj(number));
    words.push_back(held.back().get());
  }
  return Tcl_DuplicateObj(binding::call(call.state, prefix, words).get());
}

const Area& area() {
  static const Area all{
      "test",
      "For tests",
      {
          test_command("faults", {}, {""}, bind([]() { return faults(); })),
          test_command("widget", {{"number", required, "its number"}}, {"number"},
                       bind([](std::int64_t n) { return Widget{std::make_shared<std::int64_t>(n)}; })),
          test_command("widget_number", {{"widget", required, "a widget"}}, {"widget"},
                       bind([](const Widget& w) { return *w.number; })),
          test_command("widgets_sum", {{"widgets", required, "widgets"}}, {"widgets..."},
                       bind([](const std::vector<Widget>& all_widgets) {
                         std::int64_t sum = 0;
                         for (const Widget& w : all_widgets) sum += *w.number;
                         return sum;
                       })),
          test_command("reduction", {{"reduction", "mean", "how"}}, {"?reduction?"},
                       bind([](wick::Reduction r) { return static_cast<std::int64_t>(r); })),
          test_command(
              "lenient", {{"reduction", "mean", "how"}}, {"?reduction?"},
              bind([](binding::Lenient<wick::Reduction, wick::Reduction::Mean, wick::Reduction::Sum> r) {
                return static_cast<std::int64_t>(r.value);
              })),
          test_command("tensor_or_none", {{"weight", "none", "a tensor, or none"}}, {"?weight?"},
                       bind([](const binding::TensorOrNone& weight) {
                         return weight.tensor.defined() ? weight.tensor.numel() : -1;
                       })),
          test_command("sizes", {{"sizes", std::int64_t{3}, "sizes"}}, {"?sizes?"},
                       bind([](binding::Sizes<2> sizes) {
                         return wick::Dims{sizes[0], sizes[1]};
                       })),
          test_command("either", {{"value", required, "a widget, a number or a list of dtypes"}}, {"value"},
                       bind([](const std::variant<Widget, double, std::vector<DType>>& value) {
                         return static_cast<std::int64_t>(value.index());
                       })),
          test_command("number_or_reduction", {{"value", std::int64_t{7}, "a number or none, mean, sum"}},
                       {"?value?"}, bind([](std::variant<std::int64_t, wick::Reduction> value) {
                         return static_cast<std::int64_t>(value.index());
                       })),
          test_command("probability", {{"p", 0.5, "a probability", binding::between(0, 1)}}, {"?p?"},
                       bind([](double p) { return p; })),
          test_command("count", {{"n", omittable, "a count", binding::at_least(1)}}, {"?n?"},
                       bind([](optional<std::int64_t> n) { return n.value_or(0); })),
          test_command("strides", {{"strides", required, "strides", binding::above(0)}}, {"strides"},
                       bind([](binding::Sizes<2> sizes) {
                         return wick::Dims{sizes[0], sizes[1]};
                       })),
          test_command("doubles", {{"values", required, "numbers", binding::above(0)}}, {"values..."},
                       bind([](const std::vector<double>& values) {
                         return static_cast<std::int64_t>(values.size());
                       })),
          test_command("pair", {{"values", "0.25 1e-1", "two numbers", binding::half_open(0, 1)}},
                       {"?values?"},
                       bind([](const std::array<double, 2>& values) { return values[0] + 10 * values[1]; })),
          test_command("call", {{"prefix", required, "a command prefix"}, {"numbers", "", "words"}},
                       {"prefix ?numbers?"},
                       bind([](Call& call, binding::Prefix prefix, std::vector<std::int64_t> numbers) {
                         return call_prefix(call, prefix, numbers);
                       })),
          test_command("callback", {{"command", omittable, "a command prefix"}}, {"?command?"},
                       bind([](optional<binding::Callback> callback) { return callback.has_value(); })),
          test_command("use_after", {{"input", required, "a tensor"}, {"prefix", required, "called first"}},
                       {"input prefix"}, bind([](Call& call, const Tensor& x, const binding::Prefix& prefix) {
                         call_prefix(call, prefix, {});
                         return wick::add(x, x);
                       })),
          test_command("native", {{"path", required, "a path"}}, {"path"},
                       bind([](const binding::Path& path) { return std::string_view(path.native); })),
      }};
  return all;
}

void close_state(ClientData data, Tcl_Interp*) {
  auto* state = static_cast<binding::State*>(data);
  state->close();
  state->release();
}

}  // namespace
}  // namespace test

const binding::Registry& binding::registry() {
  static const Registry* all = new Registry({&commands::creation(), &commands::tensor(),
                                             &commands::autograd(), &commands::handles(), &test::area()});
  return *all;
}

extern "C" DLLEXPORT int Bindingtest_Init(Tcl_Interp* interp) {
  if (!Tcl_InitStubs(interp, "8.6-", 0)) return TCL_ERROR;
  auto* state = new binding::State(interp);
  state->retain();
  Tcl_SetAssocData(interp, "wick::bindingtest", test::close_state, state);
  binding::registry().install(interp, *state);
  return TCL_OK;
}
