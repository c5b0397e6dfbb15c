#pragma once
// VapidTokens: the Authorization header by which a push service knows this server (RFC 8292), one per origin, kept
// until shortly before it ends: signing for each push would cost more than all else about it.

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"

namespace adapters::webpush {

struct VapidIdentity {
  std::string public_key;                             // uncompressed point, 65 bytes
  std::function<std::string(std::string_view)> sign;  // ES256: r ‖ s, 64 bytes; any thread
  std::string subject;                                // mailto: or https:, whom the service may write to
};

/// Of `push.webpush_subject`: RFC 8292 §2.1, and what fits into a JSON text unescaped.
[[nodiscard]] bool is_subject(std::string_view subject);

class VapidTokens {
 public:
  VapidTokens(VapidIdentity identity, const base::Clock& clock);
  /// "vapid t=…, k=…". Any thread.
  [[nodiscard]] std::string authorization(const std::string& origin);
  /// The service did not like it: the next one is made anew.
  void forget(const std::string& origin);
  [[nodiscard]] std::size_t kept();

 private:
  struct Header {
    std::string value;
    base::WallTime made{};
  };
  [[nodiscard]] std::string make(const std::string& origin, base::WallTime now) const;

  const VapidIdentity identity_;
  const base::Clock& clock_;
  std::mutex mutex_;  // guards headers_
  std::unordered_map<std::string, Header> headers_;
};

}  // namespace adapters::webpush
