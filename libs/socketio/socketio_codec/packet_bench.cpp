#include <benchmark/benchmark.h>

#include <string>

#include "socketio/socketio_codec/binary_assembler.hpp"
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

void complete(benchmark::State& state, const std::string& text) {
  const socketio_codec::DecodeLimits limits{.json_depth = 64, .json_members = 0};
  for (auto _ : state) {
    socketio_codec::BinaryAssembler assembler(text, limits);
    benchmark::DoNotOptimize(assembler.add("bytes").ok());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void complete_photo(benchmark::State& state) {
  complete(state, R"(51-["photo",{"of":"507f1f77bcf86cd799439011","data":{"_placeholder":true,"num":0}}])");
}
BENCHMARK(complete_photo);

/// The worst that a packet of this size can hold: what costs most to pass, as deep as the server takes it.
void complete_nested(benchmark::State& state) {
  constexpr std::size_t kObjects = 300'000;
  std::string text = "51-[\"x\",";
  for (auto i = state.range(0); i > 0; --i) text += R"({"a":)";
  text += "[0";
  for (std::size_t i = 0; i < kObjects; ++i) text += ",{}";
  text += ']';
  text.append(static_cast<std::size_t>(state.range(0)), '}') += ']';
  complete(state, text);
}
BENCHMARK(complete_nested)->Arg(1)->Arg(61)->Unit(benchmark::kMicrosecond);

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
