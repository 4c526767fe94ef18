#include "orchestrator/drive/build_queue.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "runners/error.hpp"
#include "runners/host/log.hpp"

namespace kverdict {
namespace asio = boost::asio;

// Somebody waits for an image for as long as this lives.
class BuildQueue::Waiting {
 public:
  Waiting(BuildQueue& queue, CandidateId id) : queue_(queue), id_(std::move(id)) {
    if (queue_.awaited_[id_]++ == 0) queue_.wanted_.push_back(id_);
  }
  ~Waiting() {
    if (--queue_.awaited_[id_] > 0) return;
    queue_.awaited_.erase(id_);
    queue_.built_.erase(id_);
    std::erase(queue_.wanted_, id_);
    queue_.stop_unless_wanted();
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  BuildQueue& queue_;
  CandidateId id_;
};

BuildQueue::BuildQueue(asio::any_io_executor executor, ImageProvider& images)
    : executor_(executor), images_(images), changed_(executor, asio::steady_timer::time_point::max()) {}

Task<ImageResult> BuildQueue::get(CandidateId id) {
  const Waiting waiting(*this, id);
  stop_unless_wanted();
  start_next();
  while (!built_.contains(id)) {
    auto change = until_changed();
    co_await std::move(change);
  }
  const auto result = built_.at(id);
  if (result.failure) std::rethrow_exception(result.failure);
  co_return result.image;
}

void BuildQueue::ahead(std::vector<CandidateId> ids) {
  wishes_ = std::move(ids);
  stop_unless_wanted();
  start_next();
}

bool BuildQueue::is_wished(const CandidateId& id) const {
  return std::find(wishes_.begin(), wishes_.end(), id) != wishes_.end();
}

// What somebody waits for is built to its end. A wish gives way to that, but not to another wish.
void BuildQueue::stop_unless_wanted() {
  if (!running_ || stopping_ || is_awaited(*running_)) return;
  const bool somebody_waits = std::any_of(wanted_.begin(), wanted_.end(),
                                          [this](const CandidateId& id) { return !built_.contains(id); });
  if (is_wished(*running_) && !somebody_waits) return;
  stopping_ = true;
  cancel_.emit(asio::cancellation_type::terminal);
}

std::optional<CandidateId> BuildQueue::next() const {
  for (const auto& id : wanted_)
    if (!built_.contains(id)) return id;
  for (const auto& id : wishes_)
    if (!built_.contains(id)) return id;
  return std::nullopt;
}

void BuildQueue::start_next() {
  if (running_) return;
  auto id = next();
  if (!id) return;
  running_ = id;
  stopping_ = false;
  auto slot = cancel_.slot();
  asio::co_spawn(executor_, build_one(std::move(*id)), asio::bind_cancellation_slot(slot, asio::detached));
}

Task<void> BuildQueue::build_one(CandidateId id) {
  Result result;
  bool ended = false;
  try {
    auto build = images_.image_for(id);
    result.image = co_await std::move(build);
    ended = true;
  } catch (const boost::system::system_error&) {  // told to stop, or else the system's word
    if (!stopping_) result.failure = std::current_exception();
  } catch (const std::runtime_error& e) {  // InfraError, UsageError: for those who wait
    log_warning("building " + id.value + ": " + e.what());
    result.failure = std::current_exception();
  }
  if (ended || (result.failure && is_awaited(id)))
    keep(id, std::move(result));
  else if (result.failure)
    std::erase(wishes_, id);  // not again and again
  running_.reset();
  changed_.cancel();
  start_next();
}

void BuildQueue::keep(const CandidateId& id, Result result) {
  const auto& kept = built_.insert_or_assign(id, std::move(result)).first->second;
  const auto* image = std::get_if<BuiltImage>(&kept.image);
  if (image != nullptr && !kept.failure && told_) told_(id, *image);
}

Task<void> BuildQueue::until_changed() {
  boost::system::error_code woken;
  auto token = asio::redirect_error(asio::use_awaitable, woken);
  co_await changed_.async_wait(token);
}

Task<void> BuildQueue::stop() {
  wishes_.clear();
  wanted_.clear();
  if (running_ && !stopping_) {
    stopping_ = true;
    cancel_.emit(asio::cancellation_type::terminal);
  }
  while (running_) {
    auto change = until_changed();
    co_await std::move(change);
  }
}

}  // namespace kverdict
