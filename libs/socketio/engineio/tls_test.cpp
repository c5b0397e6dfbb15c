// TLS on the same sockets and in the same turns as plain text.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>
#include <thread>

#include "socketio/engineio/engine_testing.hpp"
#include "socketio/engineio/server.hpp"

namespace engineio::testing {
namespace {

const std::string kOpen = "/engine.io/?EIO=4&transport=polling";

/// Writes a self-signed certificate and its key; returns the options that name them. `pass_phrase` empty: none.
TlsOptions self_signed(const std::filesystem::path& folder, const std::string& pass_phrase = {}) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  const TlsOptions out{(folder / "certificate.pem").string(), (folder / "key.pem").string()};
  std::FILE* file = std::fopen(out.certificate_file.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(out.key_file.c_str(), "w");
  PEM_write_PrivateKey(file, key, pass_phrase.empty() ? nullptr : EVP_aes_256_cbc(),
                       reinterpret_cast<const unsigned char*>(pass_phrase.data()), static_cast<int>(pass_phrase.size()),
                       nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return out;
}

class TlsTest : public EngineTest {
 protected:
  TlsTest() {
    std::string name = (std::filesystem::temp_directory_path() / "engineio-tls-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~TlsTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(TlsTest, SpeaksPollingAndWebSocketUnderTlsAcrossShards) {
  auto options = calm();
  options.tls = self_signed(folder_);
  options.max_payload = 500'000;
  start(options, 2);
  for (int i = 0; i < 6; ++i) {
    RawClient client(port_, true);
    const auto sid = sid_of(client.ask(kOpen).body);
    ASSERT_EQ(sid.size(), 20u);
    RawClient upgrading(port_, true);
    ASSERT_EQ(upgrading.upgrade(websocket(sid)), 101);
    upgrading.send_text("2probe");
    ASSERT_EQ(upgrading.text(), "3probe");
    upgrading.send_text("5");
    const std::string big = "4" + std::string(400'000, 'x');
    upgrading.send_text(big);
    ASSERT_EQ(upgrading.text(), big);
  }
}

TEST_F(TlsTest, PlainBytesOnATlsPortEndTheConnection) {
  auto options = calm();
  options.tls = self_signed(folder_);
  start(options);
  RawClient client(port_);
  client.get("/x");
  EXPECT_TRUE(client.ended());
}

TEST_F(TlsTest, AMissingCertificateIsAnError) {
  auto options = calm();
  options.tls = {"/nonexistent.pem", "/nonexistent.key"};
  aio::Shard shard(aio::ShardIndex{0}, clock_);
  shard.start();
  Server server(options, {&shard}, clock_);
  EXPECT_EQ(server.listen("127.0.0.1", 0).error(), ListenError::kTls);
}

TEST_F(TlsTest, FilesAreJudgedBeforeThereIsAServer) {
  const auto good = self_signed(folder_);
  EXPECT_EQ(check_tls(good), std::nullopt);
  EXPECT_EQ(check_tls({"/nonexistent.pem", good.key_file}), TlsProblem::kCertificate);
  EXPECT_EQ(check_tls({good.key_file, good.key_file}), TlsProblem::kCertificate);
  EXPECT_EQ(check_tls({good.certificate_file, "/nonexistent.key"}), TlsProblem::kKey);
  EXPECT_EQ(check_tls({good.certificate_file, good.certificate_file}), TlsProblem::kKey);

  std::filesystem::create_directory(folder_ / "other");
  EXPECT_EQ(check_tls({good.certificate_file, self_signed(folder_ / "other").key_file}), TlsProblem::kNoPair);
  EXPECT_EQ(check_tls({good.certificate_file, self_signed(folder_ / "other", "a pass phrase").key_file}),
            TlsProblem::kKey);
}

}  // namespace
}  // namespace engineio::testing
