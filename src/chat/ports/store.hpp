#pragma once
#include "chat/ports/account_store.hpp"
#include "chat/ports/commit_log.hpp"
#include "chat/ports/mail_store.hpp"
#include "chat/ports/push_store.hpp"

namespace chat {

/// One durable truth that plays all four parts (they share atomic batches).
class Store : public CommitLog, public MailStore, public AccountStore, public PushStore {};

}  // namespace chat
