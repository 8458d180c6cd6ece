#include "files.h"
#include "support.h"

namespace wick::test {

TEST_CASE("checkpoint: model, parts and numbers come back") {
  const Scratch scratch;
  const auto file = scratch.where / "c.safetensors";
  Checkpoint saved;
  saved.model = {
      {"0.weight", randn({3, 2})}, {"0.bias", randn({3})}, {"2.running_mean", zeros({3}, float64)}};
  saved.parts["optimizer"] = {{"state.0.step", scalar_tensor(7, float32)},
                              {"state.0.exp_avg", randn({3, 2})}};
  saved.parts["generator"] = {{"state", get_rng_state()}};
  saved.info.epoch = -3;
  saved.info.loss = 0.1;
  saved.info.lr = 1e-300;
  saved.info.optimizer = "adam";
  saved.info.notes = {{"data", "digits"}};
  const CheckpointInfo written = save_checkpoint(file, saved);

  const Checkpoint loaded = load_checkpoint(file);
  const auto same = [](const NamedTensors& got, const NamedTensors& wanted) {
    REQUIRE(got.size() == wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      CHECK(got[i].first == wanted[i].first);
      CHECK(identical(got[i].second, wanted[i].second));
    }
  };
  same(loaded.model, saved.model);
  REQUIRE(loaded.parts.size() == 2);
  same(loaded.parts.at("optimizer"), saved.parts["optimizer"]);
  same(loaded.parts.at("generator"), saved.parts["generator"]);
  for (const CheckpointInfo& info : {loaded.info, load_checkpoint_info(file)}) {
    CHECK(info.epoch == -3);
    CHECK(info.loss == 0.1);
    CHECK(info.lr == 1e-300);
    CHECK(info.optimizer == "adam");
    CHECK(info.time.size() == 20);
    CHECK(info.time == written.time);
    CHECK(info.notes == saved.info.notes);
  }
  // It is a safetensors file, and any of these is a checkpoint.
  CHECK(written.optimizer == "adam");
  CHECK(written.notes == saved.info.notes);
  CHECK(load_safetensors(file).tensors[3].first == "generator..state");
  save_safetensors(file, {{"x", ones({2})}});
  CHECK(load_checkpoint(file).model.size() == 1);
  CHECK(load_checkpoint_info(file).epoch == 0);
  CHECK(load_checkpoint_info(file).notes.empty());

  // Numbers that are none, and losses that are not finite.
  for (const auto& [text, loss] : {std::pair{"", 0.0}, std::pair{"inf", HUGE_VAL}, std::pair{"-1.5", -1.5}}) {
    save_safetensors(file, {}, {{"loss", text}});
    CHECK(load_checkpoint_info(file).loss == loss);
  }
  for (const char* text : {"x", "1.5 ", "1,5", "0x"}) {
    save_safetensors(file, {}, {{"loss", text}});
    CHECK_THROWS_WITH_AS(load_checkpoint_info(file), doctest::Contains("loss"), FileError);
  }
  save_safetensors(file, {}, {{"epoch", "1.5"}});
  CHECK_THROWS_WITH_AS(load_checkpoint(file), doctest::Contains("epoch"), FileError);
}

TEST_CASE("checkpoint: names that could not be told apart are refused") {
  const Scratch scratch;
  const auto file = scratch.where / "c.safetensors";
  const NamedTensors x{{"x", ones({1})}};
  CHECK_THROWS_AS(save_checkpoint(file, {.model = {{"a..b", ones({1})}}}), Error);
  CHECK_THROWS_AS(save_checkpoint(file, {.parts = {{"", x}}}), Error);
  CHECK_THROWS_AS(save_checkpoint(file, {.parts = {{"a.b", x}}}), Error);
  CHECK_THROWS_AS(save_checkpoint(file, {.parts = {{"a", {{".b", ones({1})}}}}}), Error);
  CheckpointInfo info;
  info.notes = {{"loss", "much"}};
  CHECK_THROWS_WITH_AS(save_checkpoint(file, {.model = x, .info = info}), doctest::Contains("\"loss\""),
                       Error);
  CHECK(std::filesystem::is_empty(scratch.where));
}

TEST_CASE("checkpoint: restore changes all tensors or none") {
  const Tensor weight = zeros({2, 3}).requires_grad_(), bias = zeros({2}, float64), count = zeros({}, int64);
  const NamedTensors targets{{"weight", weight}, {"bias", bias}, {"count", count}};
  const Tensor values = arange(6, float64).reshape({2, 3});
  restore(targets, {{"count", scalar_tensor(4, int64)}, {"weight", values}, {"bias", tensor({1.5, 2})}});
  CHECK(identical(weight.detach(), values.to(float32)));
  CHECK(weight.is_leaf());
  CHECK(weight.requires_grad());
  CHECK(identical(bias, tensor({1.5, 2}, float64)));
  CHECK(count.item<int>() == 4);

  const auto version = bias.storage()->version();
  const NamedTensors ones_of{{"weight", ones({2, 3})}, {"bias", ones({2})}, {"count", ones({})}};
  const auto with = [&](std::size_t i, const char* name, const Tensor& x) {
    NamedTensors state = ones_of;
    state[i] = {name, x};
    return state;
  };
  CHECK_THROWS_WITH_AS(restore(targets, with(2, "other", ones({}))), doctest::Contains("\"count\""), Error);
  CHECK_THROWS_WITH_AS(restore(targets, with(2, "count", ones({1}))), doctest::Contains("\"count\""),
                       ShapeError);
  CHECK_THROWS_AS(restore(targets, with(1, "bias", ones({2}, complex64))), DTypeError);
  NamedTensors more = ones_of;
  more.emplace_back("extra", ones({1}));
  CHECK_THROWS_WITH_AS(restore(targets, more), doctest::Contains("\"extra\""), Error);
  const double fixed[] = {0};
  NamedTensors unwritable = targets;
  unwritable[2].second = from_blob(fixed, {}, float64);
  CHECK_THROWS_AS(restore(unwritable, ones_of), Error);
  unwritable[2].second = zeros({}).expand({3});
  CHECK_THROWS_AS(restore(unwritable, with(2, "count", ones({3}))), ShapeError);
  CHECK_THROWS_WITH_AS(restore(targets, with(1, "bias", Tensor())), doctest::Contains("\"bias\""), Error);
  CHECK_THROWS_WITH_AS(restore(targets, with(1, "weight", ones({2, 3}))), doctest::Contains("\"weight\""),
                       Error);
  NamedTensors repeated = targets;
  repeated.push_back(targets[0]);
  CHECK_THROWS_WITH_AS(restore(repeated, ones_of), doctest::Contains("\"weight\" was given twice"), Error);
  repeated.back() = {"none", Tensor()};
  more.back().first = "none";
  CHECK_THROWS_WITH_AS(restore(repeated, more), doctest::Contains("\"none\" is an undefined"), Error);
  more.back().first = "extra";
  CHECK_THROWS_WITH_AS(restore(targets, more, {.operation = "load"}), doctest::Contains("load: "), Error);
  CHECK(identical(bias, tensor({1.5, 2}, float64)));
  CHECK(bias.storage()->version() == version);
  CHECK(count.item<int>() == 4);

  restore(targets, more, {.strict = false});
  CHECK(count.item<int>() == 1);
  // States that share memory with the targets.
  const Tensor a = zeros({2}), b = ones({2});
  restore({{"a", a}, {"b", b}}, {{"a", b}, {"b", a}});
  CHECK(identical(a, ones({2})));
  CHECK(identical(b, zeros({2})));
}

}  // namespace wick::test
