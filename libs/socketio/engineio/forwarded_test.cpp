#include "socketio/engineio/forwarded.hpp"

#include <gtest/gtest.h>

namespace engineio {
namespace {

class ForwardedTest : public ::testing::Test {
 protected:
  static ServerOptions behind_proxies() {
    ServerOptions options;
    for (const auto* each : {"10.0.0.1", "127.0.0.1", "172.16.0.0/12", "2001:db8::/32"})
      options.trusted_proxies.push_back(*AddressRange::parse(each));
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

TEST_F(ForwardedTest, AProxyOfANamedNetworkIsBelieved) {
  for (const std::string peer : {"172.16.0.0", "172.31.255.255", "2001:db8:ffff::1"})
    EXPECT_EQ(sender(peer, {{"x-forwarded-for", "192.0.2.9"}}).address, "192.0.2.9") << peer;
  for (const std::string peer : {"172.32.0.0", "172.15.255.255", "2001:db9::1", "1234::ac10:1"})
    EXPECT_EQ(sender(peer, {{"x-forwarded-for", "192.0.2.9"}}).address, peer);
}

TEST(AddressRangeTest, IsAnAddressOrANetwork) {
  const auto holds = [](std::string_view range, std::string_view address) {
    return AddressRange::parse(range)->contains(*PeerAddress::parse(address));
  };
  EXPECT_TRUE(holds("10.0.0.1", "10.0.0.1"));
  EXPECT_FALSE(holds("10.0.0.1", "10.0.0.2"));
  EXPECT_TRUE(holds("10.1.2.3/8", "10.255.0.1"));
  EXPECT_FALSE(holds("10.1.2.3/32", "10.1.2.2"));
  EXPECT_TRUE(holds("0.0.0.0/0", "192.0.2.1"));
  EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(holds("::/0", "192.0.2.1"));
  EXPECT_TRUE(holds("2001:db8::/127", "2001:db8::1"));
  EXPECT_FALSE(holds("2001:db8::/127", "2001:db8::2"));
  for (const auto* wrong : {"", "proxy.example", "10.0.0.0/33", "2001:db8::/129", "10.0.0.0/", "10.0.0.0/-1",
                            "10.0.0.0/8x", "10.0.0/8", "/8", "10.0.0.0/8/8", "::ffff:10.0.0.0/104"})
    EXPECT_FALSE(AddressRange::parse(wrong)) << wrong;
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
