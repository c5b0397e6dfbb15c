#include "socketio/websocket_codec/frame_parser.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "socketio/websocket_codec/frame_bits.hpp"

namespace websocket_codec {
namespace {

std::size_t extended_length_size(std::uint8_t form) {
  return form == kLength16 ? 2 : form == kLength64 ? 8 : 0;
}

bool is_known(std::uint8_t opcode) {
  return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

std::string_view view_of(std::span<char> bytes) {
  return {bytes.data(), bytes.size()};
}

}  // namespace

FrameParser::FrameParser(const ParserOptions& options) : options_(&options) {
  CHECK(options.max_message_bytes < (std::uint32_t{1} << 31));
}

std::size_t FrameParser::heap_bytes() const noexcept {
  return kept_ == nullptr ? 0 : sizeof(std::string) + kept_->capacity();
}

Incoming FrameParser::next(std::span<char>& input) {
  release_shown();
  while (!ended_) {
    if (!in_frame_ && !take_header(input)) break;
    const Incoming got = take_payload(input);
    if (failure_ != 0 || in_frame_) break;
    if (got.kind != Incoming::Kind::kNeedMore) return got;  // else: a fragment, and more may lie behind it
  }
  if (failure_ != 0 && !ended_) return fail(static_cast<CloseCode>(failure_));
  input = input.last(0);
  return {};
}

Incoming FrameParser::fail(CloseCode code) {
  ended_ = true;
  kept_.reset();
  return {Incoming::Kind::kFailed, static_cast<std::uint16_t>(code), {}};
}

void FrameParser::release_shown() {
  if (ended_ || shown_message_ || (shown_control_ && kept_message_ == 0)) {
    kept_.reset();
    kept_message_ = 0;
  } else if (shown_control_) {
    kept_->resize(kept_message_);
  }
  shown_message_ = shown_control_ = false;
}

std::size_t FrameParser::header_wanted() const noexcept {
  if (header_size_ < kFixedHeader) return kFixedHeader;
  const std::size_t mask = options_->role == Role::kServer ? mask_.size() : 0;
  return kFixedHeader + extended_length_size(header_[1] & kLengthBits) + mask;
}

bool FrameParser::take_header(std::span<char>& input) {
  while (header_size_ < header_wanted()) {
    if (input.empty()) return false;
    const std::size_t take = header_size_ < kFixedHeader ? 1 : std::min(header_wanted() - header_size_, input.size());
    std::copy_n(input.begin(), take, header_ + header_size_);
    header_size_ = static_cast<std::uint8_t>(header_size_ + take);
    input = input.subspan(take);
    if (header_size_ <= kFixedHeader && !check_header_start()) return false;
  }
  const std::uint8_t form = header_[1] & kLengthBits;
  const std::size_t extended = extended_length_size(form);
  std::uint64_t length = extended == 0 ? form : 0;
  for (std::size_t i = 0; i < extended; ++i) length = (length << 8) | header_[kFixedHeader + i];
  // §5.2: the shortest form must be used.
  const bool shortest = form < kLength16 || (form == kLength16 ? length >= kLength16 : length > 0xFFFF);
  if (!shortest) {
    failure_ = static_cast<std::uint16_t>(CloseCode::kProtocolError);
    return false;
  }
  if (options_->role == Role::kServer) std::copy_n(header_ + kFixedHeader + extended, mask_.size(), mask_.begin());
  header_size_ = 0;
  return open_frame(length);
}

// Called after the first and after the second byte, so that nonsense is found before the rest of a header comes.
bool FrameParser::check_header_start() {
  const auto opcode = static_cast<std::uint8_t>(header_[0] & kOpcodeBits);
  bool good = true;
  if (header_size_ == 1) {
    final_ = (header_[0] & kFinal) != 0;
    opcode_ = static_cast<Opcode>(opcode);
    const bool continues = opcode_ == Opcode::kContinuation;
    good = (header_[0] & kReservedBits) == 0 && is_known(opcode) && (is_control() ? final_ : continues == in_message_);
  } else {
    const bool masked = (header_[1] & kMasked) != 0;
    good = masked == (options_->role == Role::kServer) &&
           (!is_control() || (header_[1] & kLengthBits) <= kMaxControlPayload);
  }
  if (!good) failure_ = static_cast<std::uint16_t>(CloseCode::kProtocolError);
  return good;
}

bool FrameParser::open_frame(std::uint64_t length) {
  if (!is_control()) {
    if (opcode_ != Opcode::kContinuation) {
      message_opcode_ = opcode_;
      message_bytes_ = 0;
      fragments_ = 0;
      text_.reset();
    }
    if (length > options_->max_message_bytes - message_bytes_) {
      failure_ = static_cast<std::uint16_t>(CloseCode::kTooBig);
      return false;
    }
    if (fragments_ == options_->max_fragments) {
      failure_ = static_cast<std::uint16_t>(CloseCode::kPolicy);
      return false;
    }
    ++fragments_;
    message_bytes_ += static_cast<std::uint32_t>(length);
  }
  frame_left_ = static_cast<std::uint32_t>(length);
  in_frame_ = true;
  return true;
}

Incoming FrameParser::take_payload(std::span<char>& input) {
  const std::size_t size = std::min<std::size_t>(frame_left_, input.size());
  const std::span<char> piece = input.first(size);
  input = input.subspan(size);
  if (options_->role == Role::kServer) {
    apply_mask(piece, mask_);
    std::rotate(mask_.begin(), mask_.begin() + size % mask_.size(), mask_.end());
  }
  frame_left_ -= static_cast<std::uint32_t>(size);
  in_frame_ = frame_left_ != 0;
  const std::string_view bytes = view_of(piece);
  if (!check_text(bytes)) return {};
  if (in_frame_) {
    keep(bytes);
    return {};
  }
  return finish_frame(bytes);
}

bool FrameParser::check_text(std::string_view bytes) {
  if (is_control() || message_opcode_ != Opcode::kText) return true;
  const bool last = final_ && !in_frame_;
  if (text_.feed(bytes) && (!last || text_.complete())) return true;
  failure_ = static_cast<std::uint16_t>(CloseCode::kInvalidUtf8);
  return false;
}

void FrameParser::keep(std::string_view bytes) {
  if (bytes.empty()) return;
  if (kept_ == nullptr) kept_ = std::make_unique<std::string>();
  kept_->append(bytes);
  if (!is_control()) kept_message_ += static_cast<std::uint32_t>(bytes.size());
}

// `bytes` are the last of a frame, perhaps all of it.
Incoming FrameParser::finish_frame(std::string_view bytes) {
  using Kind = Incoming::Kind;
  if (is_control()) {
    if (kept_ != nullptr && kept_->size() > kept_message_) {
      keep(bytes);
      bytes = std::string_view(*kept_).substr(kept_message_);
      shown_control_ = true;
    }
    if (opcode_ == Opcode::kClose) return finish_close(bytes);
    return {opcode_ == Opcode::kPing ? Kind::kPing : Kind::kPong, 0, bytes};
  }
  in_message_ = !final_;
  if (in_message_ || kept_message_ != 0) keep(bytes);
  if (in_message_) return {};
  if (kept_message_ != 0) {
    bytes = *kept_;
    shown_message_ = true;
  }
  return {message_opcode_ == Opcode::kText ? Kind::kText : Kind::kBinary, 0, bytes};
}

Incoming FrameParser::finish_close(std::string_view payload) {
  ended_ = true;
  if (payload.empty()) return {Incoming::Kind::kClose, 0, {}};
  if (payload.size() == 1) return fail(CloseCode::kProtocolError);
  const auto high = static_cast<std::uint8_t>(payload[0]);
  const auto low = static_cast<std::uint8_t>(payload[1]);
  const auto code = static_cast<std::uint16_t>(high << 8 | low);
  const std::string_view reason = payload.substr(2);
  if (!is_close_code(code)) return fail(CloseCode::kProtocolError);
  if (!base::is_valid_utf8(reason)) return fail(CloseCode::kInvalidUtf8);
  return {Incoming::Kind::kClose, code, reason};
}

}  // namespace websocket_codec
