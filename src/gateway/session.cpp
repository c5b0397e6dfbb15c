#include "gateway/session.hpp"

#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "wire/events.hpp"
#include "wire/scalars.hpp"
#include "wire/shapes.hpp"

namespace gateway {
namespace {

/// A client that does not drain in this time is announced all the same (interface: "5 s after ready").
constexpr std::chrono::seconds kAnnounceAfter{5};
/// New friends of one moment whose state waits for the log; beyond it they are told at once, in any order.
constexpr std::size_t kMostWaiting = 64;

void append_ready(std::string& out, const chat::UserId& user, const chat::DeviceId& device,
                  const chat::Attached& attached) {
  base::JsonWriter(out)
      .begin_object()
      .member("userId", user.hex())
      .member("device", device.value)
      .member("epoch", attached.epoch)
      .member("head", attached.head.value)
      .member("position", attached.position.value)
      .member("recovered", attached.recovered)
      .member("reset", attached.reset)
      .end_object();
}

}  // namespace

class Session::Port final : public chat::LiveSession {
 public:
  Port(Session* session, base::Executor& executor) : session_(session), executor_(executor) {}

  [[nodiscard]] base::Executor& executor() const override { return executor_; }
  void on_hint(chat::Hint hint) override {
    if (session_ != nullptr) session_->pump_.on_hint(std::move(hint));
  }
  void on_transient(const chat::TransientEvent& event) override {
    if (session_ != nullptr) session_->on_transient(event);
  }
  void on_end(chat::EndReason reason) override {
    if (session_ != nullptr) session_->end(reason);
  }
  void on_cut() override {
    if (session_ != nullptr) session_->close_transport();
  }

  [[nodiscard]] Session* session() const { return session_; }
  void clear() { session_ = nullptr; }

