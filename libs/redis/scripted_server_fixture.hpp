#pragma once
// A server that says what the test tells it to.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redis::testing {

inline constexpr std::string_view kSelect = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";

/// Blocking; the test's thread is the server.
class ScriptedServer {
 public:
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  /// The next connection, its greeting answered.
  void accept(std::string_view greeting = kSelect, std::string_view answer = "+OK\r\n") {
    peer_.emplace(acceptor_.accept());
    EXPECT_EQ(read(greeting.size()), greeting);
    write(answer);
  }
  std::string read(std::size_t size) {
    std::string bytes(size, '\0');
    boost::system::error_code error;
    bytes.resize(boost::asio::read(*peer_, boost::asio::buffer(bytes), error));
    return bytes;
  }
  void write(std::string_view bytes) { boost::asio::write(*peer_, boost::asio::buffer(bytes.data(), bytes.size())); }
  void hang_up() { peer_.reset(); }
  /// Stays connected and hears nothing more; the next accept() is of another connection.
  void set_aside() { aside_.push_back(std::move(*peer_)); }

 private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::optional<boost::asio::ip::tcp::socket> peer_;
  std::vector<boost::asio::ip::tcp::socket> aside_;
};

}  // namespace redis::testing
