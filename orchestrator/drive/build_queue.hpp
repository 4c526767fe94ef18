// One build at a time: the image that is needed now, and while a guest runs, those that are likely next.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "orchestrator/images/image_provider.hpp"

namespace kverdict {

class BuildQueue {
 public:
  BuildQueue(boost::asio::any_io_executor executor, ImageProvider& images);

  // The image now. Joins a build of it that is under way; stops one of another candidate only if it must
  // build.
  Task<ImageResult> get(CandidateId id);
  // Build these in the background, in this order, until get() wants something; replaces older wishes and
  // stops a build that is not among them.
  // Failures of the lab in the background are not reported: get() will meet them.
  void ahead(std::vector<CandidateId> ids);
  // Stops the background build and waits for its end. Must be called before destruction.
  Task<void> stop();

 private:
  void start_next();
  Task<void> build_one(CandidateId id);
  Task<void> until_idle();

  boost::asio::any_io_executor executor_;
  ImageProvider& images_;
  std::deque<CandidateId> wishes_;
  std::optional<CandidateId> running_;
  boost::asio::cancellation_signal cancel_;
  boost::asio::steady_timer idle_;            // never expires; cancelled when the background build ends
  std::map<CandidateId, ImageResult> built_;  // in the background, not yet asked for
};

}  // namespace kverdict
