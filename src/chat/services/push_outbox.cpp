#include "chat/services/push_outbox.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "chat/rules/push_backoff.hpp"

namespace chat {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kOthersJobs{1000};         // what other nodes put into the store wakes nobody here
constexpr milliseconds kLongestSleep{30'000};     // a wall clock that was set is noticed by then
constexpr milliseconds kLaneBusyPause{100};       // the lane's queue was full
constexpr milliseconds kStoreFailedPause{1'000};  // before the store is read again
constexpr milliseconds kUnknownPause{60'000};     // a job whose rows could not be read
constexpr milliseconds kBehindProbe{5'000};       // a job whose service is being probed by another one
constexpr std::size_t kMostCircuits = 256;        // parts in trouble at once; more are only held back job by job
constexpr WallTime kLastDue = kPushHeld - milliseconds(1);

}  // namespace

PushOutbox::PushOutbox(PushOutboxParts parts, PushOutboxOptions options)
    : parts_(parts), options_(options), review_(parts.store, parts.cipher, options.pseudonym_key, options.data_only) {}

PushOutbox::~PushOutbox() {
  stop();
}

void PushOutbox::add_provider(PushProvider& provider) {
  CHECK(!thread_.joinable());
  services_.emplace_back(provider, parts_.metrics.lane(provider.kind()));
}

void PushOutbox::start() {
  CHECK(!thread_.joinable());
  thread_ = std::thread([this] { run(); });
}

void PushOutbox::stop() {
  stopping_ = true;
  signal_->wake();
  if (thread_.joinable()) thread_.join();
}

void PushOutbox::run() {
  auto give_up = base::SteadyTime::max();
  for (;;) {
    static_cast<void>(signal_->take_due());
    while (run_once()) continue;
    const auto now = parts_.clock.steady_now();
    if (stopping_) {
      if (give_up == base::SteadyTime::max()) give_up = now + options_.stop_wait;
      if (flights_.empty() || now >= give_up) return;
    }
    auto known = WallTime::max();
    for (const auto& service : services_) known = std::min(known, service.next_due);
    const auto until = std::min({next_deadline(), give_up, now + kLongestSleep});
    // Rounded up: waking a moment early would only mean waking twice.
    if (until > now) signal_->wait(known, std::chrono::ceil<milliseconds>(until - now));
  }
}

bool PushOutbox::run_once() {
  bool any = take_inbox();
  any |= hand_back();
  if (stopping_) return any;
  for (auto& service : services_) any |= fill(service);
  return hand_back() || any;
}

base::SteadyTime PushOutbox::next_deadline() const {
  auto at = answered_.empty() ? base::SteadyTime::max() : hand_back_at_;
  if (stopping_) return at;
  for (const auto& service : services_) at = std::min(at, service.look_at);
  return at;
}

bool PushOutbox::take_inbox() {
  std::vector<std::pair<Key, PushResult>> answers;
  std::vector<Key> settled;
  {
    const std::lock_guard lock(inbox_->mutex);
    answers.swap(inbox_->answers);
    settled.swap(inbox_->settled);
  }
  for (auto& [key, result] : answers) on_answer(key, std::move(result));
  for (const auto& key : settled) {
    const auto flight = flights_.find(key);
    if (flight == flights_.end()) continue;
    --flight->second.service->flights;
    flights_.erase(flight);
  }
  return !answers.empty() || !settled.empty();
}

void PushOutbox::on_answer(const Key& key, PushResult result) {
  const auto found = flights_.find(key);
  if (found == flights_.end() || !found->second.asked) return;
  auto& flight = found->second;
  auto& service = *flight.service;
  flight.asked = false;
  --service.asked;
  service.metrics.count(result.outcome);
  if (result.outcome == PushOutcome::kAccepted) {
    const std::chrono::duration<double> waited = parts_.clock.wall_now() - flight.done.job.due;
    service.metrics.seconds->observe(std::max(0.0, waited.count()));
  }
  note(service, flight, result);
  flight.done.result = std::move(result);
  answered_.push_back(key);
}

/// What the answer says about the service itself.
void PushOutbox::note(Service& service, const Flight& flight, const PushResult& result) {
  auto& circuits = service.circuits;
  if (!circuits.contains(flight.part) && circuits.size() >= kMostCircuits) return;
  auto& circuit = circuits[flight.part];
  const bool stopped = circuit.stopped();
  circuit.answered(result.outcome, result.retry_after, flight.sent, parts_.clock.steady_now(), parts_.random.next());
  if (circuit.stopped() && !stopped) {
    base::log::error("a push provider refuses this server: its jobs wait until that is put right",
                     {{"provider", service.provider.kind()}, {"detail", result.detail}});
  }
  if (circuit.fresh()) circuits.erase(flight.part);
  const bool any =
      std::any_of(circuits.begin(), circuits.end(), [](const auto& each) { return each.second.stopped(); });
  service.metrics.stopped->set(any ? 1 : 0);
}

bool PushOutbox::hand_back() {
  const auto now = parts_.clock.steady_now();
  if (answered_.empty() || now < hand_back_at_) return false;
  bool any = false;
  while (!answered_.empty()) {
    const Key key = answered_.front();
    auto command = push_done_command(flights_.at(key).done, [inbox = inbox_, signal = signal_, key] {
      {
        const std::lock_guard lock(inbox->mutex);
        inbox->settled.push_back(key);
      }
      signal->wake();
    });
    if (!parts_.lane.submit(command)) {
      hand_back_at_ = now + kLaneBusyPause;
      return any;
    }
    answered_.pop_front();
    any = true;
  }
  return any;
}

PushCircuit::Door PushOutbox::door(const Service& service, const std::string& part) const {
  const auto found = service.circuits.find(part);
  return found == service.circuits.end() ? PushCircuit::Door::kOpen : found->second.door(parts_.clock.steady_now());
}

bool PushOutbox::probing(const Service& service, const std::string& part) const {
  return std::any_of(flights_.begin(), flights_.end(), [&](const auto& each) {
    return each.second.asked && each.second.service == &service && each.second.part == part;
  });
}

bool PushOutbox::fill(Service& service) {
  const auto steady = parts_.clock.steady_now();
  const auto now = parts_.clock.wall_now();
  service.next_due = WallTime::max();
  service.look_at = base::SteadyTime::max();  // an answer, or the lane, wakes us
  if (options_.leads) {
    service.look_at = steady + kOthersJobs;
    if (!options_.leads()) return false;
  }
  const auto whole = door(service, {});
  if (whole == PushCircuit::Door::kShut) {
    service.look_at = service.circuits.at({}).reopens();
    return false;
  }
  const std::size_t most = whole == PushCircuit::Door::kOne ? 1 : options_.concurrency;
  if (service.asked >= most || service.flights >= 2 * options_.concurrency) return false;
  const auto free = most - service.asked;
  const auto limit = free + service.flights;
  const auto jobs = parts_.store.due_push_jobs(service.provider.kind(), now, limit);
  if (!jobs) {
    service.look_at = steady + kStoreFailedPause;
    return false;
  }
  std::size_t asked = 0;
  std::size_t taken = 0;
  for (const auto& job : jobs.value()) {
    if (asked == free) break;
    if (flights_.contains({job.user, job.device})) continue;
    ++taken;
    asked += take(service, job) ? 1 : 0;
  }
  if (asked < free && jobs->size() < limit) find_next_due(service, now);
  return taken > 0;
}

void PushOutbox::find_next_due(Service& service, WallTime now) {
  const auto next = parts_.store.due_push_jobs(service.provider.kind(), kLastDue, service.flights + 1);
  if (!next) return;
  for (const auto& job : next.value()) {
    if (flights_.contains({job.user, job.device})) continue;
    service.next_due = job.due;
    service.look_at =
        std::min(service.look_at,
                 parts_.clock.steady_now() + std::clamp<milliseconds>(job.due - now, milliseconds(1), kLongestSleep));
    return;
  }
}

bool PushOutbox::take(Service& service, const PushJob& job) {
  const auto now = parts_.clock.wall_now();
  auto verdict = review_.look(job, now);
  if (verdict.need == PushReview::Need::kNone) {
    service.metrics.count(PushOutcome::kNotNeeded);
    finish_unasked(service, job, PushOutcome::kNotNeeded, {});
    return false;
  }
  if (verdict.need == PushReview::Need::kUnknown) {
    finish_unasked(service, job, PushOutcome::kNone, now + kUnknownPause);
    return false;
  }
  auto part = service.provider.part(verdict.request.address);
  const auto way = door(service, part);
  const auto random = parts_.random.next();
  if (!part.empty() && way == PushCircuit::Door::kShut) {
    const auto wait = service.circuits.at(part).reopens() - parts_.clock.steady_now();
    finish_unasked(service, job, PushOutcome::kNone, now + jittered(std::chrono::ceil<milliseconds>(wait), random));
    return false;
  }
  if (!part.empty() && way == PushCircuit::Door::kOne && probing(service, part)) {
    finish_unasked(service, job, PushOutcome::kNone, now + jittered(kBehindProbe, random));
    return false;
  }
  ask(service, job, std::move(verdict.request), std::move(part));
  return true;
}

void PushOutbox::finish_unasked(Service& service, const PushJob& job, PushOutcome outcome, WallTime not_before) {
  const Key key(job.user, job.device);
  auto& flight = flights_[key];
  flight.service = &service;
  flight.done.job = job;
  flight.done.result.outcome = outcome;
  flight.done.not_before = not_before;
  ++service.flights;
  answered_.push_back(key);
}

void PushOutbox::ask(Service& service, const PushJob& job, PushRequest request, std::string part) {
  const Key key(job.user, job.device);
  auto& flight = flights_[key];
  flight.service = &service;
  flight.part = std::move(part);
  flight.sent = parts_.clock.steady_now();
  flight.asked = true;
  flight.done.job = job;
  flight.done.address = request.address;
  ++service.flights;
  ++service.asked;
  service.provider.send(std::move(request), [inbox = inbox_, signal = signal_, key](PushResult result) {
    {
      const std::lock_guard lock(inbox->mutex);
      inbox->answers.emplace_back(key, std::move(result));
    }
    signal->wake();
  });
}

}  // namespace chat
