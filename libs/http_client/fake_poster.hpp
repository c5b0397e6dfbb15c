#pragma once
// FakePoster: a Poster without a network, for tests. Requests wait until the test answers them, tasks until it runs
// them; what is left is answered as stopped at the end. One thread.

#include <deque>

#include "base/check.hpp"
#include "http_client/poster.hpp"

namespace http_client {

class FakePoster final : public Poster {
 public:
  ~FakePoster() override {
    run_tasks();
    while (!waiting.empty()) answer(base::fail(Error::kStopped));
  }
  void post(Request request, Answered done) override { waiting.push_back({std::move(request), std::move(done)}); }
  void defer(base::Task task) override { tasks.push_back(std::move(task)); }

  /// Of the request that waits longest, which is returned.
  Request answer(Answer with) {
    CHECK(!waiting.empty());
    auto [request, done] = std::move(waiting.front());
    waiting.pop_front();
    done(std::move(with));
    return request;
  }
  Request answer(int status, std::string body = {}, std::optional<std::chrono::seconds> retry_after = {}) {
    return answer(Response{status, std::move(body), retry_after});
  }
  void run_tasks() {
    for (; !tasks.empty(); tasks.pop_front()) tasks.front()();
  }

  struct Waiting {
    Request request;
    Answered done;
  };
  std::deque<Waiting> waiting;
  std::deque<base::Task> tasks;
};

/// Of the first header of that name; empty: there is none.
inline std::string header_of(const Request& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace http_client
