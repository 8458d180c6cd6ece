#include <cstdlib>
#include <random>

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

// Bytes of the header and of the data changed, left out and added, and all parts put back.
// WICK_CHECKPOINT_FUZZ is the number of files.
TEST_CASE("checkpoint: damaged files give errors, or another state") {
  const char* asked = std::getenv("WICK_CHECKPOINT_FUZZ");
  const int count = asked ? std::atoi(asked) : 5000;
  const Scratch scratch;
  const auto file = scratch.where / "damaged";
  nn::Linear layer(3, 2);
  const auto adam = nn::make<optim::Adam>(layer.parameters(), optim::AdamOptions{.amsgrad = true});
  optim::StepLR schedule(adam, 2, 0.5);
  sum(layer(randn({4, 3}))).backward();
  adam->step();
  schedule.step();
  Generator generator(3);
  Checkpoint saved{.model = layer.state_dict()};
  saved.parts = {{"optimizer", adam->state_dict()},
                 {"scheduler", schedule.state_dict()},
                 {"generator", {{"state", get_rng_state(generator)}}}};
  saved.info = {.epoch = 12, .loss = 0.25, .lr = 1e-3, .optimizer = "adam", .notes = {{"data", "digits"}}};
  save_checkpoint(file, saved);
  const std::string whole = contents(file);
  const std::size_t header_end =
      8 + static_cast<unsigned char>(whole[0]) + std::size_t{256} * static_cast<unsigned char>(whole[1]);
  std::mt19937 random(7);
  int refused = 0;
  for (int i = 0; i < count; ++i) {
    // By turns anything, the header with its length made right, and data of the right length.
    std::string bytes;
    if (i % 3 == 0) {
      bytes = damaged(whole, random);
    } else if (i % 3 == 1) {
      const std::string header = damaged(whole.substr(8, header_end - 8), random);
      for (int b = 0; b < 8; ++b) bytes += static_cast<char>(header.size() >> 8 * b);
      bytes += header + whole.substr(header_end);
    } else {
      bytes = whole;
      for (int changes = 0; changes < 4; ++changes)
        bytes[header_end + random() % (bytes.size() - header_end)] = static_cast<char>(random());
    }
    put(file, bytes);
    const auto attempt = [&](const auto& action) {
      try {
        action();
      } catch (const Error&) {
        ++refused;
      }
    };
    attempt([&] { load_checkpoint_info(file); });
    attempt([&] {
      const Checkpoint loaded = load_checkpoint(file);
      attempt([&] { layer.load_state_dict(loaded.model); });
      for (const auto& [part, state] : loaded.parts) {
        attempt([&] {
          if (part == "scheduler") {
            schedule.load_state_dict(state);
          } else if (part == "generator") {
            set_rng_state(state.at(0).second, generator);
          } else {
            adam->load_state_dict(state);
          }
        });
      }
    });
    // Whatever has been put back can be gone on with.
    attempt([&] { adam->step(); });
    attempt([&] { schedule.step(); });
  }
  CHECK(refused > count / 2);
  CHECK(refused < 3 * count);
}

}  // namespace wick::test
