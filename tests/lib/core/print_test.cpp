#include <sstream>

#include "reference.h"

namespace wick::test {

TEST_CASE("print: PyTorch's text") {
  each_text("print.txt", [](const Arguments& arguments, const std::string& text) {
    const Tensor x = arguments[0].tensor.detach();
    x.requires_grad_(arguments[1].flag());
    CHECK_MESSAGE(to_string(x) == text, "wanted\n" << text << "\ngot\n" << to_string(x));
  });
}

TEST_CASE("print: the stream operator") {
  std::ostringstream out;
  out << tensor({1, 2.5});
  CHECK(out.str() == "tensor([1.0000, 2.5000])");
}

TEST_CASE("print: a result is marked as one") {
  const Tensor x = ones({2}).requires_grad_();
  CHECK(to_string(x * 2).starts_with("tensor([2., 2.], grad_fn="));
  CHECK(to_string((x * 2).detach()) == "tensor([2., 2.])");
}

TEST_CASE("print: an undefined tensor has a text too") { CHECK_FALSE(to_string(Tensor()).empty()); }

TEST_CASE("print: a view of absurd size is summarized") {
  const std::string text = to_string(ones({1}).expand({std::int64_t{1} << 50}));
  CHECK(text == "tensor([1., 1., 1.,  ..., 1., 1., 1.])");
}

}  // namespace wick::test
