// Accounts and relations while another node is first, or while nobody knows what became of a batch: each command is
// decided again on what the other node has left, is done once, and its client hears of none of it.

#include <functional>

#include "chat/services/accounts_fixture.hpp"
#include "chat/services/lane_fixture.hpp"

namespace chat::testing {
namespace {

/// The services of a node on a real lane.
class LaneAgain : public LaneTest {
 protected:
  LaneAgain() {
    alice_grant = std::get<Grant>(sign_up("alice", "phone"));
    alice = caller(alice_grant);
    bob = caller(std::get<Grant>(sign_up("bob1", "phone")));
  }

  static Offload at_once() {
    return [](base::Task task) {
      task();
      return true;
    };
  }
  template <class T, class Call>
  Outcome<T> ask(Call&& call) {
    std::optional<Outcome<T>> outcome;
    call(Reply<T>([&outcome](Outcome<T> answered) { outcome.emplace(std::move(answered)); }));
    if (at_ == &here_) run();
    executor.run();
    CHECK(outcome.has_value());
    return std::move(*outcome);
  }
  template <class Call>
  std::string code(Call&& call) {
    return code_of(ask<std::monostate>(std::forward<Call>(call)));
  }

  Outcome<Grant> sign_up(const std::string& name, std::optional<std::string> device = std::nullopt) {
    return ask<Grant>([&](auto reply) {
      at_->accounts.register_user(AccountWorld::credentials(name, std::move(device)), executor, std::move(reply));
    });
  }
  Outcome<Grant> log_in(const std::string& name, std::optional<std::string> device = std::nullopt) {
    return ask<Grant>([&](auto reply) {
      at_->accounts.log_in(AccountWorld::credentials(name, std::move(device)), executor, std::move(reply));
    });
  }
  Outcome<Grant> refresh(const std::string& token) {
    return ask<Grant>([&](auto reply) { at_->accounts.refresh(token, executor, std::move(reply)); });
  }
  Caller caller(const Grant& grant) {
    return std::get<Caller>(
        ask<Caller>([&](auto reply) { at_->accounts.authenticate(grant.access_token, executor, std::move(reply)); }));
  }
  std::string change_password(const Caller& who, const std::string& from, const std::string& to) {
    return code([&](auto reply) { at_->accounts.change_password(who, from, to, executor, std::move(reply)); });
  }
  std::string rename(const Caller& who, const std::string& name) {
    AccountChange change;
    change.username = name;
    return code_of(
        ask<User>([&](auto reply) { at_->accounts.update_me(who, std::move(change), executor, std::move(reply)); }));
  }
  std::string remove_device(const Caller& who, const std::string& device) {
    return code([&](auto reply) { at_->accounts.remove_device(who, DeviceId{device}, executor, std::move(reply)); });
  }
  std::string set_push(const Caller& who, const std::string& device) {
    return code([&](auto reply) {
      at_->accounts.set_push(who, DeviceId{device}, PushAddress{"fcm", "token"}, executor, std::move(reply));
    });
  }
  std::string log_out(const Caller& who) {
    return code([&](auto reply) { at_->accounts.log_out(who, executor, std::move(reply)); });
  }
  std::string revoke(const Caller& who, const LoginId& login) {
    return code([&](auto reply) { at_->accounts.revoke_login(who, login, executor, std::move(reply)); });
  }
  std::string erase(const Caller& who) {
    return code([&](auto reply) { at_->accounts.erase(who, executor, std::move(reply)); });
  }
  std::string request(const Caller& from, const Caller& to) {
    return code([&](auto reply) { at_->relations.request(from, to.user, executor, std::move(reply)); });
  }
  using Verb = void (Relations::*)(const Caller&, UserId, base::Executor&, Reply<std::monostate>);
  std::string act(Verb verb, const Caller& actor, const Caller& peer) {
    return code([&](auto reply) { (at_->relations.*verb)(actor, peer.user, executor, std::move(reply)); });
  }
  Friendship friendship() { return relation().friendship; }
  Relation relation() { return store.relation(ConversationKey::of(alice.user, bob.user)).value(); }
  std::size_t entries(const Caller& owner) { return log(owner.user).size(); }
  std::size_t devices_of(const UserId& user) { return store.devices(user).value().size(); }
  std::size_t logins_of(const UserId& user) { return store.logins(user).value().size(); }
  /// Two registrations in one round of the lane.
  template <class Answer>
  void register_both(const std::string& first, const std::string& second, const Answer& answer) {
    for (const auto& name : {first, second}) {
      at_->accounts.register_user(AccountWorld::credentials(name), executor, answer);
    }
    run();
  }

