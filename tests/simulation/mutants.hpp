#pragma once

namespace simulation {

/// Seeded mistakes, made at the seams of the real code (store, session host): the suite must catch each of them, or it
/// proves nothing.
enum class Mutant {
  kNone,
  kAckBeforeSync,       // answers are given for batches that are not on stable storage
  kSkipDedupe,          // the look-up by client id finds nothing
  kMarkOnEmit,          // an entry counts as confirmed when it was written to the socket
  kJumpGap,             // a page passes over an entry that exists
  kLiveOvertakes,       // a hint's entry is written at once, past the pump
  kIgnoreEpoch,         // positions of another history are believed
  kNoHeadCheck,         // a lost hint is never made up for
  kStaleRelation,       // the relation is not read at the commit
  kRefusalConfirms,     // a refusal (`{ok: false}`) counts as confirmation
  kLateDetachWins,      // the end of an older connection takes the newer one's presence
  kJobsApart,           // a message is committed without its push jobs
  kHeldForever,         // a job that was held never falls due
  kPushConfirmed,       // a push goes out for what its device has confirmed
  kPongBeforeHandling,  // heartbeat mode: the pong is believed before the entries were handled
};

}  // namespace simulation
