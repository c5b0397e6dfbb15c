// Reading requests and writing answers; what requests mean is in http_engine_requests.cpp.
#include "socketio/engineio/http_conversation.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "socketio/engineio/answer_gate.hpp"
#include "socketio/engineio/engine_session.hpp"
#include "socketio/engineio/forwarded.hpp"
#include "socketio/engineio/http_reply.hpp"
#include "socketio/engineio/shard_server.hpp"

namespace engineio {

namespace {
/// Between two looks at the rate of a slow body.
constexpr std::chrono::milliseconds kRateCheck{1'000};

/// A target that cannot be parsed is whose its text begins as.
bool is_under(std::string_view path, const std::optional<Target>& parsed, std::string_view target) {
  return parsed ? parsed->path.starts_with(path) : without_authority(target).starts_with(path);
}
}  // namespace

HttpConversation::HttpConversation(Connection& connection)
    : connection_(connection), idle_since_(connection.server().now()) {
  update_deadline();
}
HttpConversation::~HttpConversation() = default;

// --- reading ---

void HttpConversation::on_bytes(std::span<char> bytes) {
  if (stash_.empty()) return process(bytes);
  std::string all = std::exchange(stash_, {});
  all.append(bytes.data(), bytes.size());
  process(all);
}

void HttpConversation::process(std::span<char> input) {
  in_process_ = true;
  while (advance(input)) {
  }
  in_process_ = false;
  if (switched_ || connection_.dead() || last_request_) return;
  if (reading_ && reading_->refusal != 0 && reading_->parser.state() == HttpParser::State::kBody) {
    refuse_request(reading_->refusal);
    return update_deadline();
  }
  stash_.assign(input.data(), input.size());
  if (stash_.empty()) stash_.shrink_to_fit();
  update_deadline();
}

bool HttpConversation::start_reading(std::span<char>& input) {
  input = input.subspan(leading_empty_lines({input.data(), input.size()}));
  // The other half of an empty line may be in the next segment.
  if (input.empty() || (input.size() == 1 && input.front() == '\r')) return false;
  const auto& options = connection_.server().context().options;
  // Both, and between the requests of one read too: an answer that comes at once frees its slot at once.
  if (slots_.size() >= options.http.pipelined || owed_bytes() > options.stop_reading_above) {
    connection_.pause_input(true);
    return false;
  }
  reading_ = std::make_unique<Reading>(options.http);
  reading_->started = connection_.server().now();
  return true;
}

bool HttpConversation::advance(std::span<char>& input) {
  if (input_over_ || last_request_ || connection_.dead()) {
    input = {};
    return false;
  }
  if (!reading_ && !start_reading(input)) return false;
  auto& parser = reading_->parser;
  switch (parser.state()) {
    case HttpParser::State::kHead:
    case HttpParser::State::kBody: {
      const auto before = parser.state();
      const std::size_t used = parser.feed({input.data(), input.size()});
      input = input.subspan(used);
      return parser.state() != before;
    }
    case HttpParser::State::kHeadDone:
      return begin_request();
    case HttpParser::State::kDone:
      return finish_request(input);
    case HttpParser::State::kFailed:
      refuse_request(parser.status());
      return false;
  }
  return false;
}

bool HttpConversation::begin_request() {
  auto& server = connection_.server();
  const auto& options = server.context().options;
  const RequestHead& head = reading_->parser.head();
  fresh_ = false;
  const auto target = parse_target(head.target);
  if (!target) {
    refuse_request(400);
    return false;
  }
  const bool engine = target->path.starts_with(options.path);
  if (engine) {
    const auto sid = target->query.find("sid");
    const auto home = sid == target->query.end() ? server.index() : server.shard_of(sid->second);
    if (home != server.index()) {
      // Requests that still wait for an answer belong to this shard: they go first.
      waiting_to_move_ = true;
      connection_.pause_input(true);
      if (slots_.empty()) connection_.move_to(home);
      return false;
    }
    if (head.method == "POST") begin_post(*target);
  }
  if (connection_.dead() || last_request_) return false;
  reading_->body_started = server.now();
  reading_->next_check = reading_->body_started + options.http.header_deadline;
  reading_->parser.accept_body(engine ? options.max_payload : options.http.body);
  if (head.expects_continue && reading_->parser.state() == HttpParser::State::kBody && slots_.empty() &&
      reading_->refusal == 0) {
    connection_.output() += "HTTP/1.1 100 Continue\r\n\r\n";
    connection_.wrote();
  }
  return true;
}

bool HttpConversation::finish_request(std::span<char>& rest) {
  const auto reading = std::move(reading_);
  auto& counters = connection_.server().context().counters;
  counters.http_requests.fetch_add(1, std::memory_order_relaxed);
  auto target = parse_target(reading->parser.head().target);
  if (target->path.starts_with(connection_.server().context().options.path)) {
    finish_engine_request(*reading, *target);
    // It was refused after all, and the session, which lives to the end of the turn at least, must not keep us.
    if (reading->posting != nullptr) reading->posting->abandon_post(*this);
  } else {
    finish_host_request(*reading, std::move(*target), 0);
  }
  if (!switched_) return true;
  if (!connection_.dead() && !connection_.closing()) connection_.protocol().on_bytes(rest);
  rest = {};
  return false;
}

void HttpConversation::refuse_request(int status) {
  auto& counters = connection_.server().context().counters;
  (status == 408 ? counters.timed_out : counters.bad_http).fetch_add(1, std::memory_order_relaxed);
  const auto reading = std::move(reading_);
  if (reading->parser.state() == HttpParser::State::kHead) reading->parser.name_request(stash_);
  if (host_words_refusal(*reading, status)) return;
  auto* posting = std::exchange(reading->posting, nullptr);
  const RequestHead& head = reading->parser.head();
  Slot& slot = open_slot(head);
  slot.keep_alive = false;
  // A browser does not show a page the status of an answer without them.
  if (is_under(connection_.server().context().options.path, parse_target(head.target), head.target))
    slot.headers = engine_headers(head);
  input_over_ = true;
  const auto number = slot.number;
  if (posting != nullptr) {
    constexpr int kTooLarge = 413;
    posting->abandon_post(*this);
    // Not conversation_lost(): a poll that waits on this connection is still to be answered, with the session's end.
    if (status != kTooLarge) posting->misuse();  // the reference server keeps the session of a body that is too long
  }
  answer_refused(number, status);
}

/// On all paths but the engine's: their clients expect the host's form of an error. Whose the request is must be known.
bool HttpConversation::host_words_refusal(Reading& reading, int status) {
  const auto& context = connection_.server().context();
  const RequestHead& head = reading.parser.head();
  if (!context.on_http || head.method.empty() || reading.posting != nullptr) return false;
  auto target = parse_target(head.target);
  if (is_under(context.options.path, target, head.target)) return false;
  constexpr int kTargetTooLong = 414;  // only its beginning is there
  if (!target || status == kTargetTooLong) target.emplace();
  finish_host_request(reading, std::move(*target), status);
  return true;
}

void HttpConversation::finish_host_request(Reading& reading, Target target, int refused) {
  auto& server = connection_.server();
  RequestHead head = reading.parser.head();
  head.keep_alive = head.keep_alive && refused == 0;
  const auto number = open_slot(head).number;
  if (!server.context().on_http) return answer_refused(number, 404);
  HttpRequest request;
  const auto sender = sender_of(server.context(), connection_.peer(), connection_.secure(), head);
  request.address = sender.address;
  request.secure = sender.secure;
  request.from_trusted = sender.trusted;
  request.method = std::move(head.method);
  request.target = std::move(head.target);
  request.path = std::move(target.path);
  request.query = std::move(target.query);
  for (auto& [name, value] : head.headers) {
    auto [at, fresh] = request.headers.try_emplace(name, std::move(value));
    if (!fresh) at->second.append(", ").append(value);
  }
  request.refused = refused;
  if (refused == 0) request.body = std::move(reading.parser.body());
  const auto awaited = server.expect_answer(*this);
  Slot& slot = *find_slot(number);
  slot.awaited = awaited;
  slot.refused = refused;
  server.context().on_http(std::move(request), AnswerGate::responder(server.gate(), awaited));
}

// --- answering ---

HttpConversation::Slot& HttpConversation::open_slot(const RequestHead& head) {
  Slot& slot = slots_.emplace_back();
  slot.number = next_slot_++;
  slot.head_only = head.method == "HEAD";
  slot.http11 = head.http11;
  slot.keep_alive = head.keep_alive && !connection_.server().context().draining.load(std::memory_order_relaxed);
  input_over_ = input_over_ || !slot.keep_alive;
  return slot;
}

HttpConversation::Slot* HttpConversation::find_slot(std::uint32_t number) {
  const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& s) { return s.number == number; });
  return found == slots_.end() ? nullptr : &*found;
}

