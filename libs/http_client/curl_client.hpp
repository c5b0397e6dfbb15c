#pragma once
// CurlClient: the Poster on libcurl's multi interface. One thread carries every transfer; requests to one host share
// connections, over HTTP/2 one connection, because a request waits for the handshake under way instead of opening its
// own (60 requests at once opened 60 connections without that).
//
// What it never does: skip the check of a certificate, follow a redirect, use a proxy of the environment, speak
// anything but https, keep more of an answer than the bound, or write a URL, header or body into a log.
//
// Two clients share nothing: a connection that one may have opened to a private address cannot serve the other.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http_client/poster.hpp"

namespace http_client {

struct CurlOptions {
  /// PEM file of authorities trusted besides the system's; empty: none.
  std::string ca_file = {};
  /// Refuse hosts at addresses that are not public. Checked in the connect itself, on the address that the socket is
  /// opened for, so that a name cannot change between check and use.
  bool public_addresses_only = false;
  std::chrono::milliseconds connect_timeout{5'000};  // name, TCP and TLS: several round trips around the world
  std::chrono::milliseconds timeout{15'000};         // the whole request; what takes longer is as good as lost
  std::size_t max_response_bytes = 64 * 1024;        // error answers have some hundred bytes
};

/// Requests under way at once, waiting ones included. The owner bounds its own; this is where its promise is checked.
inline constexpr std::size_t kMaxUnderWay = 4096;

class CurlClient final : public Poster {
 public:
  /// Starts the thread. The error is one line about `ca_file`. Borrows the clock, for Retry-After dates.
  static base::Result<std::unique_ptr<CurlClient>, std::string> create(CurlOptions options, const base::Clock& clock);
  /// Breaks off what is under way (kStopped) and ends the thread. Not from the client's own thread.
  ~CurlClient() override;
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  void post(Request request, Answered done) override;
  void defer(base::Task task) override;

 private:
  class Engine;
  explicit CurlClient(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace http_client
