// Recurrent nets, and layer_forward, which is how they and other layers are run.

#include "wick/nn/recurrent.h"
#include "tclext/commands/layers.h"
#include "wick/nn/attention.h"
#include "wick/nn/transformer.h"

namespace commands {
namespace {

using wick::nn::Recurrent;

template <auto construct>
Command recurrent(const char* name, std::vector<const char*> aliases, const char* summary,
                  const char* details) {
  return {
      .name = name,
      .aliases = std::move(aliases),
      .summary = summary,
      .details = details,
      .params = {{"inputSize input_size", required, "features of each step of the input", at_least(1)},
                 {"hiddenSize hidden_size", required, "features of the state", at_least(1)},
                 {"numLayers num_layers", std::int64_t{1}, "layers, one upon the other", between(1, 10000)},
                 {"bias", true, "whether there are offsets"},
                 {"batchFirst batch_first", false,
                  "whether inputs are (batch, time, features), not (time, batch, features)"},
                 {"dropout", 0.0, "probability of dropout between two layers in training", between(0, 1)},
                 {"bidirectional", false, "whether a second direction runs backwards in time"}},
      .positional = {"inputSize hiddenSize ?numLayers? ?bias? ?batchFirst? ?dropout? ?bidirectional?"},
      .returns = "a layer",
      .call = bind([](std::int64_t in, std::int64_t hidden, std::int64_t layers, bool bias, bool batch_first,
                      double dropout, bool bidirectional) {
        return construct(in, hidden,
                         wick::RecurrentOptions{.num_layers = layers,
                                                .bias = bias,
                                                .batch_first = batch_first,
                                                .dropout = dropout,
                                                .bidirectional = bidirectional});
      })};
}

// The options of layer_forward that only some layers take.
struct Extras {
  optional<Tensors> state;
  optional<binding::Value> state_variable;
  optional<Tensor> memory, key, value, mask, padding_mask, memory_mask, memory_padding_mask;
  bool causal;
  optional<binding::Value> weights_variable;
  bool average_weights;
};

// Refuses every option that was given and is not among those that the layer takes.
void check_extras(const Call& call, const Module& layer, std::initializer_list<std::string_view> taken) {
  for (std::size_t i = 2; i < call.command.params.size(); ++i) {
    const std::string_view name = binding::first_name(call.command.params[i].names);
    if (!call.words[i] || std::find(taken.begin(), taken.end(), name) != taken.end()) continue;
    throw binding::CallError{
        "Invalid -" + std::string(name) + " parameter. The layer " + layer->kind() + " takes none.",
        "TORCH PARAMETER VALUE -" + std::string(name), ""};
  }
}

Tensor tensor_or_none(const optional<Tensor>& tensor) { return tensor.value_or(Tensor()); }

void check_variable(const char* option, const optional<binding::Value>& name) {
  if (name && binding::holds_handle(name->object))
    throw binding::invalid_value(option, name->object, "the name of a variable");
}

void set_variable(Call& call, const binding::Value& name, const Tensors& tensors) {
  const binding::ObjRef list(binding::to_object(call.state, tensors));
  if (!Tcl_ObjSetVar2(call.interp(), name.object, nullptr, list.get(), TCL_LEAVE_ERR_MSG))
    throw binding::ScriptError{TCL_ERROR};
}

Tensor run_recurrent(Call& call, Recurrent& layer, const Tensor& x, const Extras& extras) {
  const bool has_cell = layer.states() == 2;
  Tensor h, c;
  if (extras.state) {
    const std::size_t wanted = has_cell ? 2 : 1;
    if (extras.state->size() != wanted)
      throw binding::CallError{has_cell ? "Invalid -state parameter. Must be a list of two tensors, h and c."
                                        : "Invalid -state parameter. Must be one tensor, h.",
                               "TORCH PARAMETER VALUE -state",
                               std::to_string(extras.state->size()) + " were given"};
    h = (*extras.state)[0];
    if (has_cell) c = (*extras.state)[1];
  }
  const wick::RecurrentResult result = layer.run(x, h, c);
  if (extras.state_variable) {
    Tensors states{result.h};
    if (has_cell) states.push_back(result.c);
    set_variable(call, *extras.state_variable, states);
  }
  return result.output;
}

Tensor encode(wick::nn::EncoderModule& layer, const Tensor& x, const Extras& extras,
              wick::nn::AttentionWeights* weights) {
  return layer.forward(x,
                       wick::nn::EncoderMasks{.mask = tensor_or_none(extras.mask),
                                              .key_padding_mask = tensor_or_none(extras.padding_mask),
                                              .is_causal = extras.causal},
                       weights);
}

Tensor decode(wick::nn::DecoderModule& layer, const Tensor& x, const Extras& extras,
              wick::nn::AttentionWeights* weights) {
  return layer.forward(
      x, needed(extras.memory, "memory"),
      wick::nn::DecoderMasks{.tgt_mask = tensor_or_none(extras.mask),
                             .memory_mask = tensor_or_none(extras.memory_mask),
                             .tgt_key_padding_mask = tensor_or_none(extras.padding_mask),
                             .memory_key_padding_mask = tensor_or_none(extras.memory_padding_mask),
                             .tgt_is_causal = extras.causal},
      weights);
}

Tensor attend(wick::nn::MultiheadAttention& layer, const Tensor& x, const Extras& extras,
              wick::nn::AttentionWeights* weights) {
  const Tensor key = extras.key.value_or(x);
  // The value goes with the key.
  const wick::nn::AttentionResult result =
      layer.forward(x, key, extras.value.value_or(key),
                    wick::nn::AttentionOptions{.key_padding_mask = tensor_or_none(extras.padding_mask),
                                               .attn_mask = tensor_or_none(extras.mask),
                                               .is_causal = extras.causal,
                                               .need_weights = weights != nullptr,
                                               .average_attn_weights = extras.average_weights});
  if (weights) weights->all.push_back(result.weights);
  return result.output;
}

// Calls f with the place where attention is to leave its weights, null where they are not wanted, and puts
// them into the variable.
template <class F>
Tensor with_weights(Call& call, const Extras& extras, F f) {
  if (!extras.weights_variable) return f(nullptr);
  wick::nn::AttentionWeights weights{.average = extras.average_weights};
  const Tensor out = f(&weights);
  set_variable(call, *extras.weights_variable, weights.all);
  return out;
}

Tensor forward(Call& call, const Module& layer, const Tensor& x, const Extras& extras) {
  using namespace wick::nn;
  wick::nn::Module* module = layer.get();
  if (auto* net = dynamic_cast<Recurrent*>(module)) {
    check_extras(call, layer, {"state", "stateVariable"});
    return run_recurrent(call, *net, x, extras);
  }
  if (auto* attention = dynamic_cast<MultiheadAttention*>(module)) {
    check_extras(
        call, layer,
        {"key", "value", "attnMask", "keyPaddingMask", "isCausal", "weightsVariable", "averageWeights"});
    return with_weights(call, extras,
                        [&](AttentionWeights* weights) { return attend(*attention, x, extras, weights); });
  }
  if (auto* encoder = dynamic_cast<EncoderModule*>(module)) {
    check_extras(call, layer,
                 {"attnMask", "keyPaddingMask", "isCausal", "weightsVariable", "averageWeights"});
    return with_weights(call, extras,
                        [&](AttentionWeights* weights) { return encode(*encoder, x, extras, weights); });
  }
  if (auto* decoder = dynamic_cast<DecoderModule*>(module)) {
    check_extras(call, layer,
                 {"memory", "attnMask", "keyPaddingMask", "isCausal", "memoryMask", "memoryKeyPaddingMask",
                  "weightsVariable", "averageWeights"});
    return with_weights(call, extras,
                        [&](AttentionWeights* weights) { return decode(*decoder, x, extras, weights); });
  }
  check_extras(call, layer, {});
  return layer->forward(x);
}

template <class M>
Module made(std::int64_t in, std::int64_t hidden, const wick::RecurrentOptions& options) {
  return make_layer<M>(in, hidden, options);
}
Module tanh_net(std::int64_t in, std::int64_t hidden, const wick::RecurrentOptions& options) {
  return make_layer<wick::nn::RNN>(in, hidden, "tanh", options);
}
Module relu_net(std::int64_t in, std::int64_t hidden, const wick::RecurrentOptions& options) {
  return make_layer<wick::nn::RNN>(in, hidden, "relu", options);
}

}  // namespace

std::vector<Command> recurrent_commands() {
  return {
      recurrent<made<wick::nn::LSTM>>(
          "lstm", {}, "A layer of long short-term memory.",
          "With a = W_ih x + b_ih + W_hh h + b_hh split into i, f, g and o: c' = sigmoid(f) c + "
          "sigmoid(i) tanh(g), h' = sigmoid(o) tanh(c'). Parameters, for each layer and in it for each "
          "direction: weight_ih, weight_hh and, with a bias, bias_ih and bias_hh, drawn uniformly from "
          "within 1 / sqrt(hiddenSize) of 0. layer_forward gives h of the last layer at every step, the two "
          "directions side by side, and takes and gives states by -state {h c} and -stateVariable."),
      recurrent<made<wick::nn::GRU>>(
          "gru", {"Gru"}, "A layer of gated recurrent units.",
          "With r = sigmoid(W_ir x + b_ir + W_hr h + b_hr), z alike and n = tanh(W_in x + b_in + r (W_hn h + "
          "b_hn)): h' = (1 - z) n + z h. Parameters and result are as those of lstm; the state is h alone."),
      recurrent<tanh_net>("rnn_tanh", {}, "A recurrent layer, h' = tanh(W_ih x + b_ih + W_hh h + b_hh).",
                          "Parameters and result are as those of lstm; the state is h alone."),
      recurrent<relu_net>("rnn_relu", {}, "A recurrent layer, h' = max(0, W_ih x + b_ih + W_hh h + b_hh).",
                          "Parameters and result are as those of lstm; the state is h alone."),
  };
}

Command forward_command() {
  return {
      .name = "layer_forward",
      .summary = "What a layer or a container makes of its input.",
      .details =
          "A recurrent layer begins with states of zeros unless -state gives others, and leaves those "
          "behind the last step in the variable that -stateVariable names; for another step give them "
          "back. Attention is of the input to itself, or to -key and -value. Masks of bool leave out "
          "what is true, those of numbers are added. The weights that -weightsVariable asks for are (N, L, "
          "S), of each head (N, heads, L, S), without N where the input has none: a list of one tensor of "
          "attention, of one for each layer of an encoder, and of two for each layer of a decoder, its own "
          "and those of the memory. An option that the layer does not take is an error.",
      .params = {{"layer", required, "a layer or a container"},
                 input,
                 {"state", omittable, "of a recurrent layer: h, of lstm {h c}, each (layers, batch, width)"},
                 {"stateVariable", omittable, "a variable that gets a list of the states at the end"},
                 {"memory", omittable, "of a decoder: what the encoder made"},
                 {"key", omittable, "of attention: the keys, the input unless given"},
                 {"value", omittable, "of attention: the values, the keys unless given"},
                 {"attnMask", omittable, "which places attend to which, (L, S) or (N heads, L, S)"},
                 {"keyPaddingMask", omittable, "places of the keys that do not count, (N, S)"},
                 {"isCausal", false, "whether no place attends to later ones"},
                 {"memoryMask", omittable, "of a decoder: which places attend to which of the memory"},
                 {"memoryKeyPaddingMask", omittable, "of a decoder: places of the memory that do not count"},
                 {"weightsVariable", omittable, "a variable that gets a list of the weights of attention"},
                 {"averageWeights", true, "whether these are averages over the heads"}},
      .positional = {"layer input"},
      .returns = "the layer's output",
      .call = bind([](Call& call, const Module& layer, const Tensor& x, const optional<Tensors>& state,
                      const optional<binding::Value>& variable, const optional<Tensor>& memory,
                      const optional<Tensor>& key, const optional<Tensor>& value,
                      const optional<Tensor>& mask, const optional<Tensor>& padding_mask, bool causal,
                      const optional<Tensor>& memory_mask, const optional<Tensor>& memory_padding_mask,
                      const optional<binding::Value>& weights_variable, bool average_weights) {
        check_variable("stateVariable", variable);
        check_variable("weightsVariable", weights_variable);
        return forward(call, layer, x,
                       {state, variable, memory, key, value, mask, padding_mask, memory_mask,
                        memory_padding_mask, causal, weights_variable, average_weights});
      })};
}

}  // namespace commands
