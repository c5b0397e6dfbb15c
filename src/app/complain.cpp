#include <iostream>

#include "app/commands.hpp"

namespace app {
namespace {

/// What was typed is quoted in complaints: it must neither make two lines of one nor speak to the terminal.
std::string without_control_characters(const std::string& text) {
  constexpr char kFirstPrintable = ' ';
  constexpr char kDelete = 0x7f;
  constexpr const char* kDigits = "0123456789abcdef";
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= kFirstPrintable && c != kDelete) {
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else {
      line += {'\\', 'x', kDigits[byte / 16], kDigits[byte % 16]};
    }
  }
  return line;
}

}  // namespace

int complain(const std::string& what, int status) {
  std::cerr << "restante: " << without_control_characters(what) << "\n";
  return status;
}

}  // namespace app
