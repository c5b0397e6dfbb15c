#pragma once
#include <string>
#include <string_view>

namespace chat {

/// Slow on purpose; callers run it on a bounded pool. Thread-safe.
class PasswordHasher {
 public:
  virtual ~PasswordHasher() = default;
  /// PHC string.
  [[nodiscard]] virtual std::string hash(std::string_view password) = 0;
  /// A "no" takes as long for a string of another make, or of weaker parameters, as for one of today's: the time must
  /// not tell whose account is an old one.
  [[nodiscard]] virtual bool verify(std::string_view password, std::string_view phc) = 0;
  /// True when the stored string was made with weaker parameters than today's.
  [[nodiscard]] virtual bool outdated(std::string_view phc) const = 0;
};

}  // namespace chat
