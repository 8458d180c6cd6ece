#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tclext/binding/command.h"
#include "tclext/expr/operators.h"

// A formula as a tree. The nodes stand in one list, each after those that it is made of.

namespace expr {

using binding::ObjRef;
using Place = std::uint32_t;  // a position in the formula's text
using NodeIndex = std::int32_t;
inline constexpr NodeIndex none = -1;

// Of a call, an argument; of a list, an element.
struct Argument {
  ObjRef option;  // "-dim" of dim=1, and of one given by position if the called command has names for it
  NodeIndex value = none;
  int param = -1;  // of the torch:: command that is called, if it is known
};

// What stands between the commas of a[...].
struct Index {
  enum class Kind { Value, Slice, NewAxis, Ellipsis };
  Kind kind = Kind::Value;
  Place at = 0;
  NodeIndex value = none;                            // of Value
  NodeIndex start = none, stop = none, step = none;  // of Slice
};

// The function that a call names.
struct Callee {
  const Function* direct = nullptr;           // a function of the library
  const binding::Binding* command = nullptr;  // a torch:: command
  ObjRef prefix;                              // what is called: the command, else the name as it was written
  ObjRef math;                                // Tcl's function of numbers
  bool is_math = false;                       // known to be one of Tcl's own, for so many numbers
  ObjRef array, key;                          // name(key) as an element of an array
};

struct Node {
  enum class Kind : std::uint8_t {
    Literal,    // word
    Text,       // word, in which Tcl substitutes
    Variable,   // word and perhaps key
    List,       // arguments
    Unary,      // op a
    Binary,     // a op b
    Choice,     // a ? b : c
    Transpose,  // a'
    Call,       // callee(arguments)
    Subscript,  // a[indices]
    Assign      // a = b, or a op= b where op is not Equal
  };

  Kind kind = Kind::Literal;
  Op op = Op::Equal;
  bool substitutes = false;  // Tcl substitutes in the key
  bool parenthesized = false;
  bool bare = false;        // a variable without a $: may be a constant, or a tensor's name
  std::uint8_t fused = 0;   // how many operations of a chain that can be fused end here
  std::uint8_t leaves = 0;  // operands of the chain
  bool quiet = false;       // evaluating it calls nothing
  std::uint16_t depth = 0;
  Place at = 0;
  NodeIndex a = none, b = none, c = none;
  // Of an operation of two operands: the first of the chain of left operands that ends here, and the next
  // one. So long chains need no recursion.
  NodeIndex first = none, next = none;
  ObjRef word = {};  // the value, the name, or the command of an operator
  ObjRef key = {};
  ObjRef constant = {};  // what a bare name means where there is no such variable
  std::vector<Argument> arguments = {};
  std::vector<Index> indices = {};
  Callee callee = {};
};

inline constexpr int max_depth = 500;      // of the tree
inline constexpr int max_leaves = 16;      // of a chain that is fused
inline constexpr int max_operations = 32;  // of such a chain

class Program {
 public:
  // Throws SyntaxError.
  Program(Tcl_Interp* interp, std::string_view text);

  const std::string& text() const { return text_; }
  const Node& node(NodeIndex index) const { return nodes_[static_cast<std::size_t>(index)]; }
  NodeIndex root() const { return root_; }

  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) delete this;
  }

 private:
  std::string text_;
  std::vector<Node> nodes_;
  NodeIndex root_ = none;
  std::uint32_t references_ = 0;
};

// Keeps a program while it runs: what it calls may make another value of the object that holds it.
class ProgramRef {
 public:
  explicit ProgramRef(Program* program) : program_(program) { program_->retain(); }
  ~ProgramRef() { program_->release(); }
  ProgramRef(const ProgramRef&) = delete;
  ProgramRef& operator=(const ProgramRef&) = delete;
  const Program& operator*() const { return *program_; }

 private:
  Program* program_;
};

// The program of a formula, which the object keeps as long as it is used as one.
Program* program_of(Tcl_Interp* interp, Tcl_Obj* formula);

}  // namespace expr
