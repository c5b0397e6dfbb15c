#include "redis/link.hpp"

#include <algorithm>
#include <utility>

#include "aio/shard.hpp"
#include "base/check.hpp"
#include "base/log.hpp"
#include "redis/master_watch.hpp"
#include "redis/stream.hpp"

namespace redis {

namespace {
constexpr std::size_t kReadBytes = 16 * 1024;

std::uint64_t random_seed() {
  base::SecureRandom random;
  return random.next();
}
}  // namespace

Link::Link(aio::Shard& shard, Options options, Owner& owner, Peer peer)
    : shard_(shard),
      options_(std::move(options)),
      owner_(&owner),
      peer_(peer),
      target_{options_.endpoint.host, options_.endpoint.port},
      random_(random_seed()),
      timer_(aio::Timer::member<&Link::on_timer>(*this)) {}

Link::~Link() = default;

void Link::start() {
  CHECK(state_ == State::kIdle);
  if (peer_ == Peer::kServer && !options_.endpoint.sentinels.empty()) {
    watch_ = std::make_unique<MasterWatch>(shard_, options_, [this](const Address& master) { on_master(master); });
    watch_->start();
  }
  connect();
}

void Link::stop() {
  state_ = State::kStopped;
  owner_ = nullptr;
  timer_.cancel();
  watch_.reset();
  if (const auto stream = std::exchange(stream_, nullptr)) stream->close();
}

void Link::connect() {
  state_ = State::kConnecting;
  shard_.timers().arm_after(timer_, options_.connect_timeout);
  if (watch_ && !watch_->master()) return;  // on_master() goes on
  choose_target();
  open_stream();
}

void Link::choose_target() {
  if (watch_) {
    target_ = *watch_->master();
    return;
  }
  const auto& choice = peer_ == Peer::kSentinel ? options_.endpoint.sentinels : options_.endpoint.seeds;
  if (!choice.empty()) target_ = choice[tries_++ % choice.size()];
}

void Link::on_master(const Address& master) {
  const bool under_way = state_ == State::kConnecting || state_ == State::kGreeting || state_ == State::kReady;
  if (!under_way) return;  // the next try takes it
  if (stream_) return master == target_ ? void() : give_up("another master");
  target_ = master;
  open_stream();
}

void Link::open_stream() {
  parser_ = Parser(options_.replies);
  stream_ = make_stream(shard_.io(), options_, target_);
  if (!stream_) return give_up("tls settings");
  stream_->connect([self = shared_from_this(), stream = stream_](const char* failure, std::size_t) {
    if (self->stream_ != stream) return;
    if (failure != nullptr) return self->give_up(failure);
    self->greet();
  });
}

void Link::greet() {
  state_ = State::kGreeting;
  unsent_.clear();
  greetings_open_ = 0;
  write_greeting();
  write_more();
  read_more();
}

void Link::write_greeting() {
  const Endpoint& endpoint = options_.endpoint;
  if (peer_ == Peer::kSentinel) {
    authenticate(endpoint.sentinel_user, endpoint.sentinel_password);
    return add_greeting({"PING"});
  }
  authenticate(endpoint.user, endpoint.password);
  // Also for database 0: the answer shows that a Redis is there, that lets us in and has loaded its data.
  add_greeting({"SELECT", std::to_string(endpoint.database)});
  if (watch_) add_greeting({"ROLE"});
  if (!endpoint.seeds.empty()) add_greeting({"CLUSTER", "INFO"});
}

void Link::add_greeting(std::initializer_list<std::string_view> words) {
  append_command(unsent_, words);
  ++greetings_open_;
}

void Link::authenticate(const std::string& user, const std::string& password) {
  if (password.empty()) return;
  if (user.empty()) return add_greeting({"AUTH", password});
  add_greeting({"AUTH", user, password});
}

void Link::become_ready() {
  state_ = State::kReady;
  if (peer_ == Peer::kServer) be_content();
  timer_.cancel();
  base::log::debug("redis_connected", {{"host", target_.host}, {"port", target_.port}});
  owner_->on_ready();
}

void Link::read_more() {
  const auto buffer = std::make_shared<std::array<char, kReadBytes>>();
  stream_->read(buffer->data(), buffer->size(),
                [self = shared_from_this(), stream = stream_, buffer](const char* failure, std::size_t size) {
                  if (self->stream_ != stream) return;
                  if (failure != nullptr) return self->give_up(failure);
                  self->parser_.feed({buffer->data(), size});
                  self->handle_replies(stream);
                });
}

void Link::handle_replies(const StreamPointer& stream) {
  while (stream_ == stream) {
    auto reply = parser_.next();
    if (!reply.ok()) return give_up("not the protocol of Redis");
    if (!*reply) return read_more();
    handle_reply(std::move(**reply));
  }
}

void Link::handle_reply(Reply reply) {
  if (state_ == State::kReady) return owner_->on_reply(std::move(reply));
  if (reply.is_error()) return give_up("refused");
  if (--greetings_open_ > 0) return;
  if (const char* why = why_unwanted(reply)) return give_up(why);
  become_ready();
}

const char* Link::why_unwanted(const Reply& last_greeting) const {
  // What a Sentinel says may be older than the truth.
  if (watch_ && (last_greeting.elements.empty() || last_greeting.elements[0].text != "master")) return "not the master";
  // A node that has lost the others hears nothing that is published elsewhere.
  const bool in_cluster = peer_ == Peer::kServer && !options_.endpoint.seeds.empty();
  if (in_cluster && last_greeting.text.find("cluster_state:ok") == std::string::npos) return "its cluster is down";
  return nullptr;
}

bool Link::send(std::string_view bytes) {
  if (state_ != State::kReady) return false;
  const std::size_t under_way = writing_ ? writing_->size() : 0;
  if (unsent_.size() + under_way + bytes.size() > options_.max_unsent_bytes) return false;
  unsent_ += bytes;
  if (!writing_ && !std::exchange(flush_scheduled_, true)) {
    shard_.at_end_of_turn([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->flush_scheduled_ = false;
      if (self->state_ == State::kReady) self->write_more();
    });
  }
  return true;
}

void Link::write_more() {
  if (writing_ || unsent_.empty()) return;
  writing_ = std::make_shared<std::string>(std::exchange(unsent_, {}));
  stream_->write(*writing_,
                 [self = shared_from_this(), stream = stream_, bytes = writing_](const char* failure, std::size_t) {
                   if (self->stream_ != stream) return;
                   self->writing_.reset();
                   if (failure != nullptr) return self->give_up(failure);
                   self->write_more();
                 });
}

void Link::give_up(const char* why) {
  if (state_ == State::kStopped || state_ == State::kWaiting) return;
  const bool was_ready = state_ == State::kReady;
  state_ = State::kWaiting;
  if (const auto stream = std::exchange(stream_, nullptr)) stream->close();
  unsent_.clear();
  writing_.reset();
  const auto pause = next_pause();
  base::log::warning("redis_lost",
                     {{"host", target_.host}, {"port", target_.port}, {"cause", why}, {"retry_ms", pause.count()}});
  shard_.timers().arm_after(timer_, pause);
  if (was_ready) owner_->on_lost();
}

std::chrono::milliseconds Link::next_pause() {
  pause_ = pause_.count() == 0 ? options_.reconnect_first : std::min(pause_ * 2, options_.reconnect_last);
  const auto half = static_cast<std::uint64_t>(pause_.count() / 2 + 1);
  return std::chrono::milliseconds(pause_.count() / 2 + static_cast<std::int64_t>(random_.next() % half));
}

void Link::on_timer() {
  if (state_ == State::kWaiting) return connect();
  if (state_ == State::kConnecting || state_ == State::kGreeting) give_up("connect timeout");
}

}  // namespace redis
