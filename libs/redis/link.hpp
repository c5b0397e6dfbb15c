#pragma once
// Link: one connection to a server that comes back by itself. Connects, authenticates, selects the database, reads
// replies, gathers the writes of a turn; when anything fails it tells its owner, waits and starts anew. Internal; shard
// thread only (or no thread at all, once the shard has stopped).
//
//   start ─> connecting ─> greeting (AUTH, SELECT) ─> ready ─┐
//               ^                                            │ any failure: on_lost
//               └──────────── waiting (back-off) <───────────┘          stop() ends it for good
//
// Where Sentinels are to be asked, a MasterWatch says to which server; it is left when they name another one. To a
// Redis Cluster a link leads to any one of the nodes that are named, which must be part of a cluster that works;
// another try is made with the next one.

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "aio/timer_wheel.hpp"
#include "base/random.hpp"
#include "redis/options.hpp"
#include "redis/resp.hpp"

namespace aio {
class Shard;
}

namespace redis {

class MasterWatch;
class Stream;

/// kSentinel: the endpoint's Sentinels, one after the other.
enum class Peer : std::uint8_t { kServer, kSentinel };

class Link : public std::enable_shared_from_this<Link> {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_ready() = 0;
    /// After on_ready only. May not destroy the link.
    virtual void on_lost() = 0;
    virtual void on_reply(Reply reply) = 0;
  };

  Link(aio::Shard& shard, Options options, Owner& owner, Peer peer = Peer::kServer);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void start();
  /// The owner hears nothing any more.
  void stop();
  [[nodiscard]] bool ready() const { return state_ == State::kReady; }
  /// False: not ready, or too much unsent.
  bool send(std::string_view bytes);
  /// The peer is not what it should be: on_lost, and a new try.
  void give_up(const char* why);
  /// A Sentinel that was worth the connection: the next pause is the shortest again.
  void be_content() { pause_ = {}; }
  /// Of the current or the last try.
  [[nodiscard]] const Address& target() const { return target_; }

 private:
  enum class State : std::uint8_t { kIdle, kConnecting, kGreeting, kReady, kWaiting, kStopped };
  using StreamPointer = std::shared_ptr<Stream>;

  void connect();
  void open_stream();
  void on_master(const Address& master);
  void choose_target();
  void greet();
  void write_greeting();
  void add_greeting(std::initializer_list<std::string_view> words);
  void authenticate(const std::string& user, const std::string& password);
  [[nodiscard]] const char* why_unwanted(const Reply& last_greeting) const;
  void become_ready();
  void read_more();
  void handle_replies(const StreamPointer& stream);
  void handle_reply(Reply reply);
  void write_more();
  void on_timer();
  std::chrono::milliseconds next_pause();

  aio::Shard& shard_;
  const Options options_;
  Owner* owner_;
  const Peer peer_;
  State state_ = State::kIdle;
  std::unique_ptr<MasterWatch> watch_;  // none without Sentinels
  Address target_;
  std::size_t tries_ = 0;
  StreamPointer stream_;  // the current one: handlers of an older one do nothing
  Parser parser_;
  unsigned greetings_open_ = 0;
  std::string unsent_;
  std::shared_ptr<std::string> writing_;  // shared with the write that is under way
  bool flush_scheduled_ = false;
  std::chrono::milliseconds pause_{};
  base::SeededRandom random_;
  aio::Timer timer_;
};

}  // namespace redis
