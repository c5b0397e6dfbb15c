#pragma once
namespace app {

/// Before any thread starts: SIGTERM and SIGINT wait for wait_for_stop(), SIGPIPE is ignored, and the limit of open
/// files is raised to what the system allows.
void prepare_process();
/// Blocks until SIGTERM or SIGINT; answers its number.
int wait_for_stop();

}  // namespace app
