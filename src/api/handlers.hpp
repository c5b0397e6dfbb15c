#pragma once
// One function per row of the route table. Each gets a call that has passed router, token and body checks and sees to
// it that it is answered once.

#include <memory>

namespace api {

class Api;
struct Call;
using CallPtr = std::shared_ptr<Call>;

// handlers_accounts.cpp
void register_user(Api& api, CallPtr call);
void log_in(Api& api, CallPtr call);
void refresh(Api& api, CallPtr call);
void log_out(Api& api, CallPtr call);
void change_password(Api& api, CallPtr call);
void get_me(Api& api, CallPtr call);
void patch_me(Api& api, CallPtr call);
void delete_me(Api& api, CallPtr call);
void find_user(Api& api, CallPtr call);
// export.cpp
void export_me(Api& api, CallPtr call);
// handlers_relations.cpp
void get_friends(Api& api, CallPtr call);
void post_friend_request(Api& api, CallPtr call);
void get_friend_requests(Api& api, CallPtr call);
void accept_friend(Api& api, CallPtr call);
void decline_friend(Api& api, CallPtr call);
void delete_friend(Api& api, CallPtr call);
void put_block(Api& api, CallPtr call);
void delete_block(Api& api, CallPtr call);
void get_blocks(Api& api, CallPtr call);
// handlers_messages.cpp
void get_conversations(Api& api, CallPtr call);
void get_history(Api& api, CallPtr call);
void post_read(Api& api, CallPtr call);
void get_message(Api& api, CallPtr call);
void post_message(Api& api, CallPtr call);
// handlers_devices.cpp
void get_devices(Api& api, CallPtr call);
void delete_device(Api& api, CallPtr call);
void put_push(Api& api, CallPtr call);
void delete_push(Api& api, CallPtr call);
void get_push(Api& api, CallPtr call);
void get_sessions(Api& api, CallPtr call);
void delete_session(Api& api, CallPtr call);
// handlers_operator.cpp
void get_operator_message(Api& api, CallPtr call);
void get_operator_pending(Api& api, CallPtr call);
// handlers_operations.cpp
void get_openapi(Api& api, CallPtr call);
void get_health(Api& api, CallPtr call);
void get_ready(Api& api, CallPtr call);
void get_metrics(Api& api, CallPtr call);

}  // namespace api
