#pragma once
// ClusterRouter: commands of one key each to a Redis Cluster (URLs redis+cluster://). Any node that the options name
// tells which master answers for which slot; a pipelined connection leads to each of them. Redirections are followed;
// what another moment may cure (TRYAGAIN, CLUSTERDOWN, LOADING, a new master that is being connected to) is tried again
// until the command's time is over. A master that is lost fails its commands at once, those of the others do not
// notice.
//
//   command ─> owner of the slot ─> reply ─────────────────────────────────> callback
//                 ^   ^               │ MOVED: the map learns, ASK: this once
//                 │   └───────────────┤
//                 └── waiting <───────┘ TRYAGAIN …, and after several redirections in a row
//
// Shard thread only, destroyed there or after the shard has stopped, not inside a callback. Every callback is called
// exactly once, never inside the call that handed it over; those that still wait then hear kStopped. What is called for
// one key is carried out in order, except around a redirection: whoever needs an order waits for the reply.

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aio/timer_wheel.hpp"
#include "base/clock.hpp"
#include "redis/commands.hpp"
#include "redis/slot_map.hpp"

namespace redis {

class ClusterRouter {
 public:
  /// True: a master has been connected to, for the first time or again; what it remembers is to be made sure of. Comes
  /// once for several that come together. False: none is connected any more. May call command(), not destroy this.
  using StateCallback = base::Function<void(bool ready)>;

  /// options.endpoint.seeds are not empty. max_pending_commands and max_unsent_bytes are for all masters together.
  ClusterRouter(aio::Shard& shard, const Options& options, StateCallback on_state = {});
  ~ClusterRouter();
  ClusterRouter(const ClusterRouter&) = delete;
  ClusterRouter& operator=(const ClusterRouter&) = delete;

  void start() { scout_.start(); }
  [[nodiscard]] bool ready() const { return ready_; }
  /// `words` touch `key` and nothing else. A reply or an error comes within twice options.command_timeout.
  void command(std::string_view key, std::span<const std::string_view> words, CommandCallback done = {});
  /// To any master; `words` touch no key.
  void command_anywhere(std::span<const std::string_view> words, CommandCallback done = {});
  /// Commands whose callback has not been called.
  [[nodiscard]] std::size_t pending() const { return orders_; }

 private:
  struct Order;
  struct Node;
  using OrderPointer = std::unique_ptr<Order>;
  using Outcome = base::Result<Reply, CommandError>;

  void submit(std::optional<std::uint16_t> slot, std::span<const std::string_view> words, CommandCallback done);
  void dispatch(OrderPointer order);
  void send(Node& node, OrderPointer order);
  void replied(OrderPointer order, const Address& from, Outcome outcome);
  void redirect(OrderPointer order, const Redirection& redirection);
  void wait(OrderPointer order);
  void retry();
  void finish(OrderPointer order, Outcome outcome);
  void fail_later(OrderPointer order, CommandError error);

  Node* node_for(const Address& address);
  Node* any_node();
  void on_node(const Address& address, bool connected);
  void report_soon();
  void report();
  [[nodiscard]] bool any_connected() const;

  void want_map();
  void ask_for_map();
  void learn(const Outcome& outcome, const std::string& asked_host);
  void adopt(SlotMap map);
  void leave_unwanted();
  [[nodiscard]] bool is_whole() const;

  aio::Shard& shard_;
  const Options options_;
  StateCallback on_state_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // callbacks that were posted may come after the end
  std::optional<SlotMap> map_;
  std::map<Address, std::unique_ptr<Node>> nodes_;
  std::vector<OrderPointer> waiting_;
  std::size_t orders_ = 0;
  std::size_t held_bytes_ = 0;  // of all orders
  std::size_t turn_ = 0;        // whose turn it is to be asked, or to do what any can do
  bool ready_ = false;
  bool map_wanted_ = false;
  bool map_asked_ = false;
  base::SteadyTime next_question_{};
  std::chrono::milliseconds pause_{};  // between questions while the cluster is not whole
  aio::Timer retry_timer_;
  aio::Timer report_timer_;
  aio::Timer map_timer_;
  Commands scout_;  // to one of the nodes that the options name
};

}  // namespace redis
