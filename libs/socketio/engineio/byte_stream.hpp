#pragma once
// A non-blocking TCP connection, plain or under TLS, with one shape for both: try now, or say what to wait for. With
// TLS OpenSSL reads and writes the same descriptor, so readiness means the same and an idle connection keeps no buffer
// (SSL_MODE_RELEASE_BUFFERS).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "socketio/engineio/options.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace engineio {

/// Certificate and key, shared by all connections. TLS 1.2 (ECDHE with AEAD) and 1.3.
class TlsContext {
 public:
  /// Reads both files. Never asks anybody for a pass phrase.
  static base::Result<std::unique_ptr<TlsContext>, TlsProblem> load(const TlsOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  [[nodiscard]] ssl_ctx_st* native() const noexcept { return context_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

enum class IoStatus : std::uint8_t {
  kDone,
  kWouldBlock,  // wait until the direction of the call is possible
  kOtherWay,    // TLS only: a read waits for writability, or a write for readability
  kEnd,         // the peer will send no more
  kBroken,
};

struct IoResult {
  std::size_t bytes = 0;
  IoStatus status = IoStatus::kDone;
};

class ByteStream {
 public:
  /// Takes the descriptor, which is non-blocking. `tls` null: plain.
  ByteStream(int descriptor, const TlsContext* tls);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  IoResult read(char* to, std::size_t size);
  IoResult write(std::string_view bytes);
  /// True when read() has bytes that the descriptor's readiness does not show.
  [[nodiscard]] bool has_pending() const;
  /// Tells the peer that nothing more comes; reading goes on.
  void shut_down_writing();
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] bool secure() const noexcept { return tls_ != nullptr; }

 private:
  /// `waits_for_read`: what the caller is told when TLS needs to read first.
  IoResult tls_result(int result, IoStatus waits_for_read);
  int descriptor_;
  ssl_st* tls_ = nullptr;
};

}  // namespace engineio
