#include "http_client/transfer.hpp"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/check.hpp"
#include "http_client/https_url.hpp"
#include "http_client/public_address.hpp"
#include "http_client/retry_after.hpp"

namespace http_client {

namespace {

/// An option that this libcurl does not take would silently be missing, and some are security.
template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

bool same_name(std::string_view a, std::string_view lower_case) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), lower_case.begin(), lower_case.end(),
                    [&](char x, char y) { return lower(x) == y; });
}

}  // namespace

Transfer::Transfer(Request request, Answered done, const CurlOptions& options)
    : request_(std::move(request)), done_(std::move(done)), options_(options), easy_(curl_easy_init()) {
  CHECK(easy_ != nullptr);
  set_request();
  set_safety();
  set_callbacks();
}

Transfer::~Transfer() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
}

void Transfer::set_request() {
  for (const auto& [name, value] : request_.headers) {
    curl_slist* const longer = curl_slist_append(headers_, (name + ": " + value).c_str());
    CHECK(longer != nullptr);
    headers_ = longer;
  }
  set(easy_, CURLOPT_URL, request_.url.c_str());
  set(easy_, CURLOPT_HTTPHEADER, headers_);
  set(easy_, CURLOPT_POST, 1L);
  set(easy_, CURLOPT_POSTFIELDS, request_.body.data());
  set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(easy_, CURLOPT_PIPEWAIT, 1L);
}

void Transfer::set_safety() {
  set(easy_, CURLOPT_PROTOCOLS_STR, "https");
  set(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy_, CURLOPT_PROXY, "");  // also keeps the environment's out
  set(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  set(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  set(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
  set(easy_, CURLOPT_NOSIGNAL, 1L);
  // A name server that does not answer must hold up neither the other transfers nor the end of the client: the thread
  // that libcurl resolves in is left to finish by itself.
  set(easy_, CURLOPT_QUICK_EXIT, 1L);
}

void Transfer::set_callbacks() {
  set(easy_, CURLOPT_PRIVATE, this);
  set(easy_, CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  set(easy_, CURLOPT_WRITEDATA, this);
  set(easy_, CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  set(easy_, CURLOPT_HEADERDATA, this);
  if (options_.public_addresses_only) {
    set(easy_, CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
    set(easy_, CURLOPT_OPENSOCKETDATA, this);
  }
  if (!options_.ca_file.empty()) {
    set(easy_, CURLOPT_SSL_CTX_FUNCTION, &Transfer::add_authorities);
    set(easy_, CURLOPT_SSL_CTX_DATA, this);
  }
}

void Transfer::finish(CURLcode code, base::WallTime now) {
  if (code != CURLE_OK) return fail(error_of(code));
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  Response response{static_cast<int>(status), std::move(body_), std::nullopt};
  if (retry_after_) response.retry_after = parse_retry_after(*retry_after_, now);
  done_(std::move(response));
}

Error Transfer::error_of(CURLcode code) const {
  if (too_large_) return Error::kTooLarge;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Error::kTimeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return Error::kUntrusted;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Error::kInvalidRequest;
    default:
      return forbidden_ ? Error::kForbiddenAddress : Error::kUnreachable;
  }
}

std::size_t Transfer::take_body(char* bytes, std::size_t unit, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t size = unit * count;
  transfer.too_large_ = size > transfer.options_.max_response_bytes - transfer.body_.size();
  if (transfer.too_large_) return 0;  // ends the transfer
  transfer.body_.append(bytes, size);
  return size;
}

std::size_t Transfer::take_header(char* bytes, std::size_t unit, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(bytes, unit * count);
  const std::size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    transfer.retry_after_.reset();  // a 1xx before the answer
  } else if (colon != std::string_view::npos && same_name(line.substr(0, colon), "retry-after")) {
    transfer.retry_after_ = line.substr(colon + 1);
  }
  return line.size();
}

curl_socket_t Transfer::open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) {
  if (purpose != CURLSOCKTYPE_IPCXN || !is_public(address->addr)) {
    static_cast<Transfer*>(self)->forbidden_ = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CURLcode Transfer::add_authorities(CURL*, void* tls_context, void* self) {
  X509_STORE* const store = SSL_CTX_get_cert_store(static_cast<SSL_CTX*>(tls_context));
  const auto& file = static_cast<Transfer*>(self)->options_.ca_file;
  return X509_STORE_load_file(store, file.c_str()) == 1 ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
}

}  // namespace http_client
