#pragma once
// LocalNamespace: which sockets of one shard are joined to one namespace, and in which rooms. Internal; shard thread
// only. A socket's own id is a room without being stored as one.

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "socketio/server/namespace.hpp"
#include "socketio/server/socket.hpp"

namespace socketio {

class Hub;

class LocalNamespace {
 public:
  LocalNamespace(Hub& hub, std::shared_ptr<Namespace> space, bool dynamic);

  [[nodiscard]] Hub& hub() const { return hub_; }
  [[nodiscard]] Namespace& space() const { return *space_; }
  [[nodiscard]] const std::string& name() const { return space_->name(); }
  [[nodiscard]] bool dynamic() const { return dynamic_; }

  /// Sockets that are connecting or joined: while there are any, the namespace is kept.
  void hold() { ++held_; }
  void release() { --held_; }
  [[nodiscard]] bool unused() const { return held_ == 0; }

  void add(Socket& socket);
  /// Out of every room.
  void remove(Socket& socket);
  bool join(Socket& socket, std::string_view room);
  void leave(Socket& socket, std::string_view room);
  [[nodiscard]] static bool is_in(const Socket& socket, std::string_view room);

  /// Each selected socket once. A copy: what is done to them may change the rooms.
  [[nodiscard]] std::vector<Socket*> select(const Selection& selection) const;
  /// Ids of sockets included.
  [[nodiscard]] std::vector<std::string> room_names() const;
  [[nodiscard]] std::size_t size() const { return sockets_.size(); }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return boost::hash<std::string_view>{}(text); }
    std::size_t operator()(const Socket* socket) const { return (*this)(socket->id()); }
  };
  struct SameId {
    using is_transparent = void;
    bool operator()(const Socket* a, const Socket* b) const { return a == b; }
    bool operator()(const Socket* a, std::string_view b) const { return a->id() == b; }
    bool operator()(std::string_view a, const Socket* b) const { return a == b->id(); }
  };
  using Members = boost::unordered_flat_set<Socket*>;

  void leave_index(Socket& socket, std::string_view room);
  [[nodiscard]] Broadcaster* broadcaster() const;
  void append_room(std::vector<Socket*>& to, std::string_view room) const;

  Hub& hub_;
  std::shared_ptr<Namespace> space_;
  bool dynamic_;
  std::size_t held_ = 0;
  boost::unordered_flat_set<Socket*, TextHash, SameId> sockets_;
  boost::unordered_flat_map<std::string, Members, TextHash, std::equal_to<>> rooms_;
};

}  // namespace socketio
