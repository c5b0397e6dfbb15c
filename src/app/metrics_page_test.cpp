#include "app/metrics_page.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

namespace app {
namespace {

double value(base::Registry& registry, const std::string& series) {
  const auto page = registry.render();
  const auto at = page.find('\n' + series + ' ');
  EXPECT_NE(at, std::string::npos) << series << " is not in\n" << page;
  return at == std::string::npos ? -1 : std::stod(page.substr(at + series.size() + 2));
}

TEST(MetricsPage, TheDataDirectoryIsMeasuredWithItsSubdirectories) {
  const auto directory = std::filesystem::path(::testing::TempDir()) / "restante_metrics_page";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory / "store");
  std::ofstream(directory / "keys") << std::string(100, 'x');
  std::ofstream(directory / "store" / "rows") << std::string(1000, 'x');
  base::Registry registry;
  export_storage(registry, directory.string());
  EXPECT_EQ(value(registry, "restante_storage_bytes"), 1100);
  EXPECT_GT(value(registry, "restante_storage_total_bytes"), 0);
  EXPECT_LE(value(registry, "restante_storage_free_bytes"), value(registry, "restante_storage_total_bytes"));
  std::filesystem::remove_all(directory);
}

TEST(MetricsPage, APoolThatIsFullShowsItsDepthAndItsRefusals) {
  std::promise<void> gate;
  std::promise<void> started;
  aio::OffloadPool pool({.threads = 1, .queue_limit = 1});
  base::Registry registry;
  export_queues(registry, {}, {{"reads", &pool}});
  ASSERT_TRUE(pool.try_submit([&] {
    started.set_value();
    gate.get_future().wait();
  }));
  started.get_future().wait();
  ASSERT_TRUE(pool.try_submit([] {}));
  ASSERT_FALSE(pool.try_submit([] {}));
  EXPECT_EQ(value(registry, "restante_queue_depth{queue=\"reads\"}"), 1);
  EXPECT_EQ(value(registry, "restante_refusals_total{reason=\"reads_queue_full\"}"), 1);
  gate.set_value();
  pool.stop();
  EXPECT_EQ(value(registry, "restante_queue_depth{queue=\"reads\"}"), 0);
}

TEST(MetricsPage, TheProcessHasUsedProcessorTimeMemoryAndDescriptors) {
  base::SystemClock clock;
  base::Registry registry;
  export_process(registry, clock);
  EXPECT_GT(value(registry, "process_cpu_seconds_total"), 0);
  EXPECT_GT(value(registry, "process_resident_memory_bytes"), 1e6);
  EXPECT_GE(value(registry, "process_open_fds"), 3);
}

}  // namespace
}  // namespace app
