#include "adapters/webpush/vapid_tokens.hpp"

#include <algorithm>
#include <chrono>

#include "base/hex.hpp"
#include "base/json_writer.hpp"

namespace adapters::webpush {

namespace {

using std::chrono::hours;

constexpr hours kLife{12};  // RFC 8292 §2: at most 24; half of it leaves room for clocks that differ
constexpr hours kKeepFor{11};
constexpr std::size_t kMaxOrigins = 256;  // of the allowed hosts there are a handful; wildcards may add some

}  // namespace

bool is_subject(std::string_view subject) {
  constexpr std::size_t kMost = 256;
  const auto plain = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
  return subject.size() <= kMost && (subject.starts_with("mailto:") || subject.starts_with("https:")) &&
         std::all_of(subject.begin(), subject.end(), plain);
}

VapidTokens::VapidTokens(VapidIdentity identity, const base::Clock& clock)
    : identity_(std::move(identity)), clock_(clock) {}

std::string VapidTokens::authorization(const std::string& origin) {
  const auto now = clock_.wall_now();
  const std::lock_guard lock(mutex_);
  const auto found = headers_.find(origin);
  // A clock that was set back makes one too: the old one would end later than a service allows.
  if (found != headers_.end() && now >= found->second.made && now - found->second.made < kKeepFor) {
    return found->second.value;
  }
  if (headers_.size() >= kMaxOrigins) headers_.clear();
  Header& header = headers_[origin];
  header = {make(origin, now), now};
  return header.value;
}

void VapidTokens::forget(const std::string& origin) {
  const std::lock_guard lock(mutex_);
  headers_.erase(origin);
}

std::size_t VapidTokens::kept() {
  const std::lock_guard lock(mutex_);
  return headers_.size();
}

std::string VapidTokens::make(const std::string& origin, base::WallTime now) const {
  const auto expires = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()) + kLife;
  std::string claims;
  base::JsonWriter json(claims);
  json.begin_object()
      .member("aud", origin)
      .member("exp", expires.count())
      .member("sub", identity_.subject)
      .end_object();
  const std::string text = base::to_base64url(R"({"typ":"JWT","alg":"ES256"})") + "." + base::to_base64url(claims);
  return "vapid t=" + text + "." + base::to_base64url(identity_.sign(text)) +
         ", k=" + base::to_base64url(identity_.public_key);
}

}  // namespace adapters::webpush
