#pragma once
// For the tests of this folder: a server on loopback with its shards, and a client that speaks in raw bytes.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "aio/shard.hpp"
#include "socketio/engineio/server.hpp"
#include "socketio/websocket_codec/frame_parser.hpp"

namespace engineio::testing {

using namespace std::chrono_literals;

/// How long a test waits for what must come; far beyond what a loaded machine needs.
inline constexpr auto kPatience = 10s;

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
};

struct Frame {
  websocket_codec::Incoming::Kind kind{};
  std::uint16_t code = 0;
  std::string payload;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, bool tls = false);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes);
  /// GET with the usual headers.
  void get(const std::string& target, const std::string& more_headers = "");
  void post(const std::string& target, const std::string& body, const std::string& more_headers = "");
  /// The next answer; status 0 when the connection ended instead.
  Reply reply(bool to_head = false);
  Reply ask(const std::string& target, const std::string& more_headers = "") {
    get(target, more_headers);
    return reply();
  }
  /// Upgrades; returns the status of the answer.
  int upgrade(const std::string& target, const std::string& more_headers = "");
  void send_frame(websocket_codec::Opcode opcode, std::string_view payload, bool final_fragment = true);
  void send_text(std::string_view text) { send_frame(websocket_codec::Opcode::kText, text); }
  /// nullopt when the connection ended.
  std::optional<Frame> frame();
  /// The next text frame's payload, answering nothing; "" when the connection ended or another kind came.
  std::string text();
  /// True when the server ends the connection within the time; bytes before the end are skipped.
  bool ended(std::chrono::milliseconds within = kPatience);
  /// True when nothing comes for that long.
  bool silent_for(std::chrono::milliseconds time);
  /// Throws away what has come, at least one byte; how many, 0 when the connection ended.
  std::size_t skip();
  /// Ends the connection with a reset: the server's next write fails.
  void reset();
  void shut_down_writing() { ::shutdown(socket_, SHUT_WR); }
  void set_receive_buffer(int bytes) { ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); }

 private:
  bool fill(std::chrono::milliseconds within = kPatience);
  int socket_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* tls_ = nullptr;
  std::string buffer_;
  websocket_codec::ParserOptions options_{websocket_codec::Role::kClient, 64 * 1024 * 1024, 1000};
  websocket_codec::FrameParser parser_{options_};
  std::string parsing_;
  std::span<char> rest_;
};

/// The system's clock, which a test puts forward: as if the process had stood still for so long. Any thread.
class SkippingClock final : public base::Clock {
 public:
  [[nodiscard]] base::WallTime wall_now() const override { return system_.wall_now(); }
  [[nodiscard]] base::SteadyTime steady_now() const override {
    return system_.steady_now() + std::chrono::milliseconds(skipped_ms_.load());
  }
  void skip(std::chrono::milliseconds by) { skipped_ms_ += by.count(); }

 private:
  base::SystemClock system_;
  std::atomic<std::int64_t> skipped_ms_{0};
};

/// Starts shards and a server; the default listener echoes.
class EngineTest : public ::testing::Test {
 protected:
  ~EngineTest() override;
  /// Call once; returns the port.
  std::uint16_t start(ServerOptions options = {}, std::size_t shards = 1);
  static ServerOptions calm();

  /// A polling handshake on a connection of its own; returns the sid.
  std::string handshake();
  [[nodiscard]] std::string polling(const std::string& sid) const {
    return "/engine.io/?EIO=4&transport=polling&sid=" + sid;
  }
  [[nodiscard]] std::string websocket(const std::string& sid = "") const {
    return "/engine.io/?EIO=4&transport=websocket" + (sid.empty() ? "" : "&sid=" + sid);
  }
  /// The reason of the next session that ends.
  std::optional<CloseReason> next_close();
  /// Runs `work` with the newest session on its shard and waits for it.
  void with_session(const std::function<void(Session&)>& work);
  std::uint64_t next_pong();
  /// How often on_drain came so far.
  int drains();

  SkippingClock clock_;
  std::vector<std::unique_ptr<aio::Shard>> shards_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  HttpHandler http_;
  std::function<void(Session&)> opened_;
  bool refuse_sessions_ = false;
  bool echo_ = true;

 private:
  struct Recorder;
  template <class T>
  std::optional<T> take(std::vector<T>& from);
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<CloseReason> closed_;
  std::vector<std::uint64_t> pongs_;
  int drains_ = 0;
  Session* newest_ = nullptr;
};

/// Extracts the sid of an open packet.
std::string sid_of(const std::string& body);

}  // namespace engineio::testing
