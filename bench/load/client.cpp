#include "client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>

namespace load {
namespace {

std::uint64_t number_at(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The number behind the last `"name":` of `text`; 0 when it is not there.
std::uint64_t number_member(std::string_view text, std::string_view name) {
  const auto at = text.rfind(name);
  return at == std::string_view::npos ? 0 : number_at(text.substr(at + name.size()));
}

std::uint64_t microseconds(Time time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count());
}

std::uint32_t elapsed_us(Time since) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - since).count());
}

}  // namespace

Client::~Client() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Client::Client(Client&& other) noexcept
    : options_(other.options_), self_(other.self_), peer_(other.peer_), tally_(other.tally_) {
  // Only fresh clients move (while the vector of them is built).
}

bool Client::connect() {
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) {
    std::perror("socket");
    return false;
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  if (::inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr) != 1) {
    std::fprintf(stderr, "%s is not an IPv4 address\n", options_.host.c_str());
    return false;
  }
  // One source address has some 28 000 ports; more connections than that take further loopback addresses.
  const int one = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 && errno != EINPROGRESS) {
    std::perror("connect");
    return false;
  }
  state_ = State::kConnecting;
  out_ = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: " + options_.host +
         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n";
  return true;
}

void Client::write_text(std::string_view payload) {
  // A zero masking key leaves the payload as it is: legal on the wire, and the generator's time is not what is
  // measured.
  out_ += static_cast<char>(0x81);
  if (payload.size() < 126) {
    out_ += static_cast<char>(0x80 | payload.size());
  } else {
    out_ += static_cast<char>(0x80 | 126);
    out_ += static_cast<char>(payload.size() >> 8);
    out_ += static_cast<char>(payload.size() & 255);
  }
  out_.append(4, '\0');
  out_ += payload;
}

