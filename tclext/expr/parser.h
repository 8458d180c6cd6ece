#pragma once

#include "tclext/expr/lexer.h"
#include "tclext/expr/program.h"

namespace expr {

// Makes a formula's nodes. From loosely to closely bound, as in Tcl's expr:
//
//   = += -= *= /=    ?:    ||    &&    |    ^    &    eq ne in ni    == !=    < <= > >=    << >>    + -
//   * / % @    **    - + ! ~ of one operand    ' and [...]
class Parser {
 public:
  Parser(Tcl_Interp* interp, const std::string& text, std::vector<Node>& nodes)
      : interp_(interp), lexer_(text), nodes_(nodes) {}
  // The node of the whole formula.
  NodeIndex parse();

 private:
  NodeIndex assignment();
  NodeIndex assignment_value();
  NodeIndex expression();  // without assignments
  NodeIndex binary(int level);
  NodeIndex unary();
  NodeIndex postfix();
  NodeIndex primary();
  NodeIndex number();
  NodeIndex name();
  NodeIndex variable();
  NodeIndex text();
  NodeIndex list();
  NodeIndex call(const Token& name);
  NodeIndex subscript(NodeIndex of);
  Index index();
  NodeIndex bound();

  const Operator* operator_here() const;
  void refuse_chain(NodeIndex operand) const;
  void check_target(NodeIndex target, const Token& sign);
  // Adds a node and finds out what there is to know of it.
  NodeIndex add(Node node);
  void describe(Node& node) const;
  void describe_chain(Node& node) const;
  void link_chain(NodeIndex index);

  Node& node(NodeIndex index) { return nodes_[static_cast<std::size_t>(index)]; }
  const Node& node(NodeIndex index) const { return nodes_[static_cast<std::size_t>(index)]; }
  const Token& token() const { return lexer_.token(); }
  Place here() const { return static_cast<Place>(token().at); }
  bool take(std::string_view symbol);
  void expect(std::string_view symbol, const char* what);
  [[noreturn]] void unexpected(const char* wanted) const;

  Tcl_Interp* interp_;
  Lexer lexer_;
  std::vector<Node>& nodes_;
  int nesting_ = 0;
};

}  // namespace expr
