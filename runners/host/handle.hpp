// Owns one handle of a C library from the line where it is born.
//   Handle<git_repository, git_repository_free> repository;
//   git_repository_open(repository.out(), path);
#pragma once

#include <utility>

namespace kverdict {

template <class T, auto Free>
class Handle {
 public:
  Handle() = default;
  explicit Handle(T* raw) : raw_(raw) {}
  Handle(Handle&& other) noexcept : raw_(other.release()) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Handle() { reset(); }

  T* get() const { return raw_; }
  explicit operator bool() const { return raw_ != nullptr; }
  // For functions that return the handle through a pointer; frees what was held.
  T** out() {
    reset();
    return &raw_;
  }
  T* release() { return std::exchange(raw_, nullptr); }
  void reset(T* raw = nullptr) {
    T* old = std::exchange(raw_, raw);
    if (old) Free(old);
  }

 private:
  T* raw_ = nullptr;
};

}  // namespace kverdict