 private:
  Session* session_;
  base::Executor& executor_;
};

Session* Session::session_of(const std::shared_ptr<Port>& port) {
  return port->session();
}

struct Session::Admission {
  socketio::Decision decision;
};

Session::Session(Gateway& gateway, socketio::SocketRef socket, const chat::AccessClaims& claims,
                 const ConnectPayload& payload)
    : gateway_(gateway),
      room_(gateway.room_here()),
      socket_(socket),
      port_(std::make_shared<Port>(this, room_.place.executor)),
      user_(claims.user),
      login_(claims.login),
      device_(payload.device.value_or(claims.device)),
      connection_(gateway.next_connection_.fetch_add(1, std::memory_order_relaxed)),
      pump_(*this, gateway.options_.pump),
      timer_(aio::Timer::member<&Session::on_timer>(*this)),
      batch_(payload.batch),
      heartbeat_(payload.confirm.value_or(gateway.options_.confirm) == Confirm::kHeartbeat) {}

Session::~Session() {
  port_->clear();
}

void Session::start(Gateway& gateway, const socketio::ConnectRequest& request, socketio::Decision decision,
                    const chat::AccessClaims& claims, ConnectPayload payload) {
  auto* session = new Session(gateway, request.socket.ref(), claims, payload);  // on_disconnect deletes it
  session->admission_ = std::make_unique<Admission>(Admission{std::move(decision)});
  request.socket.set_handler(*session);
  gateway.counters_.authenticating_now.fetch_add(1, std::memory_order_relaxed);
  chat::AttachRequest attach{.user = session->user_,
                             .login = session->login_,
                             .device = session->device_,
                             .connection = session->connection_,
                             .handshake_accepted = request.handshake != nullptr ? request.handshake->accepted
                                                                                : gateway.services_.clock.steady_now(),
                             .resume = std::move(payload.resume),
                             .session = session->port_};
  session->messaging().attach(std::move(attach), session->room_.place.executor,
                              [port = session->port_](std::variant<chat::Attached, chat::Refusal> answer) {
                                if (port->session() != nullptr) port->session()->on_attached(std::move(answer));
                              });
}

void Session::on_attached(std::variant<chat::Attached, chat::Refusal> answer) {
  if (const auto* refusal = std::get_if<chat::Refusal>(&answer)) return refuse(*refusal);
  const auto& attached = std::get<chat::Attached>(answer);
  auto admission = take_admission();
  auto port = port_;  // accept() may end this session when the connection has just died
  admission->decision.accept();
  if (port->session() == nullptr) return;
  const auto* socket = socket_.get();
  if (socket == nullptr || !socket->joined()) return;  // its connection is closing: on_disconnect is on its way
  joined_ = true;
  if (ended_early_) return end(*ended_early_);
  if (attached.replaced) {
    gateway_.counters_.connects_replaced.fetch_add(1, std::memory_order_relaxed);
    return end(chat::EndReason::kReplaced);
  }
  begin(attached);
}

std::unique_ptr<Session::Admission> Session::take_admission() {
  gateway_.counters_.authenticating_now.fetch_sub(1, std::memory_order_relaxed);
  return std::move(admission_);
}

void Session::refuse(const chat::Refusal& refusal) {
  auto& counters = gateway_.counters_;
  auto& counter = refusal.code == chat::ErrorCode::kUnauthorized ? counters.connects_unauthorized
                  : refusal.code == chat::ErrorCode::kInvalid    ? counters.connects_invalid
                  : refusal.code == chat::ErrorCode::kOverloaded ? counters.connects_overloaded
                                                                 : counters.connects_failed;
  counter.fetch_add(1, std::memory_order_relaxed);
  auto admission = take_admission();
  std::string data;
  append_connect_error(data, refusal);
  admission->decision.refuse(chat::to_string(refusal.code), data);  // on_disconnect follows: this is gone
}

void Session::begin(const chat::Attached& attached) {
  auto& counters = gateway_.counters_;
  counters.connects_accepted.fetch_add(1, std::memory_order_relaxed);
  if (attached.recovered) {
    counters.reconnects_recovered.fetch_add(1, std::memory_order_relaxed);
  } else if (attached.reset) {
    counters.reconnects_reset.fetch_add(1, std::memory_order_relaxed);
  } else if (attached.returning) {
    counters.reconnects_plain.fetch_add(1, std::memory_order_relaxed);
  }
  counters.sessions_now.fetch_add(1, std::memory_order_relaxed);
  if (gateway_.options_.rooms) enter_rooms(*socket_.get());
  room_.scratch.clear();
  append_ready(room_.scratch, user_, device_, attached);
  socket_.get()->emit("ready", room_.scratch);
  begun_ = true;
  ready_at_ = now();
  announce_at_ = ready_at_ + kAnnounceAfter;
  pump_.start(attached, {.batch = batch_, .confirm_by_heartbeat = heartbeat_, .seed = room_.jitter.next()});
  arm_timer();
}

void Session::enter_rooms(socketio::Socket& socket) const {
  const std::string user = user_.hex();
  socket.join("user:" + user);
  socket.join("device:" + user + ':' + device_.value);
}

void Session::end(chat::EndReason reason) {
  auto* socket = socket_.get();
  if (socket == nullptr) return;
  if (!joined_) {  // its login ended between the lane's answer and ours
    ended_early_ = reason;
    return;
  }
  room_.scratch.clear();
  wire::append_session_expired(room_.scratch, reason);
  socket->emit("session_expired", room_.scratch);
  socket->disconnect(socketio::DisconnectScope::kConnection);  // on_disconnect comes inside: this is gone
}

void Session::on_disconnect(socketio::DisconnectReason reason) {
  if (base::log::enabled(base::log::Level::kDebug))
    base::log::debug("session ended", {{"user", base::log::tag(user_.view())}, {"reason", to_string(reason)}});
  auto& counters = gateway_.counters_;
  if (begun_) counters.sessions_now.fetch_sub(1, std::memory_order_relaxed);
  if (admission_) counters.authenticating_now.fetch_sub(1, std::memory_order_relaxed);
  // A client that answers and leaves in one breath has answered: its author hears of it, and no push is owed.
  pump_.leave();
  messaging().detach(user_, device_, connection_, pump_.sent());
  delete this;
}

void Session::on_transient(const chat::TransientEvent& event) {
  if (!joined_) return;
  const auto* presence = std::get_if<chat::PresenceEvent>(&event);
  if (presence == nullptr || !waits_for_the_log(*presence)) tell(event);
}

/// The state of a new friend must not overtake the entry that says so; what comes later about the same user replaces
/// it.
bool Session::waits_for_the_log(const chat::PresenceEvent& event) {
  for (auto& waiting : waiting_) {
    if (waiting.user != event.user) continue;
    const auto after = std::max(waiting.after, event.after);
    waiting = event;
    waiting.after = after;
    return true;
  }
  if (event.after <= pump_.sent() || waiting_.size() == kMostWaiting) return false;
  waiting_.push_back(event);
  return true;
}

void Session::tell_what_waited() {
  std::erase_if(waiting_, [this](const chat::PresenceEvent& event) {
    if (event.after > pump_.sent()) return false;
    tell(event);
    return true;
  });
}

void Session::tell(const chat::TransientEvent& event) {
  auto* socket = socket_.get();
  if (socket == nullptr) return;
  room_.scratch.clear();
  wire::append_event_data(room_.scratch, event);
  socket->emit(wire::event_name(event), room_.scratch);
}

void Session::announce() {
  announce_at_ = base::SteadyTime::max();
  if (announced_) return;
  announced_ = true;
  messaging().announce(user_, connection_);
}

void Session::on_timer() {
  auto port = port_;
  if (now() >= announce_at_) announce();
  if (now() >= pump_.next_deadline()) pump_.on_tick();
  if (port->session() != nullptr) arm_timer();
}

void Session::arm_timer() {
  const auto due = std::min(pump_.next_deadline(), announce_at_);
  // A deadline that moved away is noticed when the timer fires; moving it each time would cost more.
  if (due == base::SteadyTime::max() || (timer_.armed() && timer_.deadline() <= due)) return;
  room_.place.timers.arm(timer_, due);
}

}  // namespace gateway
