// Derivatives of functions that are given as scripts.

#include "tclext/commands/functional.h"

#include <memory>
#include <set>

#include "tclext/commands/objects.h"
#include "wick/autograd/functional.h"
#include "wick/nn/module.h"

namespace commands {
namespace {

// A command prefix that maps a tensor to a tensor, called at the global level. Existing scripts also pass a
// word that names no command; that is kept here, and stand_in() says what it counts as.
struct Function {
  optional<binding::Callback> prefix;
  std::string unknown = {};  // the word
};

// Whether ::torch::strict makes an error of a function that names no command.
bool is_strict(const binding::State& state) {
  Tcl_Interp* interp = state.interp();
  Tcl_Obj* value = interp ? Tcl_GetVar2Ex(interp, "::torch::strict", nullptr, TCL_GLOBAL_ONLY) : nullptr;
  return value && binding::boolean_of(value).value_or(true);
}

// The word, if it is a single one without a namespace.
std::string bare_word(Tcl_Obj* word) {
  const std::vector<Tcl_Obj*> elements = binding::elements_of(word);
  if (elements.size() != 1 || binding::holds_handle(elements[0])) return "";
  const std::string_view text = binding::text_of(elements[0]);
  return text.find("::") == text.npos ? std::string(text) : "";
}

}  // namespace
}  // namespace commands

template <>
struct binding::Convert<commands::Function> {
  static constexpr const char* accepted = Convert<Callback>::accepted;
  static commands::Function from(const Source& s) {
    try {
      return {Convert<Callback>::from(s)};
    } catch (const CallError&) {
      std::string word = commands::bare_word(s.word);
      if (word.empty() || commands::is_strict(s.state)) throw;
      return {std::nullopt, std::move(word)};
    }
  }
  static bool could_be(const State&, Tcl_Obj* word) { return !is_handle(word); }
  static constexpr Type type{"script", could_be};
};

