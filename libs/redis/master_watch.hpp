#pragma once
// MasterWatch: knows which server is the master of a group, because a Sentinel says so: asked once, then listened to.
// When the Sentinel is lost the next one is asked. Internal; shard thread only (or no thread, once it has stopped).

#include <memory>
#include <optional>

#include "aio/timer_wheel.hpp"
#include "base/task.hpp"
#include "redis/link.hpp"

namespace redis {

class MasterWatch final : private Link::Owner {
 public:
  /// Also with an address that was known already.
  using MasterCallback = base::Function<void(const Address& master)>;
  MasterWatch(aio::Shard& shard, const Options& options, MasterCallback on_master);
  ~MasterWatch() override;
  MasterWatch(const MasterWatch&) = delete;
  MasterWatch& operator=(const MasterWatch&) = delete;

  void start() { link_->start(); }
  /// The last that was heard of, whether or not a Sentinel is there now.
  [[nodiscard]] const std::optional<Address>& master() const { return master_; }

 private:
  void on_ready() override;
  void on_lost() override { keepalive_.cancel(); }
  void on_reply(Reply reply) override;
  void on_keepalive();
  void take_answer(const Reply& reply);
  void take_switch(std::string_view announcement);
  void learn(std::string_view host, std::string_view port);

  aio::Shard& shard_;
  const Options options_;
  MasterCallback on_master_;
  std::optional<Address> master_;
  bool asked_ = false;  // the next reply is the answer
  bool heard_ = false;  // anything since the last sign of life was asked for
  aio::Timer keepalive_;
  std::shared_ptr<Link> link_;
};

}  // namespace redis