std::size_t HttpConversation::owed_bytes() const {
  std::size_t bytes = connection_.unsent();
  for (const auto& slot : slots_) bytes += slot.response.size();
  return bytes;
}

void HttpConversation::host_answered(std::uint64_t awaited, HttpResponse response) {
  connection_.server().forget_answer(awaited);
  const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& s) { return s.awaited == awaited; });
  if (found == slots_.end()) return;
  found->awaited = 0;
  const int status = found->refused != 0 ? found->refused : response.status;
  answer(found->number,
         Answer{status, std::move(response.headers), std::move(response.body), false, std::move(response.held)});
}

void HttpConversation::answer(std::uint32_t number, Answer answer) {
  Slot* slot = find_slot(number);
  if (slot == nullptr || slot->ready || connection_.dead()) return;
  const auto& context = connection_.server().context();
  slot->session = nullptr;
  slot->ready = true;
  slot->held = std::move(answer.held);
  slot->keep_alive = slot->keep_alive && !answer.close && !context.draining.load(std::memory_order_relaxed);
  input_over_ = input_over_ || !slot->keep_alive;  // what comes behind could not be answered
  ReplyHead head;
  head.status = answer.status;
  head.http11 = slot->http11;
  head.keep_alive = slot->keep_alive;
  head.keep_alive_seconds =
      static_cast<long>(std::chrono::duration_cast<std::chrono::seconds>(context.options.http.keep_alive_idle).count());
  head.date = connection_.server().http_date();
  const bool next = slot == slots_.data();
  append_reply(next ? connection_.output() : slot->response, head, answer.headers, slot->headers, answer.body,
               slot->head_only);
  if (next) write_ready();
}

