#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <vector>

namespace seam {

// The number that the whole of `text` is, by the rules of std::from_chars; nothing where it is none.
template <class Number>
requires std::integral<Number> || std::floating_point<Number> std::optional<Number> ParseNumber(
    std::string_view text) {
  Number number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The numbers of a list with `separator` between them; nothing where one of them is none.
template <class Number>
std::optional<std::vector<Number>> ParseNumbers(std::string_view text, char separator = ',') {
  std::vector<Number> numbers;
  while (true) {
    const std::size_t end = text.find(separator);
    const auto number = ParseNumber<Number>(text.substr(0, end));
    if (!number) return std::nullopt;
    numbers.push_back(*number);
    if (end == std::string_view::npos) return numbers;
    text.remove_prefix(end + 1);
  }
}

}  // namespace seam
