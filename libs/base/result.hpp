#pragma once
// Result<T, E>: a value, or a cause out of a closed enum. For failures of the world (I/O, input, limits); a broken
// promise of our own code is CHECK. Reading the side that is not there is a CHECK failure, never undefined.

#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.hpp"

namespace base {

template <class E>
struct Failure {
  E cause;
};
template <class E>
Failure(E) -> Failure<E>;

/// `return fail(Error::kX);` converts to any Result with that cause type.
template <class E>
[[nodiscard]] constexpr Failure<std::decay_t<E>> fail(E&& cause) {
  return {std::forward<E>(cause)};
}

template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  template <class C>
    requires std::is_convertible_v<C, E>
  Result(Failure<C> failure) : state_(std::in_place_index<1>, std::move(failure.cause)) {}  // NOLINT

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & {
    CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const E& error() const {
    CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  template <class C>
    requires std::is_convertible_v<C, E>
  Result(Failure<C> failure) : failed_(true), error_(std::move(failure.cause)) {}  // NOLINT

  [[nodiscard]] bool ok() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return ok(); }
  const E& error() const {
    CHECK(failed_);
    return error_;
  }

 private:
  bool failed_ = false;
  E error_{};
};

}  // namespace base
