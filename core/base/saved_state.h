#ifndef MODBOUND_CORE_BASE_SAVED_STATE_H_
#define MODBOUND_CORE_BASE_SAVED_STATE_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace modbound {

// The state of a computation as bytes: numbers bit for bit as they lie in
// memory, so for programs of one kernel version and instruction set only.
class StateWriter {
 public:
  // Makes room for so many bytes in all.
  void Reserve(int64_t bytes) {
    bytes_.reserve(static_cast<std::size_t>(bytes));
  }
  // `count` values, without their number: the reader knows it.
  template <typename T>
  void Add(const T* values, int64_t count) {
    static_assert(std::is_arithmetic_v<T>);
    bytes_.append(reinterpret_cast<const char*>(values),
                  static_cast<std::size_t>(count) * sizeof(T));
  }
  void AddInt(int64_t value) { Add(&value, 1); }
  void AddDouble(double value) { Add(&value, 1); }

  int64_t size() const { return static_cast<int64_t>(bytes_.size()); }
  std::string Take() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Takes from the bytes of a StateWriter what was added, in the same order. A
// read returns false when less is left than it asks for; its target is then
// unchanged.
class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  bool Read(T* values, int64_t count) {
    static_assert(std::is_arithmetic_v<T>);
    const auto wanted = static_cast<uint64_t>(count);
    if (count < 0 || wanted > bytes_.size() / sizeof(T)) {
      return false;
    }
    if (count > 0) {
      std::memcpy(values, bytes_.data(), wanted * sizeof(T));
      bytes_.remove_prefix(wanted * sizeof(T));
    }
    return true;
  }
  bool ReadInt(int64_t& value) { return Read(&value, 1); }
  bool ReadDouble(double& value) { return Read(&value, 1); }

  // Bytes that are left.
  int64_t left() const { return static_cast<int64_t>(bytes_.size()); }

 private:
  std::string_view bytes_;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_SAVED_STATE_H_
