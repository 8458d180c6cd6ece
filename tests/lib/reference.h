#pragma once

#include <functional>
#include <map>
#include <string>

#include "support.h"

// Cases computed by PyTorch, see ../reference/make_reference.py for the files' format.

namespace wick::test {

struct Argument {
  Tensor tensor;     // defined when the argument is one
  std::string text;  // as it stands in the file

  std::int64_t whole() const;
  double real() const;
  bool flag() const { return text == "True"; }
  Scalar number() const;  // bool, whole, floating or complex as written
  Dims list() const;
  DType dtype() const;
};
using Arguments = std::vector<Argument>;

// What each name in the files stands for.
using Operation = Tensors (*)(const Arguments&);
using Operations = std::map<std::string, Operation>;
const Operations& operations();

// A table of a test file's own, which is also entered among all operations.
Operations registered(Operations table);
const Operations& all_operations();

// Runs every case of the file, of the test data unless the path is absolute, and compares; a failure names
// the line.
void check_reference(const std::string& file, const Operations& operations = test::operations());

// Runs the file's cases with operands that lie in memory in ways of their own, and compares with dense ones.
void check_layouts(const std::string& file, const Operations& operations);

// Calls f for every case of the file of texts.
void each_text(const std::string& file,
               const std::function<void(const Arguments&, const std::string& text)>& f);

}  // namespace wick::test
