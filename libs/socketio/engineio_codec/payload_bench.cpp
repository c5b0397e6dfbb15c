#include <benchmark/benchmark.h>

#include <string>

#include "socketio/engineio_codec/payload.hpp"

namespace {

void read_payload(benchmark::State& state) {
  std::string body;
  engineio_codec::PayloadWriter writer(body);
  for (int i = 0; i < 16; ++i) {
    if (state.range(0) != 0) {
      writer.add_binary(std::string(150, '\x7F'));
    } else {
      writer.add_text(engineio_codec::PacketType::kMessage, std::string(200, 'x'));
    }
  }
  std::string scratch;
  for (auto _ : state) {
    engineio_codec::PayloadReader reader(body, scratch);
    while (auto packet = reader.next()) benchmark::DoNotOptimize((*packet)->payload.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(read_payload)->ArgName("binary")->Arg(0)->Arg(1);

}  // namespace

BENCHMARK_MAIN();
