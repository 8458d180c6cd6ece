// Layers and containers of layers.

#include "tclext/commands/layers.h"
#include "tclext/commands/areas.h"
#include "wick/nn/container.h"
#include "wick/nn/dropout.h"
#include "wick/nn/linear.h"

namespace commands {

Tensor function_bias(const Bias& bias) {
  if (bias.is_switch)
    throw binding::CallError{"Invalid -bias parameter. Must be a tensor or none.",
                             "TORCH PARAMETER VALUE -bias", "a boolean is for layers"};
  return bias.tensor;
}
bool layer_bias(const Bias& bias) {
  if (bias.tensor.defined())
    throw binding::CallError{"Invalid -bias parameter. Must be a boolean.", "TORCH PARAMETER VALUE -bias",
                             "a layer makes its own bias"};
  return bias.wanted;
}

namespace {

Command linear() {
  return {
      .name = "linear",
      .aliases = {"linearLayer"},
      .summary = "A fully connected layer, y = x W^T + b, or what it computes.",
      .details =
          "Given sizes the command makes the layer. Parameters: the weight, outFeatures times inFeatures, "
          "and the bias if wanted, Float32, drawn uniformly from within 1 / sqrt(inFeatures) of 0, the "
          "weight first. The layer takes inputs of any rank from 1 whose last dimension is inFeatures. "
          "Given a tensor, -weight and perhaps a -bias, the command computes.",
      .params = {{"inFeatures", omittable, "for a layer: width of the input's last dimension", at_least(1)},
                 {"outFeatures", omittable, "for a layer: width of the result's last dimension", at_least(1)},
                 {"input", omittable, "a tensor whose last dimension is that of the weight"},
                 {"weight", omittable, "the weight, (outFeatures, inFeatures)"},
                 {"bias", true,
                  "whether the layer has an offset; for a tensor the offset itself, (outFeatures), or none"}},
      .positional = {"input weight ?bias?", "inFeatures outFeatures ?bias?"},
      .returns = "a layer, or a tensor",
      .call = bind([](const optional<std::int64_t>& in, const optional<std::int64_t>& out,
                      const optional<Tensor>& x, const optional<Tensor>& weight,
                      const Bias& bias) -> TensorOrModule {
        if (x || weight) {
          refuse_beside(in || out, in ? "inFeatures" : "outFeatures", "a tensor");
          return wick::linear(needed(x, "input"), needed(weight, "weight"), function_bias(bias));
        }
        return make_layer<wick::nn::Linear>(needed(in, "inFeatures"), needed(out, "outFeatures"),
                                            wick::nn::LinearOptions{.bias = layer_bias(bias)});
      })};
}

std::vector<Command> simple_layers() {
  return {
      linear(),
      Command{
          .name = "dropout",
          .summary = "A layer that in training sets elements to 0 by chance, and the identity in evaluation.",
          .details = "The elements that stay are divided by 1 - p.",
          .params = {{"p", 0.5, "probability of an element to become 0", between(0, 1)},
                     {"training", true, "whether the layer begins in training mode"},
                     {"inplace", false, "whether the input itself changes, and is the result"}},
          .positional = {"?p? ?training? ?inplace?"},
          .returns = "a layer",
          .call = bind([](double p, bool training, bool inplace) {
            const auto layer = make<wick::nn::Dropout>(p, inplace);
            layer->train(training);
            return as_module(layer);
          })},
      Command{
          .name = "flatten",
          .summary = "One dimension in place of several: of a tensor, or as a layer.",
          .details =
              "Given its tensor the command computes, from dimension 0 on unless told otherwise. Without one "
              "it makes the layer, which begins with dimension 1, after that of the batch.",
          .params = {{"input", omittable, "the tensor"},
                     {"startDim start_dim", omittable, "the first of them"},
                     {"endDim end_dim", std::int64_t{-1}, "the last of them; negative counts from the end"}},
          .positional = {"?startDim? ?endDim?", "input ?startDim? ?endDim?"},
          .returns = "a tensor that shares memory with the input where that is possible, or a layer",
          .call = bind([](const optional<Tensor>& x, optional<std::int64_t> start,
                          std::int64_t end) -> std::variant<Tensor, Module> {
            if (!x) return as_module(make<wick::nn::Flatten>(start.value_or(1), end));
            return wick::nn::Flatten(start.value_or(0), end).forward(*x);
          })},
  };
}

Module sequence_of(Call& call, const std::vector<Layer>& layers) {
  const auto sequence = make<wick::nn::Sequential>();
  for (const Layer& layer : layers) sequence->push_back(layer_of(call.state, layer));
  return as_module(sequence);
}

// A dict of names and layers, and what is computed with them.
Module module_of(Call& call, const binding::Value& children, const optional<binding::Prefix>& forward) {
  const std::vector<Tcl_Obj*> words = binding::elements_of(children.object);
  std::vector<std::pair<std::string, Module>> modules;
  if (words.size() % 2 != 0)
    throw binding::invalid_value("children", children.object, "a dict of names and layers");
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (binding::holds_handle(words[i]))
      throw binding::invalid_value("children", children.object, "a dict of names and layers");
    const Layer layer = binding::Convert<Layer>::from({call.state, words[i + 1], "children"});
    modules.emplace_back(binding::text_of(words[i]), layer_of(call.state, layer));
  }
  wick::nn::Function::Call function;
  if (forward) function = function_of(call.state, *forward);
  return as_module(make<wick::nn::ModuleDict>(modules, std::move(function)));
}

std::vector<Command> containers() {
  return {
      Command{.name = "sequential",
              .summary = "A container that gives its input to its layers, one after another.",
              .details = "A layer is a handle, or a command prefix that is called with a tensor and answers "
                         "one, such as "
                         "torch::tensor_relu or {torch::logsoftmax -dim 1 -input}. It has its place in the "
                         "numbering of parameters, 0.weight, 0.bias, 2.weight, but no parameters. Layers are "
                         "shared, not "
                         "copied; without any the container is the identity.",
              .params = {{"modules", "", "a list of layers"}},
              .positional = {"?modules?"},
              .returns = "a layer",
              .call = bind(
                  [](Call& call, const std::vector<Layer>& layers) { return sequence_of(call, layers); })},
      Command{
          .name = "module",
          .summary = "A container of layers under names of one's choice.",
          .details =
              "Its parameters are called NAME.weight and so on, which is how files of other models are "
              "loaded. What it computes says -forward; a prefix that uses the module's own handle "
              "would keep the module for good.",
          .params = {{"children", required, "a dict of names and layers; layers as sequential takes them"},
                     {"forward", omittable,
                      "a command prefix that is called with the input and answers the result"}},
          .positional = {"children ?forward?"},
          .returns = "a layer",
          .call = bind([](Call& call, binding::Value children, const optional<binding::Prefix>& forward) {
            return module_of(call, children, forward);
          })},
      forward_command(),
  };
}

}  // namespace

const Area& layers() {
  static const Area area{
      "layers", "Layers",
      joined({simple_layers(), convolution_commands(), pooling_layer_commands(), normalization_commands(),
              recurrent_commands(), embedding_commands(), containers()})};
  return area;
}

}  // namespace commands
