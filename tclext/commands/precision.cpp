// Automatic mixed precision: the switches, and the scaler of losses.

#include "tclext/commands/training.h"
#include "wick/core/autocast.h"

namespace autocast = wick::autocast;

template <>
inline constexpr binding::Word<autocast::Device> binding::words<autocast::Device>[] = {
    {"cuda", autocast::Device::CUDA}, {"cpu", autocast::Device::CPU}};

namespace commands {

// What operations may be cast to.
struct LowerDType {
  DType dtype;
  bool operator==(const LowerDType&) const = default;
};

}  // namespace commands

template <>
inline constexpr binding::Word<commands::LowerDType> binding::words<commands::LowerDType>[] = {
    {"float16", {wick::float16}}, {"bfloat16", {wick::bfloat16}}, {"float32", {wick::float32}}};

namespace commands {
namespace {

const Param device_type{"device_type device", "cuda", "the kind of device whose operations are meant"};
const Param scaler{"scaler gradScaler", required, "a scaler"};
const Param optimizer{"optimizer optim", required, "an optimizer"};

std::vector<Command> autocast_commands() {
  return {
      Command{
          .name = "autocast_enable",
          .summary = "Makes products and layers of Float32 tensors compute in another dtype, until "
                     "autocast_disable.",
          .details =
              "A switch of the process for each kind of device; operations here are those of the cpu. "
              "Losses are computed in Float32, other operations stay as they are, and gradients have the "
              "dtype of their parameters. bfloat16 is the choice for the cpu: float16 ends at 65504. With "
              "float32 nothing is cast.",
          .params = {device_type,
                     {"dtype data_type", omittable,
                      "the dtype: bfloat16 for the cpu and float16 for cuda unless it was set"}},
          .positional = {"?device_type? ?dtype?"},
          .returns = "autocast enabled",
          .call = bind([](autocast::Device device, optional<LowerDType> type) {
            if (type) autocast::set_dtype(type->dtype, device);
            autocast::set_enabled(true, device);
            return "autocast enabled";
          })},
      Command{.name = "autocast_disable",
              .summary = "Ends the casting of autocast_enable.",
              .params = {device_type},
              .positional = {"?device_type?"},
              .returns = "autocast disabled",
              .call = bind([](autocast::Device device) {
                autocast::set_enabled(false, device);
                return "autocast disabled";
              })},
      Command{.name = "autocast_is_enabled",
              .summary = "Whether operations are cast on a kind of device.",
              .params = {device_type},
              .positional = {"?device_type?"},
              .returns = "0 or 1",
              .call = bind([](autocast::Device device) { return autocast::is_enabled(device); })},
      Command{.name = "autocast_set_dtype",
              .summary = "Sets the dtype that autocast_enable casts to, and switches nothing.",
              .params = {{"dtype data_type", required, "the dtype"}, device_type},
              .positional = {"dtype ?device_type?"},
              .returns = "autocast dtype set",
              .call = bind([](LowerDType type, autocast::Device device) {
                autocast::set_dtype(type.dtype, device);
                return "autocast dtype set";
              })},
  };
}

std::vector<Command> scaler_commands() {
  return {
      Command{
          .name = "grad_scaler_new",
          .summary = "A scaler of losses, which keeps gradients of half precision away from 0.",
          .params = {{"initScale init_scale", 65536.0, "the first scale", above(0)},
                     {"growthFactor growth_factor", 2.0, "factor of the scale after a run of clean steps",
                      above(0)},
                     {"backoffFactor backoff_factor", 0.5, "factor of the scale after an overflow", above(0)},
                     {"growthInterval growth_interval", std::int64_t{2000},
                      "clean steps before the scale grows", above(0)}},
          .positional = {"?initScale? ?growthFactor? ?backoffFactor? ?growthInterval?"},
          .returns = "a scaler",
          .call = bind([](double scale, double growth, double backoff, std::int64_t interval) {
            return wick::nn::make<wick::optim::GradScaler>(
                wick::optim::GradScalerOptions{scale, growth, backoff, interval});
          })},
      Command{.name = "grad_scaler_scale",
              .summary = "A loss times the scale.",
              .params = {scaler, {"tensor input", required, "usually the loss"}},
              .positional = {"scaler tensor"},
              .returns = "a tensor of the loss's dtype; Float32 for integers",
              .call = bind([](const Scaler& by, const Tensor& loss) { return by->scale(loss); })},
      Command{.name = "grad_scaler_unscale",
              .summary = "Divides the gradients of an optimizer by the scale, once before its step.",
              .details = "It belongs before clipping; grad_scaler_step does not divide them again.",
              .params = {scaler, optimizer},
              .positional = {"scaler optimizer"},
              .returns = "OK",
              .call = bind([](const Scaler& by, const Optimizer& of) {
                by->unscale_(*of);
                return "OK";
              })},
      Command{.name = "grad_scaler_step",
              .summary =
                  "Takes an optimizer's step by unscaled gradients, unless one of them is infinite or NaN.",
              .details = "The gradients are divided by the scale unless they were already.",
              .params = {scaler, optimizer},
              .positional = {"scaler optimizer"},
              .returns = "scaler step completed, whether or not the step was taken",
              .call = bind([](const Scaler& by, const Optimizer& of) {
                by->step(*of);
                return "scaler step completed";
              })},
      Command{.name = "grad_scaler_update",
              .summary = "Makes the scale smaller after an overflow, and larger after a run of clean steps.",
              .params = {scaler},
              .positional = {"scaler"},
              .returns = "scaler updated",
              .call = bind([](const Scaler& by) {
                by->update();
                return "scaler updated";
              })},
      Command{.name = "grad_scaler_get_scale",
              .summary = "The scale.",
              .params = {{"scaler gradscaler", required, "a scaler"}},
              .positional = {"scaler"},
              .returns = "a number",
              .call = bind([](const Scaler& by) { return by->get_scale(); })},
  };
}

}  // namespace

std::vector<Command> precision_commands() { return joined({autocast_commands(), scaler_commands()}); }

}  // namespace commands
