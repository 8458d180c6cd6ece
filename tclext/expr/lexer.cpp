#include "tclext/expr/lexer.h"

#include <algorithm>
#include <cctype>
#include <climits>

#include "tclext/binding/tclapi.h"

namespace expr {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Letters of other alphabets are bytes above 127.
bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) > 127;
}
bool is_blank(char c) { return c != '\0' && std::isspace(static_cast<unsigned char>(c)); }

// Longer ones first.
constexpr std::string_view symbols[] = {
    "...", "**", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=", "/=", "+", "-", "*", "/",
    "%",   "@",  "<",  ">",  "!",  "~",  "&",  "|",  "^",  "?",  ":",  "=",  "(",  ")",  "[", "]", ",", "'"};

}  // namespace

void Lexer::advance() { token_ = read(); }

Token Lexer::following() const {
  Lexer ahead = *this;
  ahead.advance();
  return ahead.token_;
}

Token Lexer::token_from(Token::Kind kind, std::size_t start, std::size_t end) const {
  return {kind, start, end, text_.substr(start, end - start), {}, false};
}

void Lexer::skip_blanks() {
  while (is_blank(byte()) || (byte() == '\\' && byte(1) == '\n')) ++at_;
}

Token Lexer::read() {
  skip_blanks();
  if (at_ >= text_.size()) return token_from(Token::Kind::End, text_.size(), text_.size());
  const char c = byte();
  if (is_digit(c) || (c == '.' && is_digit(byte(1)))) return number();
  if (is_letter(c) || (c == ':' && byte(1) == ':' && is_letter(byte(2)))) return name();
  if (c == '$') return variable();
  if (c == '"') return quoted();
  if (c == '{') return braces();
  return symbol();
}

// As Tcl's numbers are written: 12, 0x1f, 0b101, 0o17, 1.5, 1., .5, 1e-3.
Token Lexer::number() {
  const std::size_t start = at_;
  const char base = static_cast<char>(std::tolower(static_cast<unsigned char>(byte(1))));
  if (byte() == '0' && (base == 'x' || base == 'b' || base == 'o')) {
    at_ += 2;
    while (std::isxdigit(static_cast<unsigned char>(byte()))) ++at_;
  } else {
    while (is_digit(byte())) ++at_;
    if (byte() == '.' && !(byte(1) == '.' && byte(2) == '.')) {
      ++at_;
      while (is_digit(byte())) ++at_;
    }
    if (byte() == 'e' || byte() == 'E') {
      const std::size_t sign = byte(1) == '+' || byte(1) == '-' ? 2 : 1;
      if (is_digit(byte(sign))) {
        at_ += sign;
        while (is_digit(byte())) ++at_;
      }
    }
  }
  if (is_letter(byte())) throw SyntaxError(at_, "a letter follows the number");
  return token_from(Token::Kind::Number, start, at_);
}

Token Lexer::name() {
  const std::size_t start = at_;
  for (;;) {
    if (is_letter(byte()) || is_digit(byte())) {
      ++at_;
    } else if (byte() == ':' && byte(1) == ':' && is_letter(byte(2))) {
      at_ += 2;
    } else {
      return token_from(Token::Kind::Name, start, at_);
    }
  }
}

// Tcl's own rules.
Token Lexer::variable() {
  const std::size_t start = at_;
  const auto left = static_cast<Tcl_Size>(std::min<std::size_t>(text_.size() - at_, INT_MAX));
  Tcl_Parse parse;
  if (Tcl_ParseVarName(nullptr, text_.data() + at_, left, &parse, 0) != TCL_OK)
    throw SyntaxError(start, "the variable's name or key has no end");
  const Tcl_Token all = parse.tokenPtr[0];
  if (all.type != TCL_TOKEN_VARIABLE) {
    Tcl_FreeParse(&parse);
    throw SyntaxError(start, "no variable's name follows the $");
  }
  at_ += static_cast<std::size_t>(all.size);
  Token token = token_from(Token::Kind::Variable, start, at_);
  const Tcl_Token name = parse.tokenPtr[1];
  token.text = {name.start, static_cast<std::size_t>(name.size)};
  if (all.numComponents > 1) {
    const char* key = name.start + name.size + 1;
    token.key = {key, static_cast<std::size_t>(all.start + all.size - 1 - key)};
    token.has_key = true;
  }
  Tcl_FreeParse(&parse);
  return token;
}

Token Lexer::quoted() {
  const std::size_t start = at_++;
  while (at_ < text_.size() && byte() != '"') at_ += byte() == '\\' && at_ + 1 < text_.size() ? 2 : 1;
  if (at_ >= text_.size()) throw SyntaxError(start, "the text has no closing quotation mark");
  ++at_;
  Token token = token_from(Token::Kind::String, start, at_);
  token.text = text_.substr(start + 1, at_ - start - 2);
  return token;
}

Token Lexer::braces() {
  const std::size_t start = at_;
  int depth = 0;
  for (; at_ < text_.size(); ++at_) {
    if (byte() == '\\' && at_ + 1 < text_.size()) {
      ++at_;
    } else if (byte() == '{') {
      ++depth;
    } else if (byte() == '}' && --depth == 0) {
      ++at_;
      Token token = token_from(Token::Kind::Braces, start, at_);
      token.text = text_.substr(start + 1, at_ - start - 2);
      return token;
    }
  }
  throw SyntaxError(start, "the list has no closing brace");
}

Token Lexer::symbol() {
  for (const std::string_view symbol : symbols) {
    if (text_.substr(at_).starts_with(symbol)) {
      at_ += symbol.size();
      return token_from(Token::Kind::Symbol, at_ - symbol.size(), at_);
    }
  }
  throw SyntaxError(at_, "a character that means nothing in a formula");
}

}  // namespace expr
