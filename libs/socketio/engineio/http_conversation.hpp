#pragma once
// HttpConversation: HTTP/1.1 on one connection (RFC 9112): keep-alive, pipelining, limits and deadlines. Requests are
// handled as they come, also while earlier ones wait (a parked poll must not hold up the POST behind it); answers leave
// in the order of the requests. Each request has a slot until it is answered. A parser exists only while a request is
// being read.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "socketio/engineio/engine_query.hpp"
#include "socketio/engineio/http.hpp"
#include "socketio/engineio/http_parser.hpp"
#include "socketio/engineio/protocol.hpp"
#include "socketio/engineio/url.hpp"

namespace engineio {

class Connection;
class EngineSession;
struct Handshake;

struct Answer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool close = false;
  std::shared_ptr<void> held = nullptr;  // HttpResponse::held
};

class HttpConversation final : public Protocol {
 public:
  explicit HttpConversation(Connection& connection);
  ~HttpConversation() override;

  /// Once per slot. Ignored for a slot that was answered already.
  void answer(std::uint32_t slot, Answer answer);
  void answer_poll(std::uint32_t slot, std::string body);
  void answer_post(std::uint32_t slot);
  void host_answered(std::uint64_t awaited, HttpResponse response);
  /// Empty body.
  void answer_refused(std::uint32_t slot, int status);
  /// The slot holds a poll or POST of this session: the session hears when the connection is lost. False: it is lost
  /// already, and the session must not keep this conversation.
  [[nodiscard]] bool attach_session(std::uint32_t slot, EngineSession& session);
  /// The session of the POST being received is over: its connection is dropped (socketio.md §3.8).
  void drop_post(EngineSession& session);
  /// The same, but the POST is only refused when it is complete.
  void forget_session(EngineSession& session);

  [[nodiscard]] Connection& connection() const noexcept { return connection_; }

  void on_bytes(std::span<char> bytes) override;
  void on_end() override;
  void on_lost() override;
  void on_deadline() override;
  void on_written(bool waited) override;
  void on_blocked() override;
  void on_resume() override;
  void on_moved() override;
  void on_drain() override;

 private:
  struct Slot {
    std::uint32_t number = 0;
    bool head_only = false;
    bool http11 = true;
    bool keep_alive = true;
    bool ready = false;
    int refused = 0;                   // HttpRequest::refused, if the host words a refusal
    std::uint64_t awaited = 0;         // the host's answer, if it is what we wait for
    EngineSession* session = nullptr;  // of a poll or POST
    std::string headers;               // CORS and the like, as they will be written
    std::string response;              // once ready, while an earlier slot is not
    std::shared_ptr<void> held;        // once ready
  };
  /// A request that is being read.
  struct Reading {
    explicit Reading(const HttpLimits& limits) : parser(limits) {}
    HttpParser parser;
    base::SteadyTime started{};
    base::SteadyTime body_started{};
    base::SteadyTime next_check{};     // of the body's rate
    EngineSession* posting = nullptr;  // begin_post() succeeded
    int refusal = 0;                   // status for this request, whatever its body says
  };

  void process(std::span<char> input);
  /// One step; false when it needs more input or must wait.
  bool advance(std::span<char>& input);
  bool start_reading(std::span<char>& input);
  bool begin_request();
  void begin_post(const Target& target);
  bool finish_request(std::span<char>& rest);
  void refuse_request(int status);
  void refuse_engine(std::uint32_t slot, const RequestHead& head, const Refusal& refusal);
  void finish_engine_request(Reading& reading, const Target& target);
  // `number`: the slot. It may be gone when an earlier answer turned out to be the connection's last.
  void finish_without_session(std::uint32_t number, const RequestHead& head, const EngineQuery& query);
  void finish_session_request(std::uint32_t number, Reading& reading, const EngineQuery& query, EngineSession& session);
  void finish_handshake(std::uint32_t number, const RequestHead& head, const Target& target, const EngineQuery& query);
  void open_websocket(std::uint32_t number, const RequestHead& head, const EngineQuery& query, EngineSession* session,
                      const Handshake* handshake);
  /// CORS and the like: of every answer on the engine's path.
  [[nodiscard]] std::string engine_headers(const RequestHead& head) const;
  bool host_words_refusal(Reading& reading, int status);
  void finish_host_request(Reading& reading, Target target, int refused);
  Slot& open_slot(const RequestHead& head);
  Slot* find_slot(std::uint32_t number);
  /// Answers that the system has not taken yet.
  [[nodiscard]] std::size_t owed_bytes() const;
  void write_ready();
  void forget_slots();
  void resume_later();
  void update_deadline();
  [[nodiscard]] base::SteadyTime input_deadline() const;
  void close_after_answers();
  void watch_output();
  [[nodiscard]] bool output_is_read() const;

  static constexpr auto kNever = base::SteadyTime::max();

  Connection& connection_;
  std::unique_ptr<Reading> reading_;
  std::vector<Slot> slots_;
  std::string stash_;                        // input that could not be used yet
  std::vector<std::shared_ptr<void>> held_;  // of answers that are in the output
  base::SteadyTime idle_since_;              // accepted, or the last answer; empty lines do not count
  base::SteadyTime output_check_ = kNever;   // of the rate at which waiting answers are read
  std::size_t output_taken_ = 0;             // when the time to that check began
  std::uint32_t next_slot_ = 1;
  bool fresh_ : 1 = true;             // nothing has been asked yet
  bool input_over_ : 1 = false;       // the last request was read, or nothing after this can be trusted
  bool last_request_ : 1 = false;     // nothing more is read; closed when all is answered
  bool waiting_to_move_ : 1 = false;  // the request being read belongs to another shard
  bool in_process_ : 1 = false;
  bool switched_ : 1 = false;  // the connection speaks WebSocket now
};

}  // namespace engineio
