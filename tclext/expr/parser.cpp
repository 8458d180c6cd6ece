#include "tclext/expr/parser.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "tclext/expr/callee.h"
#include "wick/core/dtype.h"

namespace expr {

using binding::new_text;
using Kind = Node::Kind;

namespace {

constexpr int max_nesting = 250;

// Counts a level of parentheses and the like for a block.
class Nested {
 public:
  Nested(int& level, std::size_t at) : level_(level) {
    if (++level_ > max_nesting)
      throw SyntaxError(at, "nested too deeply, more than " + std::to_string(max_nesting) + " levels");
  }
  ~Nested() { --level_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  int& level_;
};

// What a bare name means where there is no such variable.
ObjRef constant_of(std::string_view name) {
  if (name == "pi") return ObjRef(Tcl_NewDoubleObj(std::numbers::pi));
  if (name == "inf") return ObjRef(Tcl_NewDoubleObj(HUGE_VAL));
  if (name == "nan") return ObjRef(Tcl_NewDoubleObj(std::nan("")));
  if (name == "true" || name == "True") return ObjRef(new_text("true"));
  if (name == "false" || name == "False") return ObjRef(new_text("false"));
  if (wick::dtype_by_name(name)) return ObjRef(new_text(name));
  return ObjRef();
}

bool substitutes(std::string_view text) { return text.find_first_of("$[\\") != text.npos; }

bool is_plain_decimal(std::string_view digits) {
  return digits.size() < 18 && digits.find_first_not_of("0123456789") == digits.npos &&
         (digits.size() == 1 || digits[0] != '0');
}

}  // namespace

NodeIndex Parser::parse() {
  if (token().kind == Token::Kind::End) throw SyntaxError(0, "the formula is empty");
  const NodeIndex whole = assignment();
  if (token().kind != Token::Kind::End) unexpected("an operator");
  return whole;
}

void Parser::unexpected(const char* wanted) const {
  const Token& found = token();
  if (found.kind == Token::Kind::End)
    throw SyntaxError(found.at, std::string("the formula ends where ") + wanted + " is expected");
  if (found.is("="))
    throw SyntaxError(found.at, "only a variable or a part of one can be assigned to, alone");
  throw SyntaxError(found.at, std::string(wanted) + " is expected here");
}

bool Parser::take(std::string_view symbol) {
  if (!token().is(symbol)) return false;
  lexer_.advance();
  return true;
}

void Parser::expect(std::string_view symbol, const char* what) {
  if (!take(symbol)) unexpected(what);
}

NodeIndex Parser::add(Node made) {
  describe(made);
  if (made.depth > max_depth)
    throw SyntaxError(made.at, "nested too deeply, more than " + std::to_string(max_depth) + " levels");
  if (nodes_.size() >= static_cast<std::size_t>(std::numeric_limits<NodeIndex>::max()))
    throw SyntaxError(made.at, "the formula is too long");
  nodes_.push_back(std::move(made));
  const auto index = static_cast<NodeIndex>(nodes_.size() - 1);
  link_chain(index);
  return index;
}

void Parser::link_chain(NodeIndex index) {
  Node& made = node(index);
  if (made.kind != Kind::Binary) return;
  Node& left = node(made.a);
  made.first = left.kind == Kind::Binary ? left.first : index;
  if (left.kind == Kind::Binary) left.next = index;
}

// Depth and chains.
void Parser::describe(Node& made) const {
  int below = 0;
  bool quiet =
      made.kind != Kind::Call && made.kind != Kind::Text && made.kind != Kind::Assign && !made.substitutes;
  const auto look = [&](NodeIndex child, bool deeper) {
    if (child == none) return;
    below = std::max<int>(below, node(child).depth + (deeper ? 1 : 0));
    quiet = quiet && node(child).quiet;
  };
  // The evaluation of left operands does not go deeper.
  look(made.a, !(made.kind == Kind::Binary && node(made.a).kind == Kind::Binary));
  look(made.b, true);
  look(made.c, true);
  for (const Argument& argument : made.arguments) look(argument.value, true);
  for (const Index& part : made.indices) {
    for (const NodeIndex child : {part.value, part.start, part.stop, part.step}) look(child, true);
  }
  made.depth = static_cast<std::uint16_t>(std::min(below, 60000));
  made.quiet = quiet;
  describe_chain(made);
}

// A chain is made of operations on elements whose operands call nothing: they can be read first.
void Parser::describe_chain(Node& made) const {
  NodeIndex operands[2] = {none, none};
  if (made.kind == Kind::Unary && operator_of(made.op).fused_one) {
    operands[0] = made.a;
  } else if (made.kind == Kind::Binary && operator_of(made.op).fused_two) {
    operands[0] = made.a;
    operands[1] = made.b;
  } else if (made.kind == Kind::Call && made.callee.direct &&
             (made.callee.direct->fused_one || made.callee.direct->fused_two)) {
    made.quiet = true;
    for (std::size_t i = 0; i < made.arguments.size(); ++i) {
      operands[i] = made.arguments[i].value;
      made.quiet = made.quiet && node(operands[i]).quiet;
    }
  }
  if (operands[0] == none || !made.quiet) return;
  int operations = 1, leaves = 0;
  for (const NodeIndex operand : operands) {
    if (operand == none) continue;
    // One that has become too long does not begin anew: that would nest as deeply as the formula is long.
    const Node& below = node(operand);
    if (below.kind == Kind::Binary && below.fused == 0 && operator_of(below.op).fused_two) return;
    operations += node(operand).fused;
    leaves += std::max<int>(node(operand).leaves, 1);
  }
  if (operations > max_operations || leaves > max_leaves) return;
  made.fused = static_cast<std::uint8_t>(operations);
  made.leaves = static_cast<std::uint8_t>(leaves);
}

NodeIndex Parser::assignment() {
  const NodeIndex target = expression();
  const Token sign = token();
  constexpr std::pair<std::string_view, Op> signs[] = {
      {"=", Op::Equal}, {"+=", Op::Add}, {"-=", Op::Sub}, {"*=", Op::Mul}, {"/=", Op::Div}};
  for (const auto& [symbol, op] : signs) {
    if (!sign.is(symbol)) continue;
    check_target(target, sign);
    lexer_.advance();
    Node made{.kind = Kind::Assign, .op = op, .at = static_cast<Place>(sign.at), .a = target};
    made.b = assignment_value();
    if (op != Op::Equal) made.word = ObjRef(new_text(operator_of(op).command));
    return add(std::move(made));
  }
  return target;
}

NodeIndex Parser::assignment_value() {
  const Nested level(nesting_, token().at);
  return assignment();
}

void Parser::check_target(NodeIndex index, const Token& sign) {
  Node& target = node(index);
  // name(key) is an element of an array.
  if (target.kind == Kind::Call && target.callee.array.get()) {
    const Callee callee = target.callee;
    target = Node{.kind = Kind::Variable,
                  .substitutes = substitutes(binding::text_of(callee.key.get())),
                  .at = target.at,
                  .word = callee.array,
                  .key = callee.key};
  }
  const bool fits =
      (target.kind == Kind::Variable || target.kind == Kind::Subscript) && !target.parenthesized;
  if (!fits) throw SyntaxError(sign.at, "only a variable or a part of one, such as a[0], can be assigned to");
}

NodeIndex Parser::expression() {
  const Nested level(nesting_, token().at);
  const NodeIndex condition = binary(1);
  const Place at = here();
  if (!take("?")) return condition;
  Node made{.kind = Kind::Choice, .at = at, .a = condition};
  made.b = expression();
  expect(":", "the : of ?:");
  made.c = expression();
  return add(std::move(made));
}

const Operator* Parser::operator_here() const {
  const Token& found = token();
  // Some are words, such as eq.
  const bool may_be = found.kind == Token::Kind::Symbol || found.kind == Token::Kind::Name;
  return may_be ? binary_operator(found.text) : nullptr;
}

void Parser::refuse_chain(NodeIndex operand) const {
  const Node& found = node(operand);
  if (found.kind == Kind::Binary && is_comparison(found.op) && !found.parenthesized)
    throw SyntaxError(token().at, "comparisons do not chain: write a < b && b < c, or parentheses");
}

NodeIndex Parser::binary(int level) {
  NodeIndex left = unary();
  for (const Operator* found = operator_here(); found && found->level >= level; found = operator_here()) {
    if (is_comparison(found->op)) refuse_chain(left);
    const Place at = here();
    lexer_.advance();
    const Nested deeper(nesting_, at);
    Node made{.kind = Kind::Binary, .op = found->op, .at = at, .a = left};
    // ** groups from the right.
    made.b = binary(found->op == Op::Pow ? found->level : found->level + 1);
    if (is_comparison(found->op)) refuse_chain(made.b);
    if (found->command) made.word = ObjRef(new_text(found->command));
    left = add(std::move(made));
  }
  return left;
}

NodeIndex Parser::unary() {
  constexpr std::pair<std::string_view, Op> signs[] = {
      {"-", Op::Negate}, {"+", Op::Plus}, {"!", Op::Not}, {"~", Op::BitNot}};
  for (const auto& [symbol, op] : signs) {
    const Place at = here();
    if (!take(symbol)) continue;
    const Nested level(nesting_, at);
    Node made{.kind = Kind::Unary, .op = op, .at = at, .a = unary()};
    made.word = ObjRef(new_text(operator_of(op).command));
    return add(std::move(made));
  }
  return postfix();
}

NodeIndex Parser::postfix() {
  NodeIndex value = primary();
  for (;;) {
    const Place at = here();
    if (take("'")) {
      value = add(Node{.kind = Kind::Transpose, .at = at, .a = value});
    } else if (token().is("[")) {
      value = subscript(value);
    } else {
      return value;
    }
  }
}

NodeIndex Parser::primary() {
  switch (token().kind) {
    case Token::Kind::Number:
      return number();
    case Token::Kind::Name:
      return name();
    case Token::Kind::Variable:
      return variable();
    case Token::Kind::String:
    case Token::Kind::Braces:
      return text();
    default:
      break;
  }
  if (token().is("[")) return list();
  if (!take("(")) unexpected("a value");
  const NodeIndex inner = expression();
  expect(")", "a closing parenthesis");
  node(inner).parenthesized = true;
  return inner;
}

// As Tcl reads it.
NodeIndex Parser::number() {
  const Token found = token();
  lexer_.advance();
  Node made{.at = static_cast<Place>(found.at)};
  const ObjRef text(new_text(found.text));
  if (is_plain_decimal(found.text)) {
    Tcl_WideInt whole = 0;
    Tcl_GetWideIntFromObj(nullptr, text.get(), &whole);
    made.word = ObjRef(Tcl_NewWideIntObj(whole));
    return add(std::move(made));
  }
  Tcl_Obj* value = nullptr;
  if (Tcl_ExprObj(interp_, text.get(), &value) != TCL_OK) {
    Tcl_ResetResult(interp_);
    throw SyntaxError(found.at, "no number is written so");
  }
  made.word = ObjRef(value);
  Tcl_DecrRefCount(value);
  return add(std::move(made));
}

NodeIndex Parser::name() {
  const Token found = token();
  lexer_.advance();
  if (token().is("(")) return call(found);
  Node made{.kind = Kind::Variable, .bare = true, .at = static_cast<Place>(found.at)};
  made.word = ObjRef(new_text(found.text));
  made.constant = constant_of(found.text);
  return add(std::move(made));
}

NodeIndex Parser::variable() {
  const Token found = token();
  lexer_.advance();
  Node made{.kind = Kind::Variable, .at = static_cast<Place>(found.at)};
  made.word = ObjRef(new_text(found.text));
  if (found.has_key) {
    made.key = ObjRef(new_text(found.key));
    made.substitutes = substitutes(found.key);
  }
  return add(std::move(made));
}

NodeIndex Parser::text() {
  const Token found = token();
  lexer_.advance();
  const bool quoted = found.kind == Token::Kind::String;
  Node made{.kind = quoted && substitutes(found.text) ? Kind::Text : Kind::Literal,
            .at = static_cast<Place>(found.at)};
  made.word = ObjRef(new_text(found.text));
  return add(std::move(made));
}

NodeIndex Parser::list() {
  Node made{.kind = Kind::List, .at = here()};
  lexer_.advance();
  if (!take("]")) {
    do {
      made.arguments.push_back({ObjRef(), expression()});
    } while (take(","));
    if (!take("]")) unexpected("a comma or ] (a list is written [1, 2], a call of a command as f(x))");
  }
  return add(std::move(made));
}

NodeIndex Parser::call(const Token& name) {
  Node made{.kind = Kind::Call, .at = static_cast<Place>(name.at)};
  const std::size_t open = token().end;
  lexer_.advance();
  if (!token().is(")")) {
    do {
      Argument argument;
      if (token().kind == Token::Kind::Name && lexer_.following().is("=")) {
        argument.option = ObjRef(new_text("-" + std::string(token().text)));
        lexer_.advance();
        lexer_.advance();
      } else if (!made.arguments.empty() && made.arguments.back().option.get()) {
        throw SyntaxError(token().at, "an argument without a name follows one with a name");
      }
      argument.value = expression();
      made.arguments.push_back(std::move(argument));
    } while (take(","));
  }
  const std::size_t close = token().at;
  expect(")", "a comma or a closing parenthesis");
  made.callee = find_callee(name.text, lexer_.text().substr(open, close - open), made.arguments);
  return add(std::move(made));
}

NodeIndex Parser::subscript(NodeIndex of) {
  Node made{.kind = Kind::Subscript, .at = here(), .a = of};
  lexer_.advance();
  if (token().is("]")) throw SyntaxError(token().at, "an index is expected here");
  do {
    made.indices.push_back(index());
  } while (take(",") && !token().is("]"));
  expect("]", "a comma or a closing bracket");
  return add(std::move(made));
}

NodeIndex Parser::bound() {
  const bool absent = token().is(":") || token().is(",") || token().is("]");
  return absent ? none : expression();
}

Index Parser::index() {
  Index made{.at = here()};
  if (take("...")) {
    made.kind = Index::Kind::Ellipsis;
    return made;
  }
  if (token().kind == Token::Kind::Name && (token().text == "None" || token().text == "newaxis")) {
    const Token after = lexer_.following();
    if (after.is(",") || after.is("]")) {
      lexer_.advance();
      made.kind = Index::Kind::NewAxis;
      return made;
    }
  }
  made.value = bound();
  if (!take(":")) {
    if (made.value == none) unexpected("an index");
    return made;
  }
  made.kind = Index::Kind::Slice;
  made.start = std::exchange(made.value, none);
  made.stop = bound();
  if (take(":")) made.step = bound();
  return made;
}

}  // namespace expr
