#pragma once
// FakeTlsServer: an HTTPS server on loopback for tests, with a certificate of its own for localhost. One request per
// connection; answers are the bytes that the test gives. An empty answer keeps silent until the end.

#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "base/check.hpp"

namespace http_client {

class FakeTlsServer {
 public:
  explicit FakeTlsServer(std::string answer) : answer_(std::move(answer)), context_(SSL_CTX_new(TLS_server_method())) {
    std::signal(SIGPIPE, SIG_IGN);  // a client that has read enough closes while this side still writes
    make_certificate();
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(listener_, 16) == 0);
    CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~FakeTlsServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    if (const int open = connection_.load(); open >= 0) ::shutdown(open, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    SSL_CTX_free(context_);
    std::error_code ignored;
    std::filesystem::remove(ca_file_, ignored);
  }
  FakeTlsServer(const FakeTlsServer&) = delete;
  FakeTlsServer& operator=(const FakeTlsServer&) = delete;

  [[nodiscard]] std::string url(const std::string& host = "localhost") const {
    return "https://" + host + ":" + std::to_string(port_) + "/path";
  }
  [[nodiscard]] const std::string& ca_file() const { return ca_file_; }
  [[nodiscard]] int connections() const { return connections_; }
  /// Of the last request, complete once the client has its answer.
  [[nodiscard]] std::string request() const {
    const std::lock_guard lock(mutex_);
    return request_;
  }

 private:
  void make_certificate() {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 24L * 3600);
    X509_set_pubkey(certificate, key);
    auto* const name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(certificate, names, -1);
    CHECK(X509_sign(certificate, key, EVP_sha256()) != 0);
    CHECK(SSL_CTX_use_certificate(context_, certificate) == 1 && SSL_CTX_use_PrivateKey(context_, key) == 1);
    static std::atomic<int> count{0};
    ca_file_ = (std::filesystem::temp_directory_path() /
                ("restante-http-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + ".pem"))
                   .string();
    std::FILE* const file = std::fopen(ca_file_.c_str(), "w");
    CHECK(file != nullptr && PEM_write_X509(file, certificate) == 1);
    std::fclose(file);
    X509_EXTENSION_free(names);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  void run() {
    for (int fd = -1; !stopping_ && (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      ++connections_;
      connection_ = fd;
      SSL* const tls = SSL_new(context_);
      SSL_set_fd(tls, fd);
      if (SSL_accept(tls) == 1) serve(tls);
      SSL_free(tls);
      connection_ = -1;
      ::close(fd);
    }
  }

  void serve(SSL* tls) {
    std::string text;
    char piece[4096];
    const auto more = [&] {
      const int got = SSL_read(tls, piece, sizeof piece);
      if (got > 0) text.append(piece, static_cast<std::size_t>(got));
      return got > 0;
    };
    while (text.find("\r\n\r\n") == std::string::npos) {
      if (!more()) return;
    }
    const std::size_t body_at = text.find("\r\n\r\n") + 4;
    const std::size_t length_at = text.find("Content-Length: ");
    const std::size_t length = length_at == std::string::npos ? 0 : std::stoul(text.substr(length_at + 16));
    while (text.size() < body_at + length) {
      if (!more()) return;
    }
    {
      const std::lock_guard lock(mutex_);
      request_ = text;
    }
    if (answer_.empty()) {
      more();  // nothing comes but the end
      return;
    }
    SSL_write(tls, answer_.data(), static_cast<int>(answer_.size()));
    SSL_shutdown(tls);
  }

  const std::string answer_;
  SSL_CTX* const context_;
  std::string ca_file_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connection_{-1};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;  // guards request_
  std::string request_;
  std::thread thread_;  // last: it uses all the others
};

}  // namespace http_client