void HttpConversation::write_ready() {
  while (!slots_.empty() && slots_.front().ready && !last_request_) {
    connection_.output() += slots_.front().response;
    if (slots_.front().held) held_.push_back(std::move(slots_.front().held));
    last_request_ = !slots_.front().keep_alive;
    slots_.erase(slots_.begin());
  }
  if (slots_.empty()) slots_.shrink_to_fit();
  connection_.wrote();
  if (last_request_) {
    forget_slots();  // what still waits behind a "Connection: close" is never answered
    return close_after_answers();
  }
  if (slots_.empty() && waiting_to_move_) return resume_later();
  if (!stash_.empty() || reading_ == nullptr) resume_later();
  update_deadline();
}

void HttpConversation::resume_later() {
  if (!in_process_ && (!stash_.empty() || waiting_to_move_)) connection_.server().read_later(connection_);
}

void HttpConversation::on_resume() {
  if (switched_ || last_request_) return;
  connection_.pause_input(false);
  std::string input = std::exchange(stash_, {});
  if (waiting_to_move_ || !input.empty()) process(input);
}

void HttpConversation::answer_poll(std::uint32_t slot, std::string body) {
  answer(
      slot,
      Answer{
          200, {{"Content-Type", "text/plain; charset=UTF-8"}, {"cache-control", "no-store"}}, std::move(body), false});
}

void HttpConversation::answer_post(std::uint32_t slot) {
  answer(slot, Answer{200, {{"Content-Type", "text/html"}, {"cache-control", "no-store"}}, "ok", false});
}

void HttpConversation::answer_refused(std::uint32_t slot, int status) {
  answer(slot, Answer{status, {}, {}, false});
}

// --- what happens to the connection ---

bool HttpConversation::attach_session(std::uint32_t number, EngineSession& session) {
  Slot* slot = find_slot(number);
  if (slot == nullptr || slot->ready) return false;
  slot->session = &session;
  return true;
}

void HttpConversation::forget_session(EngineSession& session) {
  if (reading_ && reading_->posting == &session) reading_->posting = nullptr;
}

void HttpConversation::drop_post(EngineSession& session) {
  forget_session(session);
  connection_.abort();
}

void HttpConversation::on_end() {
  const bool polling = std::any_of(slots_.begin(), slots_.end(), [](const Slot& s) { return s.session != nullptr; });
  if (reading_ || polling) return connection_.abort();
  if (slots_.empty()) return close_after_answers();
  slots_.back().keep_alive = false;  // the host still owes answers; a half-closed client may read them
  input_over_ = true;
}

