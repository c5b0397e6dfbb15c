#pragma once
// AnswerGate: where answers of the host application come in, from any thread and at any time, also after the
// connection, the shard's part of the server, or the server is gone: then they are dropped.

#include <cstdint>
#include <memory>
#include <mutex>

#include "aio/shard.hpp"
#include "socketio/engineio/http.hpp"

namespace engineio {

class ShardServer;

class AnswerGate : public std::enable_shared_from_this<AnswerGate> {
 public:
  AnswerGate(ShardServer& server, aio::Shard& shard) : server_(&server), shard_(shard) {}

  void deliver(std::uint64_t number, HttpResponse response);
  /// Shard thread, or no thread at all any more. Afterwards neither server nor shard is touched.
  void close();
  /// The responder of one request; destroyed uncalled it answers 500.
  static HttpResponder responder(std::shared_ptr<AnswerGate> gate, std::uint64_t number);

 private:
  void hand_over(std::uint64_t number, HttpResponse response);

  std::mutex mutex_;
  ShardServer* server_;  // null once closed
  aio::Shard& shard_;
};

}  // namespace engineio
