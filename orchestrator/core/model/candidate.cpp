#include "orchestrator/core/model/candidate.hpp"

namespace kverdict {

bool is_commit(const CandidateId& id) {
  return id.value.size() == 40 && id.value.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string short_id(const CandidateId& id) {
  return is_commit(id) ? id.value.substr(0, 12) : id.value;
}

}  // namespace kverdict
