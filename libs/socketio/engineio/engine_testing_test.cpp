// The bodies of engine_testing.hpp: compiled into the test executable only.
#include "socketio/engineio/engine_testing.hpp"

#include <netinet/tcp.h>
#include <openssl/err.h>

#include <csignal>

namespace engineio::testing {

namespace {
std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}
}  // namespace

std::string sid_of(const std::string& body) {
  const auto at = body.find("\"sid\":\"");
  return at == std::string::npos ? "" : body.substr(at + 7, 20);
}

RawClient::RawClient(std::uint16_t port, bool tls) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  // What a test sends is there when send() returns, also behind something that the server has not acknowledged.
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!tls) return;
  std::signal(SIGPIPE, SIG_IGN);
  context_ = SSL_CTX_new(TLS_client_method());
  tls_ = SSL_new(context_);
  SSL_set_fd(tls_, socket_);
  EXPECT_EQ(SSL_connect(tls_), 1);
}

RawClient::~RawClient() {
  SSL_free(tls_);
  SSL_CTX_free(context_);
  if (socket_ >= 0) ::close(socket_);
}

void RawClient::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(socket_, -1));
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = tls_ != nullptr ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                                      : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void RawClient::get(const std::string& target, const std::string& more_headers) {
  send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + more_headers + "\r\n");
}

void RawClient::post(const std::string& target, const std::string& body, const std::string& more_headers) {
  send("POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
       more_headers + "\r\n" + body);
}

bool RawClient::fill(std::chrono::milliseconds within) {
  if (tls_ == nullptr || SSL_pending(tls_) == 0) {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(within.count())) <= 0) return false;
  }
  char bytes[16 * 1024];
  const auto got = tls_ != nullptr ? SSL_read(tls_, bytes, sizeof bytes) : ::recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

Reply RawClient::reply(bool to_head) {
  Reply out;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) return out;
  out.status = std::stoi(buffer_.substr(9, 3));
  std::size_t at = buffer_.find("\r\n") + 2;
  while (at < end) {
    const auto line_end = buffer_.find("\r\n", at);
    const auto colon = buffer_.find(": ", at);
    out.headers[lower(buffer_.substr(at, colon - at))] = buffer_.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  buffer_.erase(0, end + 4);
  if (to_head || out.headers.count("content-length") == 0) return out;
  const std::size_t size = std::stoul(out.headers["content-length"]);
  while (buffer_.size() < size)
    if (!fill()) break;
  out.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return out;
}

int RawClient::upgrade(const std::string& target, const std::string& more_headers) {
  get(target,
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
          more_headers);
  return reply().status;
}

void RawClient::send_frame(websocket_codec::Opcode opcode, std::string_view payload, bool final_fragment) {
  std::string out;
  websocket_codec::append_masked_frame(out, {opcode, final_fragment, {1, 2, 3, 4}}, payload);
  send(out);
}

std::optional<Frame> RawClient::frame() {
  while (true) {
    const auto got = parser_.next(rest_);
    if (got.kind != websocket_codec::Incoming::Kind::kNeedMore)
      return Frame{got.kind, got.code, std::string(got.payload)};
    if (buffer_.empty() && !fill()) return std::nullopt;
    parsing_ = std::exchange(buffer_, {});
    rest_ = parsing_;
  }
}

std::string RawClient::text() {
  const auto got = frame();
  return got && got->kind == websocket_codec::Incoming::Kind::kText ? got->payload : "";
}

bool RawClient::ended(std::chrono::milliseconds within) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (std::chrono::steady_clock::now() < deadline) {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, 50) <= 0) continue;
    buffer_.clear();
    if (!fill(0ms)) return true;
  }
  return false;
}

std::size_t RawClient::skip() {
  if (buffer_.empty() && !fill()) return 0;
  return std::exchange(buffer_, {}).size();
}

bool RawClient::silent_for(std::chrono::milliseconds time) {
  return buffer_.empty() && rest_.empty() && !fill(time);
}

struct EngineTest::Recorder final : Listener {
  Recorder(EngineTest& t, Session& s) : test(t), session(s) {}
  void on_text(std::string_view payload) override {
    if (test.echo_) session.send_text(payload);
  }
  void on_binary(std::string_view payload) override {
    if (test.echo_) session.send_binary(payload);
  }
  void on_pong(std::uint64_t number) override {
    const std::lock_guard lock(test.mutex_);
    test.pongs_.push_back(number);
    test.changed_.notify_all();
  }
  void on_drain() override {
    const std::lock_guard lock(test.mutex_);
    ++test.drains_;
  }
  void on_close(CloseReason reason) override {
    const std::lock_guard lock(test.mutex_);
    if (test.newest_ == &session) test.newest_ = nullptr;
    test.closed_.push_back(reason);
    test.changed_.notify_all();
  }
  EngineTest& test;
  Session& session;
};

EngineTest::~EngineTest() {
  server_.reset();
  shards_.clear();
}

ServerOptions EngineTest::calm() {
  ServerOptions options;
  options.max_payload = 1000;
  return options;
}

std::uint16_t EngineTest::start(ServerOptions options, std::size_t shards) {
  std::vector<aio::Shard*> running;
  for (std::size_t i = 0; i < shards; ++i) {
    shards_.push_back(std::make_unique<aio::Shard>(aio::ShardIndex{static_cast<std::uint16_t>(i)}, clock_));
    shards_.back()->start();
    running.push_back(shards_.back().get());
  }
  server_ = std::make_unique<Server>(std::move(options), running, clock_);
  server_->on_session([this](Session& session, const Handshake&) -> std::unique_ptr<Listener> {
    if (refuse_sessions_) return nullptr;
    auto recorder = std::make_unique<Recorder>(*this, session);
    {
      const std::lock_guard lock(mutex_);
      newest_ = &session;
    }
    if (opened_) opened_(session);
    return recorder;
  });
  if (http_) server_->on_http(http_);
  const auto listening = server_->listen("127.0.0.1", 0);
  EXPECT_TRUE(listening.ok());
  port_ = listening.value();
  return port_;
}

std::string EngineTest::handshake() {
  RawClient client(port_);
  return sid_of(client.ask("/engine.io/?EIO=4&transport=polling").body);
}

template <class T>
std::optional<T> EngineTest::take(std::vector<T>& from) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return !from.empty(); })) return std::nullopt;
  const T first = from.front();
  from.erase(from.begin());
  return first;
}

std::optional<CloseReason> EngineTest::next_close() {
  return take(closed_);
}
std::uint64_t EngineTest::next_pong() {
  return take(pongs_).value_or(0);
}

int EngineTest::drains() {
  const std::lock_guard lock(mutex_);
  return drains_;
}

void EngineTest::with_session(const std::function<void(Session&)>& work) {
  Session* session = nullptr;
  {
    const std::lock_guard lock(mutex_);
    session = newest_;
  }
  ASSERT_NE(session, nullptr);
  std::promise<void> done;
  session->shard().post([&] {
    work(*session);
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace engineio::testing
