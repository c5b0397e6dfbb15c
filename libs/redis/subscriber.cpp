#include "redis/subscriber.hpp"

#include "aio/shard.hpp"

namespace redis {

namespace {

std::string_view subscribe_command(SubscriptionKind kind) {
  switch (kind) {
    case SubscriptionKind::kChannel:
      return "SUBSCRIBE";
    case SubscriptionKind::kPattern:
      return "PSUBSCRIBE";
    case SubscriptionKind::kSharded:
      return "SSUBSCRIBE";
  }
  return "";
}

std::string_view unsubscribe_command(SubscriptionKind kind) {
  switch (kind) {
    case SubscriptionKind::kChannel:
      return "UNSUBSCRIBE";
    case SubscriptionKind::kPattern:
      return "PUNSUBSCRIBE";
    case SubscriptionKind::kSharded:
      return "SUNSUBSCRIBE";
  }
  return "";
}

}  // namespace

Subscriber::Subscriber(aio::Shard& shard, const Options& options, MessageCallback on_message, StateCallback on_state)
    : shard_(shard),
      options_(options),
      on_message_(std::move(on_message)),
      on_state_(std::move(on_state)),
      keepalive_(aio::Timer::member<&Subscriber::on_keepalive>(*this)),
      link_(std::make_shared<Link>(shard, options, static_cast<Link::Owner&>(*this))) {}

Subscriber::~Subscriber() {
  link_->stop();
}

void Subscriber::subscribe(SubscriptionKind kind, std::string_view name) {
  if (!wanted_.emplace(std::pair(kind, std::string(name)), false).second) return;
  if (link_->ready()) ask(subscribe_command(kind), name);
}

void Subscriber::unsubscribe(SubscriptionKind kind, std::string_view name) {
  if (wanted_.erase({kind, std::string(name)}) == 0) return;
  if (link_->ready()) ask(unsubscribe_command(kind), name);
}

void Subscriber::ask(std::string_view command, std::string_view name) {
  std::string bytes;
  append_command(bytes, {command, name});
  ++unconfirmed_;
  if (!link_->send(bytes)) link_->give_up("more subscriptions than the server takes");
}

void Subscriber::on_ready() {
  unconfirmed_ = 0;
  heard_ = true;
  shard_.timers().arm_after(keepalive_, options_.keepalive);
  for (auto& [wanted, confirmed] : wanted_) {
    confirmed = false;
    ask(subscribe_command(wanted.first), wanted.second);
  }
  if (wanted_.empty()) on_state_(true);
}

void Subscriber::on_lost() {
  keepalive_.cancel();
  on_state_(false);
}

bool Subscriber::listens(SubscriptionKind kind, std::string_view name) const {
  const auto at = link_->ready() ? wanted_.find({kind, std::string(name)}) : wanted_.end();
  return at != wanted_.end() && at->second;
}

void Subscriber::confirmed(SubscriptionKind kind, const std::string& name, bool subscribed) {
  const auto at = wanted_.find({kind, name});
  if (at != wanted_.end()) at->second = subscribed;
  if (unconfirmed_ > 0) {
    if (--unconfirmed_ == 0) on_state_(true);
  } else if (!subscribed && at != wanted_.end()) {
    link_->give_up("subscription taken away");  // a cluster moved its slot
  }
}

void Subscriber::on_reply(Reply reply) {
  heard_ = true;
  if (reply.is_error()) return link_->give_up("subscription refused");
  const auto& parts = reply.elements;
  if (parts.empty()) return;  // a pong from before the first subscription
  const std::string& what = parts[0].text;
  if (what == "pmessage" && parts.size() == 4) {
    return on_message_({SubscriptionKind::kPattern, parts[1].text, parts[2].text, parts[3].text});
  }
  if ((what == "message" || what == "smessage") && parts.size() == 3) {
    const auto kind = what == "message" ? SubscriptionKind::kChannel : SubscriptionKind::kSharded;
    return on_message_({kind, {}, parts[1].text, parts[2].text});
  }
  if (!what.ends_with("subscribe") || parts.size() < 2) return;
  const auto kind = what[0] == 'p'                                      ? SubscriptionKind::kPattern
                    : what.starts_with("ss") || what.starts_with("sun") ? SubscriptionKind::kSharded
                                                                        : SubscriptionKind::kChannel;
  confirmed(kind, parts[1].text, what.find("un") == std::string::npos);
}

void Subscriber::on_keepalive() {
  if (!heard_) return link_->give_up("silent");
  heard_ = false;
  std::string bytes;
  append_command(bytes, {"PING"});
  if (!link_->send(bytes)) return link_->give_up("takes nothing");
  shard_.timers().arm_after(keepalive_, options_.keepalive);
}

}  // namespace redis
