#pragma once
// restante serve | seed | push test | epoch new | keys rotate | settings: parses, loads the settings, runs the command.

namespace app {

/// The process's exit status: 0, 1 (could not do it; one line on standard error says why), 2 (the command line is
/// wrong).
int run_command_line(int argc, char** argv);

}  // namespace app
