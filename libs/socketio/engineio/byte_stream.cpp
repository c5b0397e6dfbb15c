#include "socketio/engineio/byte_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <optional>

#include "base/check.hpp"

namespace engineio {

namespace {
constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/// Instead of OpenSSL's own, which would ask for a pass phrase on the terminal.
int no_pass_phrase(char*, int, int, void*) {
  return -1;
}

IoResult system_failure() {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {0, IoStatus::kWouldBlock};
  return {0, IoStatus::kBroken};
}
}  // namespace

base::Result<std::unique_ptr<TlsContext>, TlsProblem> TlsContext::load(const TlsOptions& options) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  CHECK(context != nullptr);
  std::unique_ptr<TlsContext> owned(new TlsContext(context));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // A retried write may come from a buffer that has moved and grown.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Tickets resume; a cache of our own would only hold memory.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_default_passwd_cb(context, &no_pass_phrase);
  CHECK(SSL_CTX_set_cipher_list(context, kTls12Ciphers) == 1);
  // The key first: behind the certificate, a key of another one would be refused like a file that is none.
  std::optional<TlsProblem> problem;
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    problem = TlsProblem::kKey;
  } else if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1) {
    problem = TlsProblem::kCertificate;
  } else if (SSL_CTX_check_private_key(context) != 1) {
    problem = TlsProblem::kNoPair;
  }
  ERR_clear_error();
  if (problem) return base::fail(*problem);
  // OpenSSL writes without MSG_NOSIGNAL: a peer that is gone must be an error, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  return owned;
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

ByteStream::ByteStream(int descriptor, const TlsContext* tls) : descriptor_(descriptor) {
  if (tls == nullptr) return;
  tls_ = SSL_new(tls->native());
  CHECK(tls_ != nullptr);
  SSL_set_fd(tls_, descriptor);
  SSL_set_accept_state(tls_);
}

ByteStream::~ByteStream() {
  SSL_free(tls_);
  ::close(descriptor_);
}

IoResult ByteStream::tls_result(int result, IoStatus waits_for_read) {
  if (result > 0) return {static_cast<std::size_t>(result), IoStatus::kDone};
  const IoStatus waits_for_write =
      waits_for_read == IoStatus::kWouldBlock ? IoStatus::kOtherWay : IoStatus::kWouldBlock;
  const int error = SSL_get_error(tls_, result);
  ERR_clear_error();
  switch (error) {
    case SSL_ERROR_WANT_READ:
      return {0, waits_for_read};
    case SSL_ERROR_WANT_WRITE:
      return {0, waits_for_write};
    case SSL_ERROR_ZERO_RETURN:
      return {0, IoStatus::kEnd};
    default:
      return {0, IoStatus::kBroken};
  }
}

IoResult ByteStream::read(char* to, std::size_t size) {
  if (tls_ != nullptr)
    return tls_result(SSL_read(tls_, to, static_cast<int>(std::min<std::size_t>(size, INT_MAX))),
                      IoStatus::kWouldBlock);
  const ssize_t got = ::recv(descriptor_, to, size, 0);
  if (got > 0) return {static_cast<std::size_t>(got), IoStatus::kDone};
  return got == 0 ? IoResult{0, IoStatus::kEnd} : system_failure();
}

IoResult ByteStream::write(std::string_view bytes) {
  if (tls_ != nullptr) {
    const auto size = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
    return tls_result(SSL_write(tls_, bytes.data(), size), IoStatus::kOtherWay);
  }
  const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return sent >= 0 ? IoResult{static_cast<std::size_t>(sent), IoStatus::kDone} : system_failure();
}

bool ByteStream::has_pending() const {
  return tls_ != nullptr && SSL_pending(tls_) > 0;
}

void ByteStream::shut_down_writing() {
  if (tls_ != nullptr && SSL_is_init_finished(tls_)) SSL_shutdown(tls_);
  ERR_clear_error();
  ::shutdown(descriptor_, SHUT_WR);
}

}  // namespace engineio
