// How a real Redis, and real Sentinels, let us in: passwords of their own, TLS under an authority of their own.

#include <gtest/gtest.h>

#include <fstream>

#include "adapters/redis/redis_presence.hpp"
#include "adapters/redis/redis_server_testing.hpp"
#include "redis/url.hpp"

namespace adapters::redis {
namespace {

using namespace std::chrono_literals;

/// A certificate for 127.0.0.1 that is its own authority.
class Certificate {
 public:
  explicit Certificate(const std::string& name) : name_(name) {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=" + name +
        " -addext subjectAltName=IP:127.0.0.1 -keyout " + key() + " -out " + file() + " 2>/dev/null";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl makes no certificate");
  }
  [[nodiscard]] std::string file() const { return folder_.file(name_ + ".pem"); }
  [[nodiscard]] std::string key() const { return folder_.file(name_ + ".key"); }
  [[nodiscard]] std::vector<std::string> arguments() const {
    return {"--tls-cert-file",    file(), "--tls-key-file",     key(),
            "--tls-ca-cert-file", file(), "--tls-auth-clients", "no"};
  }

 private:
  const std::string name_;
  base::TemporaryDirectory folder_;
};

/// Watches one server under the group "g".
class Sentinel {
 public:
  /// `lines` of the configuration besides.
  Sentinel(const RedisServer& master, const std::vector<std::string>& lines, bool tls) : port_(random_port()) {
    const std::string file = folder_.file("sentinel.conf");
    std::ofstream configuration(file);
    configuration << "bind 127.0.0.1\n";
    configuration << (tls ? "port 0\ntls-port " : "port ") << port_ << "\n";
    configuration << "sentinel monitor g 127.0.0.1 " << master.options().endpoint.port << " 1\n";
    for (const auto& line : lines) configuration << line << "\n";
    configuration.close();
    process_.start({"redis-server", file, "--sentinel"});
  }
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  base::TemporaryDirectory folder_;
  const std::uint16_t port_;
  ServerProcess process_;
};

class RedisAccess : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = RedisServer::missing()) GTEST_SKIP() << *missing;
  }
  static PresenceOptions options(const std::string& url, const std::string& ca_file = {}) {
    PresenceOptions options;
    options.node = "a";
    const auto endpoint = ::redis::parse_url(url);
    EXPECT_TRUE(endpoint) << url;
    if (endpoint) options.server.endpoint = *endpoint;
    options.server.ca_file = ca_file;
    options.server.reconnect_first = 1ms;
    options.server.reconnect_last = 20ms;
    return options;
  }
  static bool comes_up(const PresenceOptions& options) {
    const RedisPresence presence(options, nullptr);
    return eventually([&] { return presence.up(); });
  }
  /// Others come in meanwhile, one after the other, while this one tries again every few milliseconds.
  static bool stays_down(const PresenceOptions& options, const PresenceOptions& others) {
    const RedisPresence presence(options, nullptr);
    bool others_come_up = true;
    for (int i = 0; i < 5; ++i) others_come_up = others_come_up && comes_up(others);
    return others_come_up && !presence.up();
  }
};

TEST_F(RedisAccess, SentinelsAndServersHavePasswordsOfTheirOwn) {
  ::redis::Options inside;
  inside.endpoint.password = "inner";
  RedisServer master({"--requirepass", "inner"}, inside);
  // The first one is not there; the second lets a user of its own in as well.
  const Sentinel sentinel(
      master, {"sentinel auth-pass g inner", "requirepass o&ter", "user watcher on >w/tch ~* &* +@all"}, false);
  const std::string start = "redis+sentinel://:inner@127.0.0.1:1," + sentinel.host() + "/g";
  EXPECT_TRUE(comes_up(options(start + "?sentinel_password=o%26ter")));
  EXPECT_TRUE(comes_up(options(start + "?sentinel_username=watcher&sentinel_password=w%2Ftch")));
}

TEST_F(RedisAccess, TheAuthorityOfTheConfigurationIsTrustedAndNoOther) {
  const Certificate own("own"), other("other");
  ::redis::Options tls;
  tls.endpoint.tls = true;
  tls.ca_file = own.file();
  RedisServer server(own.arguments(), tls);
  const std::string url = "rediss://127.0.0.1:" + std::to_string(server.options().endpoint.port);
  EXPECT_TRUE(comes_up(options(url, own.file())));
  EXPECT_TRUE(stays_down(options(url, other.file()), options(url, own.file())));
  EXPECT_TRUE(stays_down(options(url), options(url, own.file()))) << "the system does not know it";
}

TEST_F(RedisAccess, TheAuthorityHoldsForSentinelsToo) {
  const Certificate own("own");
  ::redis::Options tls;
  tls.endpoint.tls = true;
  tls.ca_file = own.file();
  RedisServer master(own.arguments(), tls);
  const Sentinel sentinel(master,
                          {"tls-replication yes", "tls-cert-file " + own.file(), "tls-key-file " + own.key(),
                           "tls-ca-cert-file " + own.file(), "tls-auth-clients no", "requirepass s"},
                          true);
  EXPECT_TRUE(comes_up(options("rediss+sentinel://" + sentinel.host() + "/g?sentinel_password=s", own.file())));
}

}  // namespace
}  // namespace adapters::redis
