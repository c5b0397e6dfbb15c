#include <sys/stat.h>

#include "app/command_line.hpp"

int main(int argc, char** argv) {
  ::umask(S_IRWXG | S_IRWXO);  // the store names people, the token file holds tokens: nobody else's business
  return app::run_command_line(argc, argv);
}
