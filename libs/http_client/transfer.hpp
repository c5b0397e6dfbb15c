#pragma once
// Transfer: one request on one curl easy handle. Private to this room: the only header beside curl_client.cpp that
// knows libcurl. Lives on the client's thread; its address is fixed while curl holds it.

#include <curl/curl.h>

#include <optional>
#include <string>

#include "http_client/curl_client.hpp"

namespace http_client {

class Transfer {
 public:
  /// Borrows the options.
  Transfer(Request request, Answered done, const CurlOptions& options);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] CURL* easy() const { return easy_; }
  /// Hands the outcome to `done`.
  void finish(CURLcode code, base::WallTime now);
  void fail(Error error) { done_(base::fail(error)); }

 private:
  void set_request();
  void set_safety();
  void set_callbacks();
  [[nodiscard]] Error error_of(CURLcode code) const;

  static std::size_t take_body(char* bytes, std::size_t unit, std::size_t count, void* self);
  static std::size_t take_header(char* bytes, std::size_t unit, std::size_t count, void* self);
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static CURLcode add_authorities(CURL* easy, void* tls_context, void* self);

  const Request request_;
  Answered done_;
  const CurlOptions& options_;
  CURL* const easy_;
  curl_slist* headers_ = nullptr;
  std::string body_;
  std::optional<std::string> retry_after_;
  bool forbidden_ = false;
  bool too_large_ = false;
};

}  // namespace http_client
