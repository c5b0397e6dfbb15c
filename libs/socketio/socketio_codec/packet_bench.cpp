#include <benchmark/benchmark.h>

#include <string>

#include "socketio/socketio_codec/encoder.hpp"

namespace {

std::string message_event(std::size_t content_bytes) {
  std::string out;
  const std::string argument = R"({"recipient":"507f1f77bcf86cd799439011","content":")" +
                               std::string(content_bytes, 'x') +
                               R"(","clientId":"0f8fad5b-d9cb-469f-a165-70867728950e"})";
  socketio_codec::append_event(out, {.ack_id = 12345}, {"send_message", argument});
  return out;
}

void decode_event(benchmark::State& state) {
  const std::string text = message_event(static_cast<std::size_t>(state.range(0)));
  const socketio_codec::DecodeLimits limits;
  for (auto _ : state) {
    const auto packet = socketio_codec::decode_packet(text, limits);
    benchmark::DoNotOptimize(packet->arguments.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(decode_event)->Arg(32)->Arg(1024)->Arg(8192);

void decode_ack(benchmark::State& state) {
  const std::string text = R"(312345[{"ok":true}])";
  const socketio_codec::DecodeLimits limits;
  for (auto _ : state) benchmark::DoNotOptimize(socketio_codec::decode_packet(text, limits).ok());
}
BENCHMARK(decode_ack);

void encode_event(benchmark::State& state) {
  const std::string argument = R"({"_id":"507f1f77bcf86cd799439011","content":"hello","seq":12})";
  std::string out;
  for (auto _ : state) {
    out.clear();
    socketio_codec::append_event(out, {.ack_id = 7}, {"receive_message", argument});
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(encode_event);

}  // namespace

BENCHMARK_MAIN();
