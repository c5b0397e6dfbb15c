#include "base/metrics.hpp"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Metrics, RendersCountersWithLabelsInThePrometheusTextFormat) {
  Registry registry;
  registry.counter("sent_total", "Messages.", {{"outcome", "a\"b"}}).add(3);
  registry.counter("sent_total", "Messages.", {{"outcome", "other"}}).add();
  EXPECT_EQ(registry.render(),
            "# HELP sent_total Messages.\n# TYPE sent_total counter\n"
            "sent_total{outcome=\"a\\\"b\"} 3\nsent_total{outcome=\"other\"} 1\n");
}

TEST(Metrics, AskingAgainReturnsTheSameInstrument) {
  Registry registry;
  auto& first = registry.gauge("depth", "Queue.");
  first.add(7);
  registry.gauge("depth", "Queue.").add(-2);
  EXPECT_EQ(first.value(), 5);
}

TEST(Metrics, HistogramBucketsAreCumulativeAndAnObservationOnABoundBelongsToIt) {
  Registry registry;
  const double bounds[] = {0.5, 1};
  auto& histogram = registry.histogram("seconds", "Time.", bounds);
  histogram.observe(0.5);
  histogram.observe(0.75);
  histogram.observe(4);
  EXPECT_EQ(histogram.cumulative(0), 1u);
  EXPECT_EQ(histogram.cumulative(1), 2u);
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_DOUBLE_EQ(histogram.sum(), 5.25);
  EXPECT_EQ(registry.render(),
            "# HELP seconds Time.\n# TYPE seconds histogram\nseconds_bucket{le=\"0.5\"} 1\n"
            "seconds_bucket{le=\"1\"} 2\nseconds_bucket{le=\"+Inf\"} 3\nseconds_sum 5.25\nseconds_count 3\n");
}

TEST(Metrics, TheSumOfAMillionWaitsOfAMonthDoesNotOverflow) {
  Histogram histogram(kWaitBounds);
  constexpr double kMonth = 2'592'000;
  constexpr int kWaits = 1'000'000;
  for (int i = 0; i < kWaits; ++i) histogram.observe(kMonth);
  EXPECT_DOUBLE_EQ(histogram.sum(), kMonth * kWaits);
  EXPECT_EQ(histogram.cumulative(std::size(kWaitBounds) - 2), 0u);
  EXPECT_EQ(histogram.cumulative(std::size(kWaitBounds) - 1), histogram.count());
}

TEST(Metrics, SampledGaugesAskWhenThePageIsRendered) {
  Registry registry;
  double level = 1;
  registry.sampled("level", "Level.", {}, [&level] { return level; });
  level = 2.5;
  EXPECT_NE(registry.render().find("level 2.5\n"), std::string::npos);
}

}  // namespace
}  // namespace base
