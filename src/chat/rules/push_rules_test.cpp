#include <gtest/gtest.h>

#include <numeric>

#include "base/utf8.hpp"
#include "chat/rules/pseudonym.hpp"
#include "chat/rules/push_backoff.hpp"
#include "chat/rules/push_circuit.hpp"
#include "chat/rules/push_preview.hpp"

namespace chat {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const base::SteadyTime kStart{std::chrono::hours(5)};

TEST(PushBackoff, ThrottledWaitsAsLongAsAskedElseAMinuteAndDoubling) {
  EXPECT_EQ(after_push(PushOutcome::kThrottled, 1, seconds(7), 0).after, seconds(7));
  EXPECT_EQ(after_push(PushOutcome::kThrottled, 1, std::nullopt, 0).after, seconds(60));
  EXPECT_EQ(after_push(PushOutcome::kThrottled, 2, std::nullopt, 0).after, seconds(120));
  EXPECT_EQ(after_push(PushOutcome::kThrottled, 40, std::nullopt, 0).after, seconds(3600));
  EXPECT_EQ(after_push(PushOutcome::kThrottled, 40, std::nullopt, 0).next, PushNext::kRetry);
}

TEST(PushBackoff, AServerErrorIsTriedFiveTimesInAll) {
  for (std::uint32_t tries = 1; tries < 5; ++tries) {
    EXPECT_EQ(after_push(PushOutcome::kServerError, tries, std::nullopt, 0).next, PushNext::kRetry) << tries;
  }
  EXPECT_EQ(after_push(PushOutcome::kServerError, 5, std::nullopt, 0).next, PushNext::kDrop);
  EXPECT_LT(after_push(PushOutcome::kServerError, 1, std::nullopt, 0).after,
            after_push(PushOutcome::kServerError, 2, std::nullopt, 0).after);
}

TEST(PushBackoff, UnavailableStartsAtTenSecondsAndEndsAtTenMinutes) {
  EXPECT_EQ(after_push(PushOutcome::kUnavailable, 1, std::nullopt, 0).after, seconds(10));
  EXPECT_EQ(after_push(PushOutcome::kUnavailable, 2, std::nullopt, 0).after, seconds(20));
  EXPECT_EQ(after_push(PushOutcome::kUnavailable, 1000, std::nullopt, 0).after, minutes(10));
  EXPECT_EQ(after_push(PushOutcome::kUnavailable, 3, seconds(3), 0).after, seconds(3));
}

TEST(PushBackoff, WhatTryingAgainCannotChangeIsNotTriedAgain) {
  EXPECT_EQ(after_push(PushOutcome::kAccepted, 1, std::nullopt, 0).next, PushNext::kFinish);
  EXPECT_EQ(after_push(PushOutcome::kNotNeeded, 1, std::nullopt, 0).next, PushNext::kFinish);
  EXPECT_EQ(after_push(PushOutcome::kPayloadRefused, 1, std::nullopt, 0).next, PushNext::kDrop);
  EXPECT_EQ(after_push(PushOutcome::kAddressDead, 1, std::nullopt, 0).next, PushNext::kDeleteAddress);
  EXPECT_EQ(after_push(PushOutcome::kLaneStopped, 9, std::nullopt, 0).next, PushNext::kKeep);
}

TEST(PushBackoff, JitterNeverComesEarlyAndAtMostHalfLate) {
  for (std::uint64_t random : {0ull, 1ull, 77777ull, ~0ull}) {
    const auto wait = after_push(PushOutcome::kThrottled, 1, seconds(60), random).after;
    EXPECT_GE(wait, seconds(60));
    EXPECT_LE(wait, seconds(90));
  }
  EXPECT_NE(jittered(seconds(60), 12345), jittered(seconds(60), 54321));
  EXPECT_EQ(jittered(milliseconds(0), 5), milliseconds(0));
}

TEST(PushCircuit, OneUnavailableAnswerShutsItAndOneGoodOneOpensIt) {
  PushCircuit circuit;
  EXPECT_EQ(circuit.door(kStart), PushCircuit::Door::kOpen);
  circuit.answered(PushOutcome::kUnavailable, std::nullopt, kStart, kStart + seconds(1), 0);
  EXPECT_EQ(circuit.door(kStart + seconds(10)), PushCircuit::Door::kShut);
  EXPECT_EQ(circuit.door(kStart + seconds(11)), PushCircuit::Door::kOne);
  circuit.answered(PushOutcome::kAddressDead, std::nullopt, kStart + seconds(11), kStart + seconds(12), 0);
  EXPECT_EQ(circuit.door(kStart + seconds(12)), PushCircuit::Door::kOpen);
  EXPECT_TRUE(circuit.fresh());
}

TEST(PushCircuit, WhatWasUnderWayWhenItFellShutSaysNothingNew) {
  PushCircuit circuit;
  for (int i = 0; i < 64; ++i) {
    circuit.answered(PushOutcome::kUnavailable, std::nullopt, kStart, kStart + milliseconds(i), 0);
  }
  EXPECT_EQ(circuit.reopens(), kStart + seconds(10)) << "64 answers of one moment are one failure";
}

TEST(PushCircuit, EachFailedProbeDoublesTheWaitUpToTenMinutes) {
  PushCircuit circuit;
  auto now = kStart;
  seconds expected(10);
  for (int probe = 0; probe < 12; ++probe) {
    circuit.answered(PushOutcome::kUnavailable, std::nullopt, now, now, 0);
    EXPECT_EQ(circuit.reopens() - now, expected) << probe;
    now = circuit.reopens();
    expected = std::min<seconds>(2 * expected, minutes(10));
  }
  circuit.answered(PushOutcome::kUnavailable, seconds(30), now, now, 0);
  EXPECT_EQ(circuit.reopens() - now, seconds(30)) << "as the service asks";
}

TEST(PushCircuit, AServiceThatRefusesUsIsStoppedAndAskedOnceInTenMinutes) {
  PushCircuit circuit;
  circuit.answered(PushOutcome::kLaneStopped, std::nullopt, kStart, kStart, 0);
  EXPECT_TRUE(circuit.stopped());
  EXPECT_EQ(circuit.door(kStart + minutes(9)), PushCircuit::Door::kShut);
  EXPECT_EQ(circuit.door(kStart + minutes(10)), PushCircuit::Door::kOne);
  circuit.answered(PushOutcome::kAccepted, std::nullopt, kStart + minutes(10), kStart + minutes(10), 0);
  EXPECT_FALSE(circuit.stopped());
}

TEST(PushCircuit, OneThrottledDeviceIsItsOwnAffairTenInARowAreEverybodys) {
  PushCircuit circuit;
  for (int i = 0; i < 9; ++i) circuit.answered(PushOutcome::kThrottled, seconds(120), kStart, kStart, 0);
  EXPECT_EQ(circuit.door(kStart), PushCircuit::Door::kOpen);
  circuit.answered(PushOutcome::kAccepted, std::nullopt, kStart, kStart, 0);
  for (int i = 0; i < 10; ++i) circuit.answered(PushOutcome::kThrottled, seconds(120), kStart, kStart, 0);
  EXPECT_EQ(circuit.door(kStart + seconds(119)), PushCircuit::Door::kShut);
  EXPECT_EQ(circuit.door(kStart + seconds(120)), PushCircuit::Door::kOne);
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(PushPreview, AShortTextIsShownWhole) {
  EXPECT_EQ(push_preview(""), "");
  EXPECT_EQ(push_preview("hello"), "hello");
  EXPECT_EQ(push_preview(repeated("ü", 100)), repeated("ü", 100));
}

TEST(PushPreview, ALongOneIsCutAfterAHundredCharactersNotBytes) {
  EXPECT_EQ(push_preview(repeated("a", 101)), repeated("a", 100));
  EXPECT_EQ(push_preview(repeated("ü", 300)), repeated("ü", 100));
  EXPECT_EQ(push_preview(repeated("\U0001F600", 300)), repeated("\U0001F600", 100));
}

TEST(PushPreview, NoCutGoesThroughACharacter) {
  for (int lead = 0; lead < 110; ++lead) {
    const auto text = repeated("x", lead) + repeated("é\U0001F600ह", 80);
    EXPECT_TRUE(base::is_valid_utf8(push_preview(text))) << lead;
  }
}

TEST(PushPreview, MarksJoinersAndSkinTonesStayWithTheirBase) {
  const auto lead = repeated("a", 99);
  EXPECT_EQ(push_preview(lead + "e\u0301 and more"), lead) << "e and its accent";
  EXPECT_EQ(push_preview(lead + "\U0001F44D\U0001F3FD and more"), lead) << "a thumb and its colour";
  const auto family = std::string("\U0001F468\u200D\U0001F469\u200D\U0001F467");
  EXPECT_EQ(push_preview(repeated("a", 98) + family + " and more"), repeated("a", 98)) << "joined people";
  EXPECT_EQ(push_preview(repeated("\u0301", 200)), repeated("\u0301", 100)) << "nothing but marks: cut anyway";
}

TEST(Pseudonym, SipHashIsThatOfThePaper) {
  PseudonymKey key;
  std::iota(key.begin(), key.end(), std::uint8_t{0});
  std::string bytes(15, '\0');
  std::iota(bytes.begin(), bytes.end(), '\0');
  EXPECT_EQ(sip_hash(key, bytes), 0xa129ca6149be45e5u);
}

TEST(Pseudonym, IsShortOpaqueAndBoundToKeyPurposeAndBytes) {
  PseudonymKey key{1, 2, 3};
  PseudonymKey other{1, 2, 4};
  const auto name = pseudonym(key, "collapse", "device");
  EXPECT_EQ(name, pseudonym(key, "collapse", "device"));
  EXPECT_EQ(name.size(), 22u);
  EXPECT_EQ(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  EXPECT_NE(name, pseudonym(other, "collapse", "device"));
  EXPECT_NE(name, pseudonym(key, "push", "device"));
  EXPECT_NE(name, pseudonym(key, "collapse", "devicf"));
}

}  // namespace
}  // namespace chat
