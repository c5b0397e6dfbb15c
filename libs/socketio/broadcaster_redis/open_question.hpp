#pragma once
// A question of ours that waits for the other nodes. Internal to ClusterNode.

#include <utility>

#include "aio/shard.hpp"
#include "socketio/broadcaster_redis/cluster_node.hpp"

namespace broadcaster_redis {

struct ClusterNode::Open {
  Open(ClusterNode& asking, Question asked)
      : node(asking), question(std::move(asked)), timer(aio::Timer::member<&Open::on_timeout>(*this)) {}
  void on_timeout() { node.finish(question.request_id); }
  [[nodiscard]] bool complete() const {
    if (question.kind == QuestionKind::kBroadcast && answers.answers.size() < answers.expected) return false;
    return servers_heard >= servers;
  }
  /// With what has come.
  void deliver() {
    if (question.on_sockets) question.on_sockets(std::move(sockets));
    if (question.on_answers) question.on_answers(std::move(answers));
    if (question.on_rooms) question.on_rooms(std::move(rooms));
  }
  /// False: not an answer to this question.
  bool take(PeerMessage& message);

  ClusterNode& node;
  Question question;
  std::size_t servers = 1;  // without ourselves; known once Redis has counted
  std::size_t servers_heard = 0;
  std::vector<socketio::RemoteSocket> sockets;
  socketio::BroadcastAnswers answers;
  std::vector<std::string> rooms;
  aio::Timer timer;
};

}  // namespace broadcaster_redis
