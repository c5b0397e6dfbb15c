#include "adapters/redis/throttle_scripts.hpp"

namespace adapters::redis {

namespace {

constexpr std::string_view kAdmitText = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local row = redis.call('HMGET', KEYS[1], 'opened', 'current', 'previous')
local opened, current, previous = tonumber(row[1] or ''), tonumber(row[2] or ''), tonumber(row[3] or '')
if not (opened and current and previous) then opened, current, previous = now, 0, 0 end
if opened > now then opened = now end
local windows = math.floor((now - opened) / window)
if windows > 0 then
  previous = windows == 1 and current or 0
  current = 0
  opened = opened + windows * window
  if previous == 0 then opened = now end
end
local elapsed, wait = now - opened, 0
local function fits_after(older, newer)
  local room = limit - newer - 1
  if room >= older then return 0 end
  return window - math.floor(room * window / older)
end
if current < limit then
  wait = fits_after(previous, current) - elapsed
else
  wait = window - elapsed + fits_after(current, 0)
end
if wait > 0 then return math.ceil(wait / 1000) end
redis.call('HSET', KEYS[1], 'opened', string.format('%.0f', opened), 'current', current + 1, 'previous', previous)
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', opened + 2 * window))
return 0
)lua";

constexpr std::string_view kBeginText = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local free, first, longest, forget = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local row = redis.call('HMGET', KEYS[1], 'failures', 'last', 'until')
local failures, last, ends = tonumber(row[1] or ''), tonumber(row[2] or ''), tonumber(row[3] or '')
if not (failures and last and ends) or now - last >= forget then failures, ends = 0, 0 end
if ends - now > longest then ends = now + longest end
if now < ends then return {math.max(1, math.ceil((ends - now) / 1000)), failures} end
failures, ends = failures + 1, 0
if failures >= free then
  ends = now + math.min(first * 2 ^ math.min(failures - free, 30), longest)
end
redis.call('HSET', KEYS[1], 'failures', failures, 'last', string.format('%.0f', now),
           'until', string.format('%.0f', ends))
redis.call('PEXPIRE', KEYS[1], math.max(forget, longest))
return {0, failures}
)lua";

constexpr std::string_view kWithdrawText = R"lua(
local failures = tonumber(redis.call('HGET', KEYS[1], 'failures') or '')
if failures and failures > 1 then
  redis.call('HSET', KEYS[1], 'failures', failures - 1, 'until', '0')
else
  redis.call('DEL', KEYS[1])
end
return 1
)lua";

}  // namespace

std::string_view text_of(ThrottleScript script) {
  switch (script) {
    case ThrottleScript::kAdmit:
      return kAdmitText;
    case ThrottleScript::kBegin:
      return kBeginText;
    case ThrottleScript::kWithdraw:
      return kWithdrawText;
  }
  return {};
}

}  // namespace adapters::redis
