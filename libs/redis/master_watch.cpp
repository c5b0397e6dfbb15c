#include "redis/master_watch.hpp"

#include <utility>

#include "aio/shard.hpp"
#include "base/read_number.hpp"

namespace redis {

namespace {

constexpr std::string_view kSwitched = "+switch-master";
/// The word after the last space; `text` keeps what stands before it.
std::string_view take_last_word(std::string_view& text) {
  const std::size_t space = text.rfind(' ');
  const bool alone = space == std::string_view::npos;
  const auto word = alone ? text : text.substr(space + 1);
  text = alone ? std::string_view() : text.substr(0, space);
  return word;
}

}  // namespace

MasterWatch::MasterWatch(aio::Shard& shard, const Options& options, MasterCallback on_master)
    : shard_(shard),
      options_(options),
      on_master_(std::move(on_master)),
      keepalive_(aio::Timer::member<&MasterWatch::on_keepalive>(*this)),
      link_(std::make_shared<Link>(shard, options, static_cast<Link::Owner&>(*this), Peer::kSentinel)) {}

MasterWatch::~MasterWatch() {
  link_->stop();
}

void MasterWatch::on_ready() {
  // In one write: no switch can come between the answer and the subscription.
  std::string bytes;
  append_command(bytes, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", options_.endpoint.group});
  append_command(bytes, {"SUBSCRIBE", kSwitched});
  asked_ = heard_ = true;
  shard_.timers().arm_after(keepalive_, options_.keepalive);
  if (!link_->send(bytes)) link_->give_up("takes nothing");
}

void MasterWatch::on_reply(Reply reply) {
  heard_ = true;
  if (std::exchange(asked_, false)) return take_answer(reply);
  if (reply.is_error()) return link_->give_up("subscription refused");
  const auto& parts = reply.elements;
  if (parts.size() == 3 && parts[0].text == "message") take_switch(parts[2].text);
}

void MasterWatch::take_answer(const Reply& reply) {
  if (reply.elements.size() != 2) return link_->give_up("knows no such group");
  link_->be_content();
  learn(reply.elements[0].text, reply.elements[1].text);
}

/// group, old host, old port, new host, new port; read from the end, because the group may have spaces in its name.
void MasterWatch::take_switch(std::string_view announcement) {
  const auto port = take_last_word(announcement), host = take_last_word(announcement);
  take_last_word(announcement);
  take_last_word(announcement);
  if (announcement == options_.endpoint.group) learn(host, port);
}

void MasterWatch::learn(std::string_view host, std::string_view port) {
  Address master{.host = std::string(host), .port = 0};
  if (host.empty() || !base::read_number(port, master.port) || master.port == 0) {
    return link_->give_up("not the protocol of Sentinel");
  }
  master_ = std::move(master);
  on_master_(*master_);
}

void MasterWatch::on_keepalive() {
  if (!heard_) return link_->give_up("silent");
  heard_ = false;
  std::string bytes;
  append_command(bytes, {"PING"});
  if (!link_->send(bytes)) return link_->give_up("takes nothing");
  shard_.timers().arm_after(keepalive_, options_.keepalive);
}

}  // namespace redis
