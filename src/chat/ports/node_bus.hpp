#pragma once
// What the nodes of a cluster tell each other for speed. Nothing here is true or necessary (I8): a node that hears
// nothing finds the same in the store, only later.

#include <functional>

#include "chat/model/ids.hpp"
#include "chat/model/message.hpp"

namespace chat {

struct NodeNote {
  enum class Kind : std::uint8_t {
    kCommitted,    // the store's commit log has grown: look there
    kPresence,     // `user` came (`on`) or went; `at`: when it was said, or last seen. With a `peer`: for nobody else
    kTyping,       // `user` types (`on`) to `peer`, or stopped
    kRepeat,       // who says this may have missed something: the others tell once more who is online with them
    kReconnected,  // by the bus itself, never published: what was told before, here or there, may have been lost
  };
  Kind kind = Kind::kCommitted;
  UserId user;
  UserId peer;
  bool on = false;
  WallTime at{};
};

class NodeBus {
 public:
  virtual ~NodeBus() = default;
  /// To all other nodes; never waits, may be lost, repeated or late. Any thread.
  virtual void publish(const NodeNote& note) = 0;
  /// `hear` is called on a thread of the bus and must not wait. Once, before the first publish().
  virtual void listen(std::function<void(const NodeNote&)> hear) = 0;
  /// False: what is published now is lost, and nothing is heard. Any thread.
  [[nodiscard]] virtual bool up() const = 0;
};

}  // namespace chat
