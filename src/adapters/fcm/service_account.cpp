#include "adapters/fcm/service_account.hpp"

#include <algorithm>
#include <fstream>

#include "base/hex.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "http_client/https_url.hpp"

namespace adapters::fcm {

namespace {

constexpr std::string_view kScope = "https://www.googleapis.com/auth/firebase.messaging";
constexpr std::chrono::seconds kAssertionLife{3600};  // the longest that the endpoint takes

/// It becomes a part of a URL's path. Also the historic form "example.com:project".
bool is_project_id(std::string_view id) {
  constexpr std::size_t kMost = 128;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
  };
  return !id.empty() && id.size() <= kMost && std::all_of(id.begin(), id.end(), allowed);
}

}  // namespace

base::Result<ServiceAccount, ServiceAccountError> parse_service_account(std::string_view json) {
  const auto object = base::parse_json(json);
  if (!object || !object->is_object()) return base::fail("is not a JSON object");
  if (base::text_member(*object, "type") != "service_account") {
    return base::fail("is no key of a service account (its \"type\" must be \"service_account\")");
  }
  const std::string email = base::text_member(*object, "client_email");
  if (email.empty()) return base::fail("lacks \"client_email\"");
  const std::string project = base::text_member(*object, "project_id");
  if (project.empty()) return base::fail("lacks \"project_id\"");
  if (!is_project_id(project)) return base::fail("has a \"project_id\" that is no project's name");
  const std::string token_uri = base::text_member(*object, "token_uri");
  if (token_uri.empty()) return base::fail("lacks \"token_uri\"");
  if (!http_client::parse_https_url(token_uri)) return base::fail("has a \"token_uri\" that is no https URL");
  const std::string pem = base::text_member(*object, "private_key");
  if (pem.empty()) return base::fail("lacks \"private_key\"");
  auto key = Rs256Key::from_pem(pem);
  if (!key) return base::fail("has a \"private_key\" that is no RSA key in PEM form of at least 2048 bits");
  return ServiceAccount{email, project, token_uri, base::text_member(*object, "private_key_id"), std::move(*key)};
}

base::Result<ServiceAccount, ServiceAccountError> load_service_account(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(kMaxKeyFileBytes + 1, '\0');
  if (!file.read(content.data(), static_cast<std::streamsize>(content.size())) && file.gcount() == 0) {
    return base::fail(path + (file.is_open() ? " is empty" : " cannot be opened"));
  }
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.size() > kMaxKeyFileBytes) return base::fail(path + " is too large for a key file");
  auto account = parse_service_account(content);
  if (!account) return base::fail(path + " " + account.error());
  return account;
}

std::string make_assertion(const ServiceAccount& account, chat::WallTime now) {
  std::string header;
  base::JsonWriter head(header);
  head.begin_object().member("alg", "RS256").member("typ", "JWT");
  if (!account.key_id.empty()) head.member("kid", account.key_id);
  head.end_object();

  const auto issued = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  std::string claims;
  base::JsonWriter body(claims);
  body.begin_object().member("iss", account.client_email).member("scope", kScope).member("aud", account.token_uri);
  body.member("iat", issued.count()).member("exp", (issued + kAssertionLife).count()).end_object();

  const std::string text = base::to_base64url(header) + "." + base::to_base64url(claims);
  return text + "." + base::to_base64url(account.key.sign(text));
}

}  // namespace adapters::fcm
