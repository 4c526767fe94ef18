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

BuildQueue::BuildQueue(asio::any_io_executor executor, ImageProvider& images)
    : executor_(executor), images_(images), idle_(executor, asio::steady_timer::time_point::max()) {}

Task<ImageResult> BuildQueue::get(CandidateId id) {
  wishes_.clear();
  if (!built_.contains(id)) {
    if (running_ && *running_ != id) cancel_.emit(asio::cancellation_type::terminal);
    co_await until_idle();
  }
  const auto found = built_.find(id);
  if (found == built_.end()) {
    auto build = images_.image_for(id);
    co_return co_await std::move(build);
  }
  auto result = std::move(found->second);
  built_.erase(found);
  co_return result;
}

void BuildQueue::ahead(std::vector<CandidateId> ids) {
  wishes_.assign(ids.begin(), ids.end());
  const bool wanted = running_ && std::find(ids.begin(), ids.end(), *running_) != ids.end();
  if (running_ && !wanted) cancel_.emit(asio::cancellation_type::terminal);
  if (wanted) std::erase(wishes_, *running_);
  start_next();
}

void BuildQueue::start_next() {
  while (!running_ && !wishes_.empty()) {
    auto id = wishes_.front();
    wishes_.pop_front();
    if (built_.contains(id)) continue;
    running_ = id;
    auto slot = cancel_.slot();
    asio::co_spawn(executor_, build_one(std::move(id)), asio::bind_cancellation_slot(slot, asio::detached));
  }
}

Task<void> BuildQueue::build_one(CandidateId id) {
  try {
    auto build = images_.image_for(id);
    auto result = co_await std::move(build);
    built_.insert_or_assign(id, std::move(result));
  } catch (const InfraError& e) {
    log_warning("building ahead " + id.value + ": " + e.what());
  } catch (const UsageError& e) {
    log_warning("building ahead " + id.value + ": " + e.what());
  } catch (const boost::system::system_error& e) {  // cancelled
    log_info("building ahead " + id.value + ": " + e.what());
  }
  running_.reset();
  idle_.cancel();
  start_next();
}

Task<void> BuildQueue::until_idle() {
  while (running_) {
    boost::system::error_code woken;
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    co_await idle_.async_wait(token);
  }
}

Task<void> BuildQueue::stop() {
  wishes_.clear();
  if (running_) cancel_.emit(asio::cancellation_type::terminal);
  co_await until_idle();
}

}  // namespace kverdict
