#include <iostream>

#include "app/commands.hpp"

namespace app {

int complain(const std::string& what, int status) {
  std::cerr << "restante: " << what << "\n";
  return status;
}

}  // namespace app
