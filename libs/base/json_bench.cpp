#include <benchmark/benchmark.h>

#include <string>

#include "base/json_reader.hpp"
#include "base/json_writer.hpp"

namespace {

std::string chat_event(std::size_t content_bytes) {
  std::string out;
  base::JsonWriter(out)
      .begin_array()
      .value("send_message")
      .begin_object()
      .member("recipient", "507f1f77bcf86cd799439011")
      .member("content", std::string(content_bytes, 'x'))
      .member("clientId", "0f8fad5b-d9cb-469f-a165-70867728950e")
      .end_object()
      .end_array();
  return out;
}

void scan(benchmark::State& state) {
  const std::string text = chat_event(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(base::parse_json(text, base::JsonLimits::strict()).ok());
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(scan)->Arg(32)->Arg(1024)->Arg(8192);

void scan_and_read(benchmark::State& state) {
  const std::string text = chat_event(64);
  for (auto _ : state) {
    const auto parsed = base::parse_json(text, base::JsonLimits::strict());
    parsed->for_each_element([](const base::JsonValue& element) {
      if (auto content = element.member("content")) benchmark::DoNotOptimize(content->as_plain_string_view());
    });
  }
}
BENCHMARK(scan_and_read);

void write(benchmark::State& state) {
  const std::string content(static_cast<std::size_t>(state.range(0)), 'x');
  std::string out;
  for (auto _ : state) {
    out.clear();
    base::JsonWriter(out).begin_object().member("content", content).member("seq", 12).end_object();
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(write)->Arg(32)->Arg(1024);

}  // namespace

BENCHMARK_MAIN();