/// Whoever would answer must not find this conversation any more, nor this one a session that ends for it.
void HttpConversation::forget_slots() {
  if (reading_ && reading_->posting != nullptr) std::exchange(reading_->posting, nullptr)->conversation_lost(*this);
  for (auto& slot : std::exchange(slots_, {})) {
    if (slot.awaited != 0) connection_.server().forget_answer(slot.awaited);
    if (slot.session != nullptr) slot.session->conversation_lost(*this);
  }
}

void HttpConversation::on_lost() {
  last_request_ = true;
  forget_slots();
}

void HttpConversation::update_deadline() {
  if (connection_.dead() || connection_.closing() || switched_) return;
  const auto due = std::min(input_deadline(), output_check_);
  due == kNever ? connection_.clear_deadline() : connection_.set_deadline(due);
}

base::SteadyTime HttpConversation::input_deadline() const {
  const auto& limits = connection_.server().context().options.http;
  if (reading_ && waiting_to_move_) return kNever;
  if (reading_ && reading_->parser.state() == HttpParser::State::kHead)
    return reading_->started + limits.header_deadline;
  if (reading_) return reading_->next_check;
  // Nothing is unsent, but on_written() is still to come: idleness begins there.
  const bool just_sent = connection_.taken() > 0;
  if (connection_.unsent() > 0 || just_sent || !slots_.empty()) return kNever;
  return idle_since_ + (fresh_ ? limits.first_byte : limits.keep_alive_idle);
}

/// As much longer as a reader who is just fast enough needs: the check of its rate ends here.
void HttpConversation::close_after_answers() {
  const auto& limits = connection_.server().context().options.http;
  const auto seconds = connection_.unsent() / std::max<std::size_t>(limits.minimum_output_per_second, 1);
  connection_.close_after_flush(limits.last_answer + std::chrono::seconds(seconds));
}

void HttpConversation::watch_output() {
  const auto& server = connection_.server();
  output_check_ = server.now() + server.context().options.http.output_check;
  output_taken_ = connection_.taken();
}

bool HttpConversation::output_is_read() const {
  const auto& limits = connection_.server().context().options.http;
  const std::chrono::duration<double> time = limits.output_check;
  const double wanted = time.count() * static_cast<double>(limits.minimum_output_per_second);
  return static_cast<double>(connection_.taken() - output_taken_) >= wanted;
}

void HttpConversation::on_deadline() {
  auto& server = connection_.server();
  if (server.now() >= output_check_) {
    // The system tells that it takes more only when much of its buffer is free; what it would take counts, too.
    connection_.flush();
    if (connection_.dead() || output_check_ == kNever) return;
    if (!output_is_read()) {
      server.context().counters.timed_out.fetch_add(1, std::memory_order_relaxed);
      return connection_.abort();
    }
    watch_output();
    return update_deadline();
  }
  if (!reading_) {
    if (fresh_) server.context().counters.timed_out.fetch_add(1, std::memory_order_relaxed);
    return close_after_answers();
  }
  if (reading_->parser.state() == HttpParser::State::kBody) {
    const std::chrono::duration<double> passed = server.now() - reading_->body_started;
    const double wanted = passed.count() * static_cast<double>(server.context().options.http.minimum_bytes_per_second);
    if (static_cast<double>(reading_->parser.body_received()) >= wanted) {
      reading_->next_check = server.now() + kRateCheck;
      return update_deadline();
    }
  }
  refuse_request(408);
  update_deadline();  // the answer may have to wait, for the host or for earlier ones
}

void HttpConversation::on_written(bool) {
  output_check_ = kNever;
  held_.clear();
  idle_since_ = connection_.server().now();
  if (reading_ == nullptr) resume_later();  // a request may have waited for this
  update_deadline();
}
void HttpConversation::on_blocked() {
  // Only the first time: neither further answers nor a few bytes now and then put the check off.
  if (output_check_ == kNever) watch_output();
  update_deadline();
}

void HttpConversation::on_moved() {
  waiting_to_move_ = false;
  connection_.pause_input(false);
  std::string input = std::exchange(stash_, {});
  process(input);
}

void HttpConversation::on_drain() {
  if (!slots_.empty() || reading_) return;
  connection_.unsent() == 0 ? connection_.abort() : close_after_answers();
}

}  // namespace engineio