  /// What the other node commits while this one's batch is under way.
  void before_the_next_commit(std::function<void()> act) {
    store.other_first = [this, act = std::move(act)] {
      at_ = &elsewhere_;
      act();
      at_ = &here_;
    };
  }
  /// Nobody hears of the next commit; `known`: the log tells in the end.
  void lose_the_next_answer(bool written, bool known = true) {
    store.fail_commit(1, StoreError::kUnknown, written);
    store.outcome = known ? std::optional(written) : std::nullopt;
  }

 private:
  struct Node {
    Node(LaneAgain& test, CommandQueue& lane)
        : accounts({lane, test.store, test.hasher_, test.access_tokens_, test.refresh_tokens_, test.clock, at_once(),
                    at_once(), test.presence},
                   AccountOptions{}),
          relations({lane, test.store, test.presence, test.clock, at_once()}, Limits{}) {}
    AccountService accounts;
    RelationService relations;
  };

  PlainHasher hasher_;
  NumberedAccessTokens access_tokens_;
  NumberedRefreshTokens refresh_tokens_;
  InstantLane other_lane_{store, clock, random};
  Node here_{*this, *lane};
  Node elsewhere_{*this, other_lane_};
  Node* at_ = &here_;

 protected:
  Grant alice_grant;
  Caller alice;
  Caller bob;
};

/// Every cold command: what has to be there before, the command, and whether its effect is there exactly once.
class EachKind : public LaneAgain, public ::testing::WithParamInterface<int> {
 public:
  struct Case {
    const char* name;
    void (EachKind::*prepare)();
    std::string (EachKind::*run)();
    bool (EachKind::*done)();
  };
  static const std::vector<Case>& cases();

 protected:
  const Case& kind() const { return cases()[static_cast<std::size_t>(GetParam())]; }
  void prepare() { (this->*kind().prepare)(); }
  std::string act_out() { return (this->*kind().run)(); }
  bool done() { return (this->*kind().done)(); }

  void nothing() {}
  void requested() { request(bob, alice); }
  void friends() {
    requested();
    act(&Relations::accept, alice, bob);
  }
  void blocked() { act(&Relations::block, alice, bob); }
  void second_login() { tablet_ = std::get<Grant>(log_in("alice", "tablet")); }

  std::string registers() { return code_of(sign_up("carol")); }
  std::string logs_in() { return code_of(log_in("alice", "tablet")); }
  std::string refreshes() { return code_of(refresh(alice_grant.refresh_token)); }
  std::string logs_out() { return log_out(alice); }
  std::string revokes() { return revoke(alice, caller(tablet_).login); }
  std::string changes_password() { return change_password(alice, "password-of-alice", "another password"); }
  std::string changes_name() { return rename(alice, "alicia"); }
  std::string erases() { return erase(alice); }
  std::string removes_device() { return remove_device(alice, "tablet"); }
  std::string sets_push() { return set_push(alice, "phone"); }
  std::string requests() { return request(alice, bob); }
  std::string accepts() { return act(&Relations::accept, alice, bob); }
  std::string declines() { return act(&Relations::decline, alice, bob); }
  std::string unfriends() { return act(&Relations::remove, alice, bob); }
  std::string blocks() { return act(&Relations::block, alice, bob); }
  std::string unblocks() { return act(&Relations::unblock, alice, bob); }

  bool carol_is_there() {
    const auto carol = store.user_by_name("carol").value();
    return carol && logins_of(carol->id) == 1 && devices_of(carol->id) == 1;
  }
  bool two_logins() { return logins_of(alice.user) == 2 && devices_of(alice.user) == 2; }
  bool one_child() { return store.login(alice.login).value()->children.size() == 1; }
  bool no_login() { return logins_of(alice.user) == 0; }
  bool one_login() { return logins_of(alice.user) == 1; }
  bool one_device() { return devices_of(alice.user) == 1 && one_login(); }
  bool new_password() { return store.user(alice.user).value()->password_hash == "v1:another password"; }
  bool new_name() { return store.user(alice.user).value()->username == "alicia"; }
  bool gone() { return !store.user(alice.user).value(); }
  bool has_address() { return store.devices(alice.user).value().front().push.has_value(); }
  bool asked() { return friendship() != Friendship::kFriends && entries(bob) == 1; }
  bool befriended() { return friendship() == Friendship::kFriends && entries(alice) == 2 && entries(bob) == 1; }
  bool strangers() { return friendship() == Friendship::kNone; }
  bool is_blocked() { return relation().blocked(); }
  bool is_free() { return !relation().blocked(); }

