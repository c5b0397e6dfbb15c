#pragma once
// Friend requests, friendships, blocks.

#include "chat/services/accounts.hpp"

namespace chat {

struct FriendView {
  User user;  // id and username are shown
  bool online = false;
};
struct RequestView {
  User user;
  WallTime at{};
};
struct Requests {
  std::vector<RequestView> incoming;
  std::vector<RequestView> outgoing;
};

class Relations {
 public:
  virtual ~Relations() = default;

  virtual void friends(const Caller& caller, base::Executor& on, Reply<std::vector<FriendView>> reply) = 0;
  virtual void requests(const Caller& caller, base::Executor& on, Reply<Requests> reply) = 0;
  /// Always accepted to the eye: unknown and blocking users answer alike. Crossing requests accept each other.
  virtual void request(const Caller& caller, std::variant<UserId, std::string> to, base::Executor& on,
                       Reply<std::monostate> reply) = 0;
  virtual void accept(const Caller& caller, UserId from, base::Executor& on, Reply<std::monostate> reply) = 0;
  virtual void decline(const Caller& caller, UserId from, base::Executor& on, Reply<std::monostate> reply) = 0;
  virtual void remove(const Caller& caller, UserId friend_id, base::Executor& on, Reply<std::monostate> reply) = 0;
  virtual void block(const Caller& caller, UserId whom, base::Executor& on, Reply<std::monostate> reply) = 0;
  virtual void unblock(const Caller& caller, UserId whom, base::Executor& on, Reply<std::monostate> reply) = 0;
  virtual void blocked(const Caller& caller, base::Executor& on, Reply<std::vector<User>> reply) = 0;
};

}  // namespace chat
