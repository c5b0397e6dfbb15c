#pragma once
#include <cstdint>
#include <optional>

#include "chat/ports/password_hasher.hpp"

namespace adapters::crypto {

/// Argon2id (libsodium), one lane. The defaults are those of docs/security.md §1: 64 MiB and 3 passes, about 0.15 s.
struct Argon2Parameters {
  std::uint32_t memory_kib = 64 * 1024;  // at least 8
  std::uint32_t passes = 3;
};

/// The work that checking a password against `phc` lacks to that of a hash of `today`: all of it where the string is no
/// Argon2id hash of ours, which is refused unseen. Work is memory times passes; nullopt: it lacks nothing worth doing.
[[nodiscard]] std::optional<Argon2Parameters> lacking_work(const Argon2Parameters& today, std::string_view phc);

class Argon2Hasher final : public chat::PasswordHasher {
 public:
  explicit Argon2Hasher(Argon2Parameters parameters = {});
  [[nodiscard]] std::string hash(std::string_view password) override;
  [[nodiscard]] bool verify(std::string_view password, std::string_view phc) override;
  [[nodiscard]] bool outdated(std::string_view phc) const override;

 private:
  const Argon2Parameters parameters_;
};

}  // namespace adapters::crypto
