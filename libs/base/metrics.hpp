#pragma once
// Metrics: counters, gauges and histograms that any thread may touch (relaxed atomics, no lock), and a Registry that
// owns them and writes the Prometheus text format 0.0.4. Instruments are created once, at start-up, and live as long as
// the registry; asking again for the same name and labels returns the same instrument.
//
// Label sets are bounded: a family takes at most kMaxSeries of them, more is a broken promise of ours (CHECK). Labels
// therefore come from closed lists, never from a client.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.hpp"

namespace base {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// Only grows.
class Counter {
 public:
  void add(std::uint64_t by = 1) noexcept { value_.fetch_add(by, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Goes both ways.
class Gauge {
 public:
  void set(std::int64_t to) noexcept { value_.store(to, std::memory_order_relaxed); }
  void add(std::int64_t by) noexcept { value_.fetch_add(by, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// Seconds from 50 µs to 1 minute: what commits, deliveries and requests take.
inline constexpr double kSecondsBounds[] = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                            0.1,     0.25,   0.5,     1,      2.5,   5,      10,    30,   60};

/// Seconds from 1 second to 30 days: how long messages wait for somebody who is away.
inline constexpr double kWaitBounds[] = {1,      5,      30,      60,      300,       900,      3600,
                                         21'600, 86'400, 259'200, 604'800, 1'209'600, 2'592'000};

/// Counts observations by upper bound, fixed at construction. `observe` is one search and two relaxed additions.
class Histogram {
 public:
  /// `bounds` ascending, without the last (+Inf).
  explicit Histogram(std::span<const double> bounds);
  void observe(double value) noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept;
  [[nodiscard]] double sum() const noexcept;
  [[nodiscard]] const std::vector<double>& bounds() const noexcept { return bounds_; }
  /// Observations <= bounds()[index]; the last index, bounds().size(), is +Inf.
  [[nodiscard]] std::uint64_t cumulative(std::size_t index) const noexcept;

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> buckets_;
  double parts_;                             // of the unit, in which the sum is kept: integers add without a loop
  std::atomic<std::uint64_t> sum_parts_{0};  // waits of weeks are kept coarser, so that it never overflows
};

/// Owns instruments. Creation and rendering lock; instruments themselves never do.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::span<const double> bounds = kSecondsBounds,
                       const Labels& labels = {});
  /// A gauge whose value is asked for when the page is rendered, on the rendering thread.
  void sampled(std::string_view name, std::string_view help, const Labels& labels, Function<double()> sample);
  /// The same for a number that somebody else counts and that only grows.
  void sampled_counter(std::string_view name, std::string_view help, const Labels& labels, Function<double()> sample);

  /// Content type `text/plain; version=0.0.4`. Families in order of creation.
  [[nodiscard]] std::string render();

 private:
  struct Series;
  struct Family;
  Series& series(std::string_view name, std::string_view help, std::string_view type, const Labels& labels);

  std::mutex mutex_;
  std::vector<std::unique_ptr<Family>> families_;
};

}  // namespace base
