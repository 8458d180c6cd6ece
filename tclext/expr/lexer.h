#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

// The words of a formula.

namespace expr {

// A mistake in a formula, and where in its text it is.
struct SyntaxError : std::runtime_error {
  SyntaxError(std::size_t place, const std::string& what) : std::runtime_error(what), at(place) {}
  std::size_t at;
};

struct Token {
  enum class Kind {
    End,
    Number,
    Name,      // a, ns::a, ::ns::a
    Variable,  // $a, ${a}, $a(key): `text` is the name, `key` the key
    String,    // "text": what is between the quotation marks
    Braces,    // {1 2 3}: what is between the braces
    Symbol     // an operator, a bracket, a comma
  };

  Kind kind = Kind::End;
  std::size_t at = 0, end = 0;  // in the formula
  std::string_view text;
  std::string_view key;
  bool has_key = false;

  bool is(std::string_view symbol) const { return kind == Kind::Symbol && text == symbol; }
};

// Reads one token after the other. The text ends with a zero byte.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { advance(); }

  const Token& token() const { return token_; }
  // The one after it.
  Token following() const;
  void advance();
  std::string_view text() const { return text_; }

 private:
  Token read();
  Token number();
  Token name();
  Token variable();
  Token quoted();
  Token braces();
  Token symbol();
  void skip_blanks();
  char byte(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  Token token_from(Token::Kind kind, std::size_t start, std::size_t end) const;

  std::string_view text_;
  std::size_t at_ = 0;
  Token token_;
};

}  // namespace expr
