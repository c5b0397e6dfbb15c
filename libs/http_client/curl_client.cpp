#include "http_client/curl_client.hpp"

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/check.hpp"
#include "http_client/https_url.hpp"
#include "http_client/transfer.hpp"

namespace http_client {

namespace {

constexpr int kIdleMs = 60'000;             // a wake-up or curl's own timers end the wait earlier
constexpr long kMaxConnections = 64;        // in all; push services are few
constexpr long kMaxConnectionsPerHost = 4;  // for servers without HTTP/2, or at their limit of streams
constexpr long kMaxStreams = 100;           // RFC 9113 §6.5.2 recommends that servers allow this many

void start_curl_once() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(started == CURLE_OK);
}

bool readable_authorities(const std::string& file) {
  X509_STORE* const store = X509_STORE_new();
  CHECK(store != nullptr);
  const bool loaded = X509_STORE_load_file(store, file.c_str()) == 1;
  X509_STORE_free(store);
  ERR_clear_error();
  return loaded;
}

}  // namespace

/// The thread, what waits for it, and what it carries. `mutex_` guards the first three; the rest is the thread's own.
class CurlClient::Engine {
 public:
  Engine(CurlOptions options, const base::Clock& clock);
  ~Engine();
  void post(Request request, Answered done);
  void defer(base::Task task);
  void stop();

 private:
  struct Waiting {
    Request request;
    Answered done;
    base::Task task;  // instead of a request
  };

  void add(Waiting waiting);
  bool take(std::vector<Waiting>& waiting);
  void leave(std::size_t count);
  void run();
  void begin(Waiting waiting);
  void collect();
  void fail_all();

  std::mutex mutex_;
  std::vector<Waiting> waiting_;
  std::size_t under_way_ = 0;
  bool stopping_ = false;

  const CurlOptions options_;
  const base::Clock& clock_;
  CURLM* const multi_;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> transfers_;
  std::thread thread_;  // last: it uses all the others
};

CurlClient::Engine::Engine(CurlOptions options, const base::Clock& clock)
    : options_(std::move(options)), clock_(clock), multi_((start_curl_once(), curl_multi_init())) {
  CHECK(multi_ != nullptr);
  CHECK(curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX)) == CURLM_OK);
  CHECK(curl_multi_setopt(multi_, CURLMOPT_MAX_CONCURRENT_STREAMS, kMaxStreams) == CURLM_OK);
  CHECK(curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, kMaxConnectionsPerHost) == CURLM_OK);
  CHECK(curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, kMaxConnections) == CURLM_OK);
  CHECK(curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kMaxConnections) == CURLM_OK);
  thread_ = std::thread([this] { run(); });
}

CurlClient::Engine::~Engine() {
  curl_multi_cleanup(multi_);
}

void CurlClient::Engine::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  curl_multi_wakeup(multi_);
  thread_.join();
}

void CurlClient::Engine::post(Request request, Answered done) {
  add({std::move(request), std::move(done), {}});
}

void CurlClient::Engine::defer(base::Task task) {
  add({{}, {}, std::move(task)});
}

void CurlClient::Engine::add(Waiting waiting) {
  {
    const std::lock_guard lock(mutex_);
    CHECK(++under_way_ <= kMaxUnderWay);
    waiting_.push_back(std::move(waiting));
  }
  curl_multi_wakeup(multi_);
}

/// False: the client is to stop, and nothing waits.
bool CurlClient::Engine::take(std::vector<Waiting>& waiting) {
  waiting.clear();
  const std::lock_guard lock(mutex_);
  waiting.swap(waiting_);
  return !stopping_;
}

void CurlClient::Engine::leave(std::size_t count) {
  const std::lock_guard lock(mutex_);
  under_way_ -= count;
}

void CurlClient::Engine::run() {
  std::vector<Waiting> waiting;
  while (take(waiting)) {
    for (auto& each : waiting) begin(std::move(each));
    int running = 0;
    CHECK(curl_multi_perform(multi_, &running) == CURLM_OK);
    collect();
    CHECK(curl_multi_poll(multi_, nullptr, 0, kIdleMs, nullptr) == CURLM_OK);
  }
  fail_all();
  // Whoever is told may ask for more; it is answered in the same way until all is quiet.
  do {
    for (auto& each : waiting) {
      leave(1);
      each.task ? each.task() : each.done(base::fail(Error::kStopped));
    }
    take(waiting);
  } while (!waiting.empty());
}

void CurlClient::Engine::begin(Waiting waiting) {
  if (waiting.task) {
    leave(1);
    return waiting.task();
  }
  if (!parse_https_url(waiting.request.url)) {
    leave(1);
    return waiting.done(base::fail(Error::kInvalidRequest));
  }
  auto transfer = std::make_unique<Transfer>(std::move(waiting.request), std::move(waiting.done), options_);
  CURL* const easy = transfer->easy();
  transfers_.emplace(easy, std::move(transfer));
  CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK);
}

void CurlClient::Engine::collect() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;  // `message` ends with the removal
    curl_multi_remove_handle(multi_, easy);
    const auto transfer = std::move(transfers_.extract(easy).mapped());
    leave(1);
    transfer->finish(code, clock_.wall_now());
  }
}

void CurlClient::Engine::fail_all() {
  leave(transfers_.size());
  for (auto& [easy, transfer] : transfers_) {
    curl_multi_remove_handle(multi_, easy);
    transfer->fail(Error::kStopped);
  }
  transfers_.clear();
}

base::Result<std::unique_ptr<CurlClient>, std::string> CurlClient::create(CurlOptions options,
                                                                          const base::Clock& clock) {
  if (!options.ca_file.empty() && !readable_authorities(options.ca_file)) {
    return base::fail(options.ca_file + " cannot be read as a PEM file of certificates");
  }
  return std::unique_ptr<CurlClient>(new CurlClient(std::make_unique<Engine>(std::move(options), clock)));
}

CurlClient::CurlClient(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

CurlClient::~CurlClient() {
  engine_->stop();  // callbacks may still post: all of this object is there until they are through
}

void CurlClient::post(Request request, Answered done) {
  engine_->post(std::move(request), std::move(done));
}

void CurlClient::defer(base::Task task) {
  engine_->defer(std::move(task));
}

}  // namespace http_client
