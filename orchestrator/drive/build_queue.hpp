// One build at a time: the images that trials wait for, in the order in which they were asked for, and when
// nobody waits, those that are likely next.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "orchestrator/images/image_provider.hpp"

namespace kverdict {

class BuildQueue {
 public:
  using OnBuilt = std::function<void(const CandidateId&, const BuiltImage&)>;

  BuildQueue(boost::asio::any_io_executor executor, ImageProvider& images);

  // The image, when its turn has come. Any number may wait, also for the same one. A build that nobody waits
  // for gives way. Cancelling the last that waits stops the build, unless it is likely next.
  Task<ImageResult> get(CandidateId id);
  // Build these when nobody waits, in this order; replaces older wishes and stops a build that nobody wants.
  // Failures of the lab are not reported for these: get() will meet them.
  void ahead(std::vector<CandidateId> ids);
  // Told of every image as soon as it is there, whoever wanted it.
  void on_built(OnBuilt told) { told_ = std::move(told); }
  // Stops the build that runs and waits for its end. Nobody may wait any more. Must be called before
  // destruction.
  Task<void> stop();

 private:
  struct Result {
    ImageResult image;
    std::exception_ptr failure;  // of the lab, for those who wait
  };
  class Waiting;

  bool is_awaited(const CandidateId& id) const { return awaited_.contains(id); }
  bool is_wished(const CandidateId& id) const;
  void stop_unless_wanted();
  std::optional<CandidateId> next() const;
  void start_next();
  Task<void> build_one(CandidateId id);
  void keep(const CandidateId& id, Result result);
  Task<void> until_changed();

  boost::asio::any_io_executor executor_;
  ImageProvider& images_;
  OnBuilt told_;
  std::deque<CandidateId> wanted_;           // by those who wait, in their order
  std::map<CandidateId, unsigned> awaited_;  // how many wait
  std::vector<CandidateId> wishes_;
  std::optional<CandidateId> running_;
  bool stopping_ = false;  // the running build was told to stop
  boost::asio::cancellation_signal cancel_;
  boost::asio::steady_timer changed_;    // never expires; cancelled when a build ends
  std::map<CandidateId, Result> built_;  // not yet taken
};

}  // namespace kverdict
