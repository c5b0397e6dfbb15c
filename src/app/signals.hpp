#pragma once
namespace app {

/// Before any thread starts: SIGTERM, SIGINT and SIGHUP (unless it is ignored) wait for wait_for_stop(), SIGPIPE is
/// ignored, and the limit of open files is raised to what the system allows.
void prepare_process();
/// Blocks until one of them comes; answers its number.
int wait_for_stop();

}  // namespace app
