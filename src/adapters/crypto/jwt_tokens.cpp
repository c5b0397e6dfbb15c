#include "adapters/crypto/jwt_tokens.hpp"

#include <optional>

#include "base/hex.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"

namespace adapters::crypto {

namespace {

using std::chrono::seconds;

constexpr std::size_t kMaxToken = 1024;  // ours have some 400 characters

seconds seconds_of(chat::WallTime time) {
  return std::chrono::floor<seconds>(time.time_since_epoch());
}

std::string signature_of(const Secret& secret, std::string_view signed_text) {
  const Mac mac = hmac_sha256(secret.view(), signed_text);
  return base::to_base64url({mac.data(), mac.size()});
}

template <class Id>
std::optional<Id> id_of(const base::JsonValue& value) {
  const auto text = value.as_plain_string_view();
  return text ? Id::from_hex(*text) : std::nullopt;
}

std::optional<seconds> time_of(const base::JsonValue& value) {
  constexpr std::int64_t kYear3000 = 32'503'680'000;  // keeps the arithmetic on times far from overflow
  const auto number = value.as_int64();
  if (!number || *number < 0 || *number > kYear3000) return std::nullopt;
  return seconds(*number);
}

}  // namespace

JwtTokens::JwtTokens(const KeyRing& ring, JwtOptions options) : ring_(ring), options_(std::move(options)) {}

std::shared_ptr<const JwtTokens::Signers> JwtTokens::signers() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t version = ring_.version();
  if (signers_ && ring_version_ == version) return signers_;
  auto fresh = std::make_shared<Signers>();
  const auto keys = ring_.keys();
  for (const auto& key : *keys) {
    if (key.purpose != KeyPurpose::kToken) continue;
    const std::string header = R"({"alg":"HS256","typ":"JWT","kid":")" + key.id.hex() + "\"}";
    fresh->push_back({base::to_base64url(header) + ".", key.secret});
  }
  signers_ = std::move(fresh);
  ring_version_ = version;
  return signers_;
}

std::string JwtTokens::sign(const chat::AccessClaims& claims) {
  const auto all = signers();
  const Signer& signer = all->back();
  std::string token = signer.header + base::to_base64url(payload_of(claims));
  const std::string signature = signature_of(signer.secret, token);
  return token + "." + signature;
}

std::string JwtTokens::payload_of(const chat::AccessClaims& claims) const {
  std::string text;
  base::JsonWriter writer(text);
  writer.begin_object().member("iss", options_.issuer).member("aud", options_.audience);
  writer.member("sub", claims.user.hex()).member("sid", claims.login.hex()).member("did", claims.device.value);
  const auto issued = seconds_of(claims.issued).count();
  writer.member("iat", issued).member("nbf", issued).member("exp", seconds_of(claims.expires).count());
  if (claims.seeded) writer.member("seed", true);
  writer.end_object();
  return text;
}

base::Result<chat::AccessClaims, chat::TokenError> JwtTokens::verify(std::string_view token, chat::WallTime now) {
  const auto invalid = base::fail(chat::TokenError::kInvalid);
  if (token.size() > kMaxToken) return invalid;
  const std::size_t last_dot = token.rfind('.');
  if (last_dot == std::string_view::npos) return invalid;
  const std::string_view signed_text = token.substr(0, last_dot);
  const auto all = signers();
  for (const Signer& signer : *all) {
    if (!signed_text.starts_with(signer.header)) continue;
    // Comparing the text admits one spelling of a signature only: base64url itself would have several.
    if (!equal_in_constant_time(signature_of(signer.secret, signed_text), token.substr(last_dot + 1))) return invalid;
    const auto payload = base::from_base64url(signed_text.substr(signer.header.size()));
    if (!payload) return invalid;
    const auto claims = parse(*payload);
    if (!claims || !plausible(*claims, now)) return invalid;
    if (now >= claims->expires || outlives(*claims)) return base::fail(chat::TokenError::kExpired);
    return *claims;
  }
  return invalid;
}

std::optional<chat::AccessClaims> JwtTokens::parse(std::string_view payload) const {
  const auto object = base::parse_json(payload, base::JsonLimits::strict());
  if (!object || !object->is_object()) return std::nullopt;
  const auto member = [&](std::string_view name) { return object->member(name).value_or(base::JsonValue()); };
  const auto user = id_of<chat::UserId>(member("sub"));
  const auto login = id_of<chat::LoginId>(member("sid"));
  const auto device_text = member("did").as_plain_string_view();
  const auto device = device_text ? chat::DeviceId::parse(*device_text) : std::nullopt;
  const auto issued = time_of(member("iat"));
  const auto not_before = time_of(member("nbf"));
  const auto expires = time_of(member("exp"));
  const auto seed = object->member("seed");
  const bool complete =
      user && login && device && issued && not_before && expires && member("iss").is_string_equal_to(options_.issuer) &&
      member("aud").is_string_equal_to(options_.audience) && (!seed || seed->as_bool() == std::optional(true)) &&
      *not_before == *issued && object->count() == (seed ? 9u : 8u);
  if (!complete) return std::nullopt;
  return chat::AccessClaims{.user = *user,
                            .login = *login,
                            .device = *device,
                            .issued = chat::WallTime(*issued),
                            .expires = chat::WallTime(*expires),
                            .seeded = seed.has_value()};
}

bool JwtTokens::plausible(const chat::AccessClaims& claims, chat::WallTime now) const {
  return claims.expires > claims.issued && claims.issued <= now + options_.leeway;
}

bool JwtTokens::outlives(const chat::AccessClaims& claims) const {
  const auto longest = claims.seeded ? options_.max_seeded_lifetime : options_.max_lifetime;
  return claims.expires - claims.issued > longest;
}

}  // namespace adapters::crypto
