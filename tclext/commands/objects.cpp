#include "tclext/commands/objects.h"

#include <unordered_set>

#include "wick/nn/container.h"

namespace commands {

Tensor answered_tensor(binding::State& state, const binding::Prefix& prefix, Tcl_Obj* answer) {
  if (const Tensor* tensor = binding::find_tensor(state, answer)) return *tensor;
  const std::string_view command = binding::text_of(binding::elements_of(prefix.object.get()).front());
  if (binding::is_handle(answer) && binding::held_kind(answer) == &binding::kind<Tensor>)
    wick::fail(command, "its answer is a tensor that was freed");
  wick::fail(command, "its answer has to be a tensor, not {}", binding::quoted(answer));
}

namespace {

template <class P>
Tensor answer_to(binding::State& state, const P& prefix, const Tensors& arguments) {
  std::vector<binding::ObjRef> handles;
  std::vector<Tcl_Obj*> words;
  for (const Tensor& argument : arguments) {
    handles.emplace_back(binding::new_handle(state, argument));
    words.push_back(handles.back().get());
  }
  return answered_tensor(state, prefix, binding::call(state, prefix, words).get());
}

}  // namespace

Tensor call_for_tensor(binding::State& state, const binding::Prefix& prefix, const Tensors& arguments) {
  return answer_to(state, prefix, arguments);
}

Tensor call_for_tensor(binding::State& state, const binding::Callback& callback, const Tensors& arguments) {
  return answer_to(state, callback, arguments);
}

std::function<Tensor(const Tensor&)> function_of(binding::State& state, const binding::Prefix& prefix) {
  return [held = std::make_shared<binding::StateRef>(state), prefix](const Tensor& x) {
    return call_for_tensor(**held, prefix, {x});
  };
}

Module layer_of(binding::State& state, const Layer& layer) {
  if (const auto* module = std::get_if<Module>(&layer)) return *module;
  return Module(new wick::nn::Function(function_of(state, std::get<binding::Prefix>(layer))));
}

}  // namespace commands

namespace binding {

std::optional<commands::Parameters> Convert<commands::Parameters>::attempt(const Source& s) {
  commands::Parameters parameters;
  std::unordered_set<const wick::TensorBody*> seen;
  const auto add = [&](const wick::Tensor& tensor) {
    if (seen.insert(tensor.body()).second) parameters.push_back(tensor);
  };
  for (Tcl_Obj* element : elements_of(s.word)) {
    if (const wick::Tensor* tensor = find_tensor(s.state, element)) {
      add(*tensor);
    } else if (const commands::Module* module = find<commands::Module>(s.state, element)) {
      for (const wick::Tensor& tensor_of_module : (*module)->parameters()) add(tensor_of_module);
    } else {
      return std::nullopt;
    }
  }
  return parameters;
}

CallError Convert<commands::Parameters>::fault(const Source& s) {
  for (Tcl_Obj* element : elements_of(s.word)) {
    if (!find_tensor(s.state, element) && !find<commands::Module>(s.state, element))
      return invalid_tensor(s.option(), element);
  }
  return invalid_tensor(s.option(), s.word);
}

}  // namespace binding