bool Client::flush() {
  while (!out_.empty()) {
    const auto written = ::send(descriptor_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (written < 0) return errno == EAGAIN || errno == EINTR;
    out_.erase(0, static_cast<std::size_t>(written));
  }
  return true;
}

bool Client::on_writable() {
  if (state_ == State::kConnecting) state_ = State::kUpgrading;
  return flush();
}

bool Client::on_readable() {
  static char buffer[256 * 1024];
  for (;;) {
    const auto got = ::recv(descriptor_, buffer, sizeof buffer, 0);
    if (got == 0) return false;
    if (got < 0) {
      if (errno == EAGAIN || errno == EINTR) break;
      return false;
    }
    in_.append(buffer, static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < sizeof buffer) break;
  }
  std::size_t at = 0;
  if (state_ == State::kUpgrading) {
    const auto end = in_.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    if (!in_.starts_with("HTTP/1.1 101")) {
      std::fprintf(stderr, "upgrade refused: %.*s\n", static_cast<int>(in_.find('\r')), in_.data());
      return false;
    }
    state_ = State::kOpening;
    at = end + 4;
  }
  while (in_.size() - at >= 2) {
    const auto* head = reinterpret_cast<const unsigned char*>(in_.data() + at);
    std::size_t header = 2, length = head[1] & 127;
    if (length == 126) {
      header = 4;
      if (in_.size() - at < header) break;
      length = static_cast<std::size_t>(head[2]) << 8 | head[3];
    } else if (length == 127) {
      header = 10;
      if (in_.size() - at < header) break;
      length = 0;
      for (int i = 2; i < 10; ++i) length = length << 8 | head[i];
    }
    if (in_.size() - at < header + length) break;
    if ((head[0] & 15) == 8) return false;
    if ((head[0] & 15) == 1) on_frame(std::string_view(in_).substr(at + header, length));
    at += header + length;
  }
  in_.erase(0, at);
  if (in_.empty() && in_.capacity() > 64 * 1024) in_.shrink_to_fit();
  return state_ != State::kFailed && flush();
}

void Client::on_frame(std::string_view payload) {
  if (payload.empty()) return;
  if (payload[0] == '2') return write_text("3");
  if (payload[0] == '0') {
    std::string connect = "40{\"token\":\"" + self_.token + "\"";
    if (options_.batch) connect += ",\"batch\":true";
    write_text(connect + "}");
    state_ = State::kJoining;
    return;
  }
  if (payload.starts_with("40")) return;
  if (payload.starts_with("44")) {
    std::fprintf(stderr, "CONNECT refused: %.*s\n", static_cast<int>(payload.size()), payload.data());
    state_ = State::kFailed;
    return;
  }
  if (payload.starts_with("43")) return on_send_ack(payload.substr(2));
  if (payload.starts_with("42")) return on_event(payload.substr(2));
  if (payload.starts_with("41")) state_ = State::kFailed;
}

void Client::on_event(std::string_view payload) {
  const auto bracket = payload.find('[');
  if (bracket == std::string_view::npos) return;
  const auto ack_id = payload.substr(0, bracket);
  const auto event = payload.substr(bracket);
  if (event.starts_with("[\"receive_message\"")) return on_message(ack_id, event);
  if (event.starts_with("[\"message_status\"")) return on_status(event);
  if (event.starts_with("[\"receive_batch\"")) return on_batch(ack_id, event);
  if (event.starts_with("[\"ready\"")) {
    state_ = State::kReady;
  } else if (event.starts_with("[\"drained\"")) {
    drained_ = true;
  }
}

void Client::on_message(std::string_view ack_id, std::string_view event) {
  const auto seq = number_member(event, "\"seq\":");
  if (seq <= last_received_) ++tally_.disordered;
  last_received_ = seq;
  ++tally_.received;
  if (tally_.counting) {
    constexpr std::string_view kContent = "\"content\":\"";
    const auto at = event.find(kContent);
    const auto stamp = at == std::string_view::npos ? 0 : number_at(event.substr(at + kContent.size()));
    if (stamp != 0)
      tally_.receive_us.push_back(static_cast<std::uint32_t>(microseconds(std::chrono::steady_clock::now()) - stamp));
  }
  if (ack_id.empty()) return;
  std::string answer = "43";
  answer.append(ack_id).append("[]");
  write_text(answer);
  ++tally_.confirmed;
}

void Client::on_batch(std::string_view ack_id, std::string_view event) {
  constexpr std::string_view kKind = "\"kind\":\"message\"";
  for (auto at = event.find(kKind); at != std::string_view::npos; at = event.find(kKind, at + kKind.size())) {
    ++tally_.received;
    ++tally_.confirmed;
  }
  std::string answer = "43";
  answer.append(ack_id).append("[]");
  write_text(answer);
}

void Client::on_send_ack(std::string_view payload) {
  const auto id = number_at(payload);
  if (payload.find("\"ok\":true") == std::string_view::npos) {
    if (tally_.refused++ == 0)
      std::fprintf(stderr, "refused: %.*s\n", static_cast<int>(payload.size()), payload.data());
    return;
  }
  ++tally_.acked;
  for (auto& pending : pending_) {
    if (pending.ack_id != id) continue;
    pending.seq = number_member(payload, "\"seq\":");
    if (options_.completion == Completion::kDelivered) return;
    const Time since = pending.since;
    pending_.erase(pending_.begin() + (&pending - pending_.data()));
    return completed(since);
  }
}

void Client::on_status(std::string_view event) {
  if (event.find("\"status\":\"delivered\"") == std::string_view::npos) return;
  const auto up_to = number_member(event, "\"upTo\":");
  if (options_.completion != Completion::kDelivered) {
    ++tally_.delivered;
    return;
  }
  while (!pending_.empty() && pending_.front().seq != 0 && pending_.front().seq <= up_to) {
    const Time since = pending_.front().since;
    pending_.erase(pending_.begin());
    ++tally_.delivered;
    completed(since);
  }
}

void Client::completed(Time since) {
  ++tally_.completed;
  if (tally_.counting) tally_.completion_us.push_back(elapsed_us(since));
  if (sending_) send_one();
}

void Client::start_sending() {
  sending_ = true;
  while (pending_.size() < options_.outstanding) send_one();
}

void Client::send_one() {
  const Time now = std::chrono::steady_clock::now();
  char text[9000];
  const auto digits = std::to_string(microseconds(now));
  std::memset(text, 'x', options_.text_bytes);
  std::memcpy(text, digits.data(), digits.size());
  text[digits.size()] = ' ';
  std::string packet =
      "42" + std::to_string(next_ack_) + "[\"send_message\",{\"recipient\":\"" + peer_.user_id + "\",\"content\":\"";
  packet.append(text, options_.text_bytes);
  packet += "\",\"clientId\":\"" + digits + "-" + std::to_string(next_ack_) + "\"}]";
  write_text(packet);
  pending_.push_back({next_ack_, 0, now});
  ++next_ack_;
  ++tally_.sent;
}

}  // namespace load
