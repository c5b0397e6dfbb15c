#include <benchmark/benchmark.h>

#include <string>

#include "socketio/websocket_codec/frame_parser.hpp"

namespace {

using websocket_codec::FrameParser;
using websocket_codec::Incoming;

// A read of 64 KiB full of frames of one size; the copy restores what unmasking changed and is part of the figure.
void parse_frames(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
  std::string bytes;
  std::int64_t frames = 0;
  while (bytes.size() < 60'000) {
    websocket_codec::append_masked_frame(bytes, {.mask = {1, 2, 3, 4}}, payload);
    ++frames;
  }
  const websocket_codec::ParserOptions options;
  FrameParser parser(options);
  std::string buffer;
  for (auto _ : state) {
    buffer = bytes;
    std::span<char> input(buffer);
    while (parser.next(input).kind != Incoming::Kind::kNeedMore) {
    }
  }
  state.SetItemsProcessed(state.iterations() * frames);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(parse_frames)->Arg(8)->Arg(128)->Arg(1024)->Arg(16384);

void apply_mask(benchmark::State& state) {
  std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    websocket_codec::apply_mask({bytes.data(), bytes.size()}, {1, 2, 3, 4});
    benchmark::DoNotOptimize(bytes.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(apply_mask)->Arg(64)->Arg(4096);

}  // namespace

BENCHMARK_MAIN();