namespace commands {
namespace {

// One line on stderr for each word and interpreter.
void warn_of_unknown(Call& call, const Function& function) {
  constexpr const char* key = "torch::unknown_functions";
  using Words = std::set<std::string>;
  Tcl_Interp* interp = call.interp();
  auto* words = static_cast<Words*>(Tcl_GetAssocData(interp, key, nullptr));
  if (!words) {
    words = new Words;
    Tcl_SetAssocData(
        interp, key, [](ClientData data, Tcl_Interp*) { delete static_cast<Words*>(data); }, words);
  }
  if (!words->insert(function.unknown).second) return;
  Tcl_Channel channel = Tcl_GetStdChannel(TCL_STDERR);
  if (!channel) return;
  const std::string line = "torch::" + std::string(call.command.name) + ": " +
                           binding::quoted(function.unknown) +
                           " names no command; the answer is the one that older scripts expect of it, and "
                           "with set ::torch::strict 1 an error\n";
  Tcl_WriteChars(channel, line.data(), static_cast<Tcl_Size>(line.size()));
  Tcl_Flush(channel);
}

// What existing scripts expect of a word that names no command: the identity, or what looks like a product.
Tensor stand_in(Call& call, const Function& function, const Tensor& x, const Tensor& v = {}) {
  warn_of_unknown(call, function);
  const std::string_view command = call.command.name;
  if (command == "vjp") return wick::matmul(v, x);
  if (command == "jvp") return wick::matmul(x, v);
  if (command == "jacobian" || command == "hessian") return wick::eye(x.numel(), -1, x.dtype());
  return x.clone();
}

// The function as the library calls it: recording is on, whatever it or a call before has switched, and what
// it gets requires gradients.
wick::autograd::TensorFunction recorded(Call& call, const Function& function) {
  return [&state = call.state, prefix = *function.prefix](const Tensor& x) {
    const Recording recording(state);
    return call_for_tensor(state, prefix, {x.requires_grad() ? x : leaf(x.detach(), true)});
  };
}

// A derivative as a matrix: the elements of the result by those of x.
Tensor as_matrix(const Tensor& derivative, const Tensor& x, std::int64_t rows) {
  return derivative.reshape({rows, x.numel()});
}

Tensor jacobian(Call& call, const Function& function, const Tensor& x, bool create_graph) {
  if (!function.prefix) return stand_in(call, function, x);
  const Recording recording(call.state);
  std::int64_t rows = 0;
  const auto counted = [&, f = recorded(call, function)](const Tensor& at) {
    Tensor y = f(at);
    rows = y.numel();
    return y;
  };
  const Tensor derivative =
      wick::autograd::jacobian(wick::autograd::TensorFunction(counted), x, create_graph);
  return as_matrix(derivative, x, rows);
}

Tensor hessian(Call& call, const Function& function, const Tensor& x, bool create_graph) {
  if (!function.prefix) return stand_in(call, function, x);
  const Recording recording(call.state);
  return as_matrix(wick::autograd::hessian(recorded(call, function), x, create_graph), x, x.numel());
}

Tensor vmap(Call& call, const Function& function, const Tensor& x) {
  if (!function.prefix) return stand_in(call, function, x);
  optional<DType> type;
  const auto mapped = [&](const Tensor& slice) {
    Tensor y = call_for_tensor(call.state, *function.prefix, {slice});
    if (y.dtype() != type.value_or(y.dtype())) {
      wick::fail<wick::DTypeError>("vmap", "the function's results must have one dtype, not {} and {}", *type,
                                   y.dtype());
    }
    type = y.dtype();
    return y;
  };
  return wick::autograd::vmap(mapped, x);
}

constexpr const char* wider = "x is float64 here; make the constants float64";

// Calls the function with float64, and says so where dtypes do not fit.
Tensor call_with_float64(Call& call, const wick::autograd::TensorFunction& f, const Tensor& x) {
  Tensor y;
  try {
    y = f(x);
  } catch (const binding::ScriptError& error) {
    Tcl_Interp* interp = call.interp();
    if (error.code == TCL_ERROR && interp) {
      const binding::ObjRef options(Tcl_GetReturnOptions(interp, TCL_ERROR)),
          key(binding::new_text("-errorcode"));
      Tcl_Obj* code = nullptr;
      Tcl_DictObjGet(nullptr, options.get(), key.get(), &code);
      if (code && !binding::holds_handle(code) && binding::text_of(code) == "TORCH DTYPE")
        Tcl_AppendResult(interp, " (", wider, ")", nullptr);
    }
    throw;
  }
  if (is_differentiable(y.dtype()) && wick::real_dtype(y.dtype()) != wick::float64) {
    wick::fail<wick::DTypeError>(call.command.name, "the function's result is {}: {}", y.dtype(), wider);
  }
  return y;
}

bool check_gradient(Call& call, const Function& function, const Tensor& x, double eps) {
  if (!function.prefix) {
    warn_of_unknown(call, function);
    return true;
  }
  const Recording recording(call.state);
  const Tensor given =
      leaf(x.to(is_complex(x.dtype()) ? wick::complex128 : wick::float64).detach().clone(), true);
  const auto f = [&, inner = recorded(call, function)](const Tensors& inputs) {
    return Tensors{call_with_float64(call, inner, inputs[0])};
  };
  wick::autograd::GradcheckOptions options;
  options.eps = eps;
  options.raise_exception = false;
  return wick::autograd::gradcheck(f, {given}, options);
}

// The tensors of a dict of names, or of a list in the order of the module's parameters.
wick::NamedTensors named_tensors(Call& call, const Module& module, const std::vector<Tcl_Obj*>& words) {
  const auto tensor_of = [&](Tcl_Obj* word) {
    return binding::Convert<Tensor>::from({call.state, word, call.command.params[1].names});
  };
  wick::NamedTensors named;
  const bool names_come_first = !words.empty() && !binding::holds_handle(words[0]) &&
                                !binding::find_tensor(call.state, words[0]) && words.size() % 2 == 0;
  if (names_come_first) {
    for (std::size_t i = 0; i < words.size(); i += 2) {
      if (binding::holds_handle(words[i]))
        throw binding::invalid_value("parameters", call.words[1], "a dict of names and tensors, or a list");
      named.emplace_back(binding::text_of(words[i]), tensor_of(words[i + 1]));
    }
    return named;
  }
  const wick::NamedTensors own = module->named_parameters();
  for (Tcl_Obj* word : words) {
    const Tensor tensor = tensor_of(word);
    if (named.size() < own.size()) named.emplace_back(own[named.size()].first, tensor);
  }
  if (words.size() != own.size() && !words.empty()) {
    wick::fail("functional_call", "the module has {} parameters, {} were given; a dict names some of them",
               own.size(), words.size());
  }
  return named;
}

Tensor functional_call(Call& call, const std::variant<Module, Function>& target,
                       const binding::Value& parameters, const optional<binding::Value>& arguments) {
  const std::vector<Tcl_Obj*> words = binding::elements_of(parameters.object);
  const std::vector<Tcl_Obj*> more =
      arguments ? binding::elements_of(arguments->object) : std::vector<Tcl_Obj*>();
  if (const auto* module = std::get_if<Module>(&target)) {
    const wick::NamedTensors named = named_tensors(call, *module, words);
    Tensors inputs;
    for (Tcl_Obj* word : more)
      inputs.push_back(binding::Convert<Tensor>::from({call.state, word, call.command.params[2].names}));
    return wick::nn::functional_call(**module, named, [&] { return (*module)->forward_all(inputs); });
  }
  const Function& function = std::get<Function>(target);
  if (!function.prefix) {
    const auto x =
        binding::Convert<Tensor>::from({call.state, parameters.object, call.command.params[1].names});
    return stand_in(call, function, x);
  }
  std::vector<Tcl_Obj*> all{parameters.object};
  all.insert(all.end(), more.begin(), more.end());
  return answered_tensor(call.state, *function.prefix,
                         binding::call(call.state, *function.prefix, all).get());
}

const Param func{"func function", required, "a command prefix that maps a tensor to a tensor"};
const Param inputs{"inputs input", required, "the point x"};
const Param create_graph{"createGraph create_graph", false,
                         "whether the result can be differentiated, with respect to x and what func uses"};

constexpr const char* calling =
    "func is called at the global level with a tensor of the values of x that requires gradients, recording "
    "is on meanwhile, and it answers a tensor; x itself stays as it was. Older scripts give a word that "
    "names "
    "no command and expect an answer: x for vmap, matrix products of v and x for vjp and jvp, a unit matrix "
    "for hessian. They get it, with a line on stderr, unless ::torch::strict is true: then it is an error.";

std::vector<Command> matrices() {
  return {
      Command{.name = "jacobian",
              .aliases = {"Jacobian"},
              .summary = "The matrix of first derivatives of a function.",
              .details = "Element (i, j) is the derivative of element i of func(x) with respect to element j "
                         "of x, both row by row; where func(x) does not depend on x it is 0. func is called "
                         "at the global level with a tensor of the values of x that requires gradients, "
                         "recording is on meanwhile, and it answers a tensor; x itself stays as it was. A "
                         "word that names no command counts as the identity, with a line on stderr, unless "
                         "::torch::strict is true.",
              .params = {func, inputs, create_graph},
              .positional = {"func inputs"},
              .returns = "(elements of func(x), elements of x), dtype of x",
              .call = bind([](Call& call, const Function& f, const Tensor& x, bool graph) {
                return jacobian(call, f, x, graph);
              })},
      Command{.name = "hessian",
              .summary = "The matrix of second derivatives of a function with a single element.",
              .details = calling,
              .params = {func, inputs, create_graph},
              .positional = {"func inputs"},
              .returns = "(elements of x, elements of x), dtype of x",
              .call = bind([](Call& call, const Function& f, const Tensor& x, bool graph) {
                return hessian(call, f, x, graph);
              })},
  };
}

std::vector<Command> products() {
  return {
      Command{.name = "vjp",
              .aliases = {"vectorJacobianProduct"},
              .summary = "The product of a vector and the Jacobian of a function: one backward pass.",
              .details = calling,
              .params = {func,
                         inputs,
                         {"v vector", required, "weights of the function's elements, of its result's shape"},
                         create_graph},
              .positional = {"func inputs v"},
              .returns = "shape and dtype of x",
              .call = bind([](Call& call, const Function& f, const Tensor& x, const Tensor& v, bool graph) {
                if (!f.prefix) return stand_in(call, f, x, v);
                return wick::autograd::vjp(recorded(call, f), x, v, graph).product;
              })},
      Command{
          .name = "jvp",
          .summary = "The derivative of a function in a direction: its Jacobian times a vector.",
          .details = calling,
          .params = {func, inputs, {"v vector", required, "the direction, of the shape of x"}, create_graph},
          .positional = {"func inputs v"},
          .returns = "shape and dtype of func(x)",
          .call = bind([](Call& call, const Function& f, const Tensor& x, const Tensor& v, bool graph) {
            if (!f.prefix) return stand_in(call, f, x, v);
            return wick::autograd::jvp(recorded(call, f), x, v, graph).product;
          })},
  };
}

std::vector<Command> calls() {
  return {
      Command{.name = "functional_call",
              .summary = "What a module computes with other parameters than its own.",
              .details =
                  "The module's own stay as they are, and gradients reach the tensors given. A dict names "
                  "the parameters, as state_dict does, and those it leaves out are the module's own; a list "
                  "has them all in the order of layer_parameters. A command prefix is called with the "
                  "parameters and the arguments, at the global level, and answers a tensor. Of a word that "
                  "names neither, the answer is the parameters, with a line on stderr, unless "
                  "::torch::strict is true.",
              .params = {{"func", required, "a module, or a command prefix"},
                         {"parameters params", required,
                          "a dict of names and tensors, a list of tensors, or a tensor"},
                         {"args", omittable,
                          "further arguments: the module's input, for attention query, key "
                          "and value, for a decoder what is decoded and the memory"}},
              .positional = {"func parameters ?args...?"},
              .returns = "the result of the call",
              .call = bind([](Call& call, const std::variant<Module, Function>& target,
                              const binding::Value& parameters, const optional<binding::Value>& arguments) {
                return functional_call(call, target, parameters, arguments);
              })},
      Command{.name = "vmap",
              .aliases = {"vectorMap"},
              .summary = "A function of each slice along dimension 0, stacked in a new dimension 0.",
              .details = "Slices of a one-dimensional tensor are 0-d. All results have one shape and dtype. "
                         "The result can be differentiated where recording is on. A word that names no "
                         "command counts as the identity, with a line on stderr, unless ::torch::strict is "
                         "true.",
              .params = {func, {"inputs input", required, "the slices"}},
              .positional = {"func inputs"},
              .returns = "(number of slices, shape of a result)",
              .call = bind([](Call& call, const Function& f, const Tensor& x) { return vmap(call, f, x); })},
  };
}

constexpr const char* checking =
    "Backward derivatives are compared with central differences, (f(x + eps e) - f(x - eps e)) / (2 eps), "
    "element by element: they may differ by 1e-5 + 1e-3 |difference quotient|. func gets a Float64 copy of "
    "x, so its constants have to be Float64 as well. An error in it is passed on. A word that names no "
    "command counts as the identity, with a line on stderr, unless ::torch::strict is true.";

std::vector<Command> checks() {
  return {
      Command{.name = "grad_check",
              .summary = "Whether the gradients of a function agree with differences of its values.",
              .details = checking,
              .params = {func, inputs},
              .positional = {"func inputs"},
              .returns = "1 or 0",
              .call = bind([](Call& call, const Function& f, const Tensor& x) {
                return check_gradient(call, f, x, 1e-6);
              })},
      Command{.name = "grad_check_finite_diff",
              .summary = "Whether the gradients of a function agree with differences of a given step.",
              .details = checking,
              .params = {func, inputs, {"eps epsilon", 1e-5, "the step", above(0)}},
              .positional = {"func inputs ?eps?"},
              .returns = "1 or 0",
              .call = bind([](Call& call, const Function& f, const Tensor& x, double eps) {
                return check_gradient(call, f, x, eps);
              })},
  };
}

}  // namespace

std::vector<Command> functional_commands() { return joined({matrices(), products(), calls(), checks()}); }

}  // namespace commands
