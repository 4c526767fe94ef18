#include "orchestrator/core/model/verdict.hpp"

#include "runners/error.hpp"

namespace kverdict {

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::nothing:
      return "nothing";
    case Verdict::good:
      return "good";
    case Verdict::bad:
      return "bad";
    case Verdict::skip:
      return "skip";
  }
  KV_CHECK(false);
}

}  // namespace kverdict
