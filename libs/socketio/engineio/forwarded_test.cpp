#include "socketio/engineio/forwarded.hpp"

#include <gtest/gtest.h>

namespace engineio {
namespace {

class ForwardedTest : public ::testing::Test {
 protected:
  static ServerOptions behind_proxies() {
    ServerOptions options;
    options.trusted_proxies = {"10.0.0.1", "127.0.0.1"};
    return options;
  }
  Sender sender(const std::string& peer, std::vector<std::pair<std::string, std::string>> headers, bool tls = false) {
    RequestHead head;
    head.headers = std::move(headers);
    return sender_of(context_, *PeerAddress::parse(peer), tls, head);
  }

  base::SystemClock clock_;
  ServerContext context_{behind_proxies(), {}, clock_};
};

TEST_F(ForwardedTest, AStrangerIsWhoItIsWhateverItsHeadersSay) {
  const auto found = sender("192.0.2.7", {{"x-forwarded-for", "127.0.0.1"}, {"x-forwarded-proto", "https"}});
  EXPECT_EQ(found.address, "192.0.2.7");
  EXPECT_FALSE(found.secure);
  EXPECT_FALSE(found.trusted);
}

TEST_F(ForwardedTest, AProxyIsBelievedAndReadFromTheRight) {
  const auto found = sender("10.0.0.1", {{"x-forwarded-for", "6.6.6.6, 192.0.2.9"}, {"x-forwarded-for", " 127.0.0.1"}});
  EXPECT_EQ(found.address, "192.0.2.9");
  EXPECT_FALSE(found.trusted);
  EXPECT_TRUE(sender("10.0.0.1", {{"x-forwarded-proto", "https"}}).secure);
}

TEST_F(ForwardedTest, AProxyThatSpeaksForItselfIsTrusted) {
  EXPECT_TRUE(sender("10.0.0.1", {}).trusted);
  EXPECT_TRUE(sender("127.0.0.1", {}).trusted);
}

TEST_F(ForwardedTest, AProxyThatSpeaksForSomebodyUnnamedIsNotTrusted) {
  for (const std::string value : {"unknown", "", ",", "127.0.0.1"}) {
    const auto found = sender("10.0.0.1", {{"x-forwarded-for", value}});
    EXPECT_FALSE(found.trusted) << value;
  }
  EXPECT_EQ(sender("10.0.0.1", {{"x-forwarded-for", "unknown"}}).address, "10.0.0.1");
}

}  // namespace
}  // namespace engineio