 private:
  Grant tablet_;
};

const std::vector<EachKind::Case>& EachKind::cases() {
  static const std::vector<Case> all = {
      {"Register", &EachKind::nothing, &EachKind::registers, &EachKind::carol_is_there},
      {"LogIn", &EachKind::nothing, &EachKind::logs_in, &EachKind::two_logins},
      {"Refresh", &EachKind::nothing, &EachKind::refreshes, &EachKind::one_child},
      {"LogOut", &EachKind::nothing, &EachKind::logs_out, &EachKind::no_login},
      {"RevokeLogin", &EachKind::second_login, &EachKind::revokes, &EachKind::one_login},
      {"ChangePassword", &EachKind::nothing, &EachKind::changes_password, &EachKind::new_password},
      {"ChangeName", &EachKind::nothing, &EachKind::changes_name, &EachKind::new_name},
      {"Erase", &EachKind::nothing, &EachKind::erases, &EachKind::gone},
      {"RemoveDevice", &EachKind::second_login, &EachKind::removes_device, &EachKind::one_device},
      {"SetPush", &EachKind::nothing, &EachKind::sets_push, &EachKind::has_address},
      {"Request", &EachKind::nothing, &EachKind::requests, &EachKind::asked},
      {"Accept", &EachKind::requested, &EachKind::accepts, &EachKind::befriended},
      {"Decline", &EachKind::requested, &EachKind::declines, &EachKind::strangers},
      {"Unfriend", &EachKind::friends, &EachKind::unfriends, &EachKind::strangers},
      {"Block", &EachKind::nothing, &EachKind::blocks, &EachKind::is_blocked},
      {"Unblock", &EachKind::blocked, &EachKind::unblocks, &EachKind::is_free},
  };
  return all;
}

TEST_P(EachKind, IsDoneOnceWhenAnotherNodeWasFirst) {
  prepare();
  ASSERT_FALSE(done());
  before_the_next_commit([] {});
  EXPECT_EQ(act_out(), "ok");
  EXPECT_TRUE(done());
}

TEST_P(EachKind, IsAnsweredAsCommittedWhenTheLogHasIt) {
  prepare();
  lose_the_next_answer(true);
  EXPECT_EQ(act_out(), "ok");
  EXPECT_TRUE(done());
}

TEST_P(EachKind, IsDoneAgainWhenTheLogDoesNotHaveIt) {
  prepare();
  lose_the_next_answer(false);
  EXPECT_EQ(act_out(), "ok");
  EXPECT_TRUE(done());
}

TEST_P(EachKind, IsNotToldAsSuccessWhenNobodyKnows) {
  prepare();
  lose_the_next_answer(false, false);
  EXPECT_EQ(act_out(), "retry");
  EXPECT_FALSE(done());
  EXPECT_EQ(act_out(), "ok") << "nothing was written: a repeat does it";
  EXPECT_TRUE(done());
}

INSTANTIATE_TEST_SUITE_P(Kinds, EachKind, ::testing::Range(0, static_cast<int>(EachKind::cases().size())),
                         [](const auto& each) { return EachKind::cases()[static_cast<std::size_t>(each.param)].name; });

// What the other node has done meanwhile counts.

TEST_F(LaneAgain, ANameThatTheOtherNodeGaveAwayIsTaken) {
  before_the_next_commit([this] { EXPECT_EQ(code_of(sign_up("carol")), "ok"); });
  const auto outcome = sign_up("CAROL");
  EXPECT_EQ(std::get<Refusal>(outcome).field, "username");
  before_the_next_commit([this] { EXPECT_EQ(code_of(sign_up("dave")), "ok"); });
  EXPECT_EQ(rename(alice, "dave"), "conflict");
}

TEST_F(LaneAgain, ARefreshTokenThatTheOtherNodeSawSpentEndsTheSession) {
  before_the_next_commit([this] {
    const auto child = std::get<Grant>(refresh(alice_grant.refresh_token)).refresh_token;
    EXPECT_EQ(code_of(refresh(child)), "ok");
  });
  const auto outcome = refresh(alice_grant.refresh_token);
  EXPECT_EQ(std::get<Refusal>(outcome).reason, "revoked");
  EXPECT_FALSE(store.login(alice.login).value());
}

TEST_F(LaneAgain, ALoginWithAPasswordThatTheOtherNodeChangedIsRefused) {
  before_the_next_commit([this] { EXPECT_EQ(change_password(alice, "password-of-alice", "another password"), "ok"); });
  EXPECT_EQ(code_of(log_in("alice", "tablet")), "unauthorized");
  EXPECT_EQ(devices_of(alice.user), 1u);
}

TEST_F(LaneAgain, AnEndedSessionDoesNothingMore) {
  before_the_next_commit([this] { EXPECT_EQ(log_out(alice), "ok"); });
  EXPECT_EQ(act(&Relations::block, alice, bob), "unauthorized");
  EXPECT_FALSE(relation().blocked());
}

TEST_F(LaneAgain, ARequestToSomebodyWhoHasBlockedMeanwhileReachesNobody) {
  before_the_next_commit([this] { EXPECT_EQ(act(&Relations::block, bob, alice), "ok"); });
  EXPECT_EQ(request(alice, bob), "ok") << "unknown and blocking users answer alike";
  EXPECT_EQ(entries(bob), 0u);
}

TEST_F(LaneAgain, CrossingRequestsOfTwoNodesAcceptEachOther) {
  before_the_next_commit([this] { EXPECT_EQ(request(bob, alice), "ok"); });
  EXPECT_EQ(request(alice, bob), "ok");
  EXPECT_EQ(friendship(), Friendship::kFriends);
}

TEST_F(LaneAgain, ARequestThatTheOtherNodeDeclinedCannotBeAccepted) {
  request(bob, alice);
  before_the_next_commit([this] { EXPECT_EQ(act(&Relations::decline, alice, bob), "ok"); });
  EXPECT_EQ(act(&Relations::accept, alice, bob), "not_found");
  EXPECT_EQ(friendship(), Friendship::kNone);
}

TEST_F(LaneAgain, ADeviceThatTheOtherNodeRemovedIsNotThere) {
  EXPECT_EQ(code_of(log_in("alice", "tablet")), "ok");
  before_the_next_commit([this] { EXPECT_EQ(remove_device(alice, "tablet"), "ok"); });
  EXPECT_EQ(remove_device(alice, "tablet"), "not_found");
}

// The lane around them.

TEST_F(LaneAgain, ACommandThatHasToBeAloneIsAloneWhenItIsStagedAgain) {
  std::vector<std::string> answers;
  const auto reply = [&answers](auto outcome) { answers.push_back(code_of<Grant>(outcome)); };
  before_the_next_commit([] {});
  register_both("carol", "carol", reply);
  EXPECT_EQ(answers, (std::vector<std::string>{"ok", "conflict"}));
}

TEST_F(LaneAgain, AMessageWhoseCommitTheLogHasIsNoRepeat) {
  befriend(alice.user, bob.user);
  const auto phone = join(alice.user, "phone", alice.login);
  const auto listener = join(bob.user, "phone", bob.login);
  lose_the_next_answer(true);
  const auto sent = std::get<SendAnswer>(send(phone, bob.user, "one", "a"));
  EXPECT_FALSE(sent.duplicate);
  EXPECT_EQ(log(bob.user).size(), 1u);
  EXPECT_EQ(listener.session->hints.size(), 1u);
  lose_the_next_answer(false);
  EXPECT_EQ(message(send(phone, bob.user, "two", "b")).seq, ConversationSeq(2));
}

TEST_F(LaneAgain, SessionsThatACommandEndsAreEndedOnce) {
  const auto phone = join(alice.user, "phone", alice.login);
  lose_the_next_answer(true);
  EXPECT_EQ(log_out(alice), "ok");
  EXPECT_EQ(phone.session->ends, std::vector{EndReason::kLogout});
}

TEST_F(LaneAgain, PatienceEnds) {
  std::function<void()> other = [&] {
    clock.advance(options.conflict_patience / 4);
    store.other_first = other;
  };
  store.other_first = other;
  EXPECT_EQ(code_of(sign_up("carol")), "retry");
  store.other_first = {};
  EXPECT_EQ(code_of(sign_up("carol")), "ok");
}

}  // namespace
}  // namespace chat::testing
