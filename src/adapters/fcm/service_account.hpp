#pragma once
// The key file that Google's console gives out for a service account: who this server is at FCM.

#include <cstddef>
#include <string>
#include <string_view>

#include "adapters/fcm/rs256_key.hpp"
#include "base/result.hpp"
#include "chat/model/ids.hpp"

namespace adapters::fcm {

struct ServiceAccount {
  std::string client_email;
  std::string project_id;
  std::string token_uri;  // https
  std::string key_id;     // may be empty
  Rs256Key key;
};

/// One line that says what is wrong with the file; never the key.
using ServiceAccountError = std::string;

inline constexpr std::size_t kMaxKeyFileBytes = 64 * 1024;  // real ones have 2.4 KB

base::Result<ServiceAccount, ServiceAccountError> parse_service_account(std::string_view json);
/// The message begins with the path.
base::Result<ServiceAccount, ServiceAccountError> load_service_account(const std::string& path);

/// What FCM's token endpoint takes for an access token: a JWT (RFC 7523) over the messaging scope, valid for an hour.
[[nodiscard]] std::string make_assertion(const ServiceAccount& account, chat::WallTime now);

}  // namespace adapters::fcm
