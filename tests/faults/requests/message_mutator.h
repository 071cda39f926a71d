#ifndef MODBOUND_TESTS_FAULTS_REQUESTS_MESSAGE_MUTATOR_H_
#define MODBOUND_TESTS_FAULTS_REQUESTS_MESSAGE_MUTATOR_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/message.h"

namespace modbound {

// Changes requests at random: their fields, through reflection, and their
// bytes. The same seed gives the same changes.
class MessageMutator {
 public:
  // `words`: strings that mean something to the server, such as ids.
  MessageMutator(uint64_t seed, const std::vector<std::string>& words)
      : random_(seed), words_(words) {}

  // Below `count`, which is > 0.
  size_t Below(size_t count) { return random_() % count; }
  bool OneIn(size_t count) { return Below(count) == 0; }

  // One change, of `message` or of a message inside it.
  void MutateFields(google::protobuf::Message& message) {
    google::protobuf::Message* at = &message;
    for (;;) {
      const auto* field = PickField(*at);
      if (field == nullptr) {
        return;
      }
      google::protobuf::Message* inner = OneIn(6) ? nullptr : Enter(*at, field);
      if (inner == nullptr) {
        Mutate(*at, *field);
        return;
      }
      at = inner;
    }
  }

  // One change. `other` is what may be spliced in.
  void MutateBytes(std::string& bytes, const std::string& other) {
    const size_t at = Below(bytes.size() + 1);
    const size_t rest = bytes.size() - at;
    switch (Below(9)) {
      case 0:
        if (rest > 0) {
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << Below(8)));
        }
        break;
      case 1:
        if (rest > 0) {
          bytes[at] = static_cast<char>(random_());
        }
        break;
      case 2:
        bytes.insert(at, RandomBytes(1 + Below(16)));
        break;
      case 3:
        bytes.erase(at, Below(rest + 1));
        break;
      case 4:
        bytes.insert(at, bytes.substr(at, Below(64)));
        break;
      case 5:
        bytes.resize(at);
        break;
      case 6: {
        const size_t from = Below(other.size() + 1);
        bytes.replace(at, Below(rest + 1), other.substr(from));
        break;
      }
      case 7:  // a number of ten bytes, or a length beyond every end
        bytes.insert(at, std::string(OneIn(2) ? 9 : 4, '\xff') + '\x01');
        break;
      default:  // starts of groups: messages within messages
        bytes.insert(at, std::string(OneIn(8) ? 10000 : 90, '\x0b'));
    }
  }

 private:
  using Field = google::protobuf::FieldDescriptor;

  std::string RandomBytes(size_t count) {
    std::string bytes(count, '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(random_());
    }
    return bytes;
  }

  // Mostly a field that is set; nullptr = the message has none.
  const Field* PickField(const google::protobuf::Message& message) {
    std::vector<const Field*> set;
    message.GetReflection()->ListFields(message, &set);
    if (!set.empty() && !OneIn(4)) {
      return set[Below(set.size())];
    }
    const int count = message.GetDescriptor()->field_count();
    return count == 0
               ? nullptr
               : message.GetDescriptor()->field(static_cast<int>(Below(count)));
  }

  // A message in this field; nullptr = it holds none.
  google::protobuf::Message* Enter(google::protobuf::Message& message,
                                   const Field* field) {
    if (field->cpp_type() != Field::CPPTYPE_MESSAGE) {
      return nullptr;
    }
    const auto* reflection = message.GetReflection();
    if (!field->is_repeated()) {
      return reflection->MutableMessage(&message, field);
    }
    const int count = reflection->FieldSize(message, field);
    return count == 0 ? reflection->AddMessage(&message, field)
                      : reflection->MutableRepeatedMessage(
                            &message, field, static_cast<int>(Below(count)));
  }

  void Mutate(google::protobuf::Message& message, const Field& field) {
    const auto* reflection = message.GetReflection();
    if (OneIn(6)) {
      reflection->ClearField(&message, &field);
    } else if (field.is_repeated()) {
      MutateList(message, field);
    } else if (field.cpp_type() == Field::CPPTYPE_MESSAGE) {
      reflection->MutableMessage(&message, &field);  // switches a oneof
    } else {
      SetOne(message, field);
    }
  }

  void MutateList(google::protobuf::Message& message, const Field& field) {
    const auto* reflection = message.GetReflection();
    const int count = reflection->FieldSize(message, &field);
    const size_t what = Below(4);
    if (count > 0 && what == 0) {
      reflection->RemoveLast(&message, &field);
    } else if (count > 1 && what == 1) {
      reflection->SwapElements(&message,
                               &field,
                               static_cast<int>(Below(count)),
                               static_cast<int>(Below(count)));
    } else {
      const size_t more = OneIn(64) ? 2000 : 1 + Below(3);
      for (size_t i = 0; i < more; ++i) {
        AddOne(message, field, count);
      }
    }
  }

  // Appends one value; `count` of them are there already.
  void AddOne(google::protobuf::Message& message,
              const Field& field,
              int count) {
    const auto* reflection = message.GetReflection();
    switch (field.cpp_type()) {
      case Field::CPPTYPE_INT32:
        reflection->AddInt32(&message, &field, EdgeInteger<int32_t>());
        break;
      case Field::CPPTYPE_INT64:
        reflection->AddInt64(&message, &field, EdgeInteger<int64_t>());
        break;
      case Field::CPPTYPE_UINT32:
        reflection->AddUInt32(&message, &field, EdgeInteger<uint32_t>());
        break;
      case Field::CPPTYPE_UINT64:
        reflection->AddUInt64(&message, &field, EdgeInteger<uint64_t>());
        break;
      case Field::CPPTYPE_DOUBLE:
        reflection->AddDouble(&message, &field, EdgeDouble());
        break;
      case Field::CPPTYPE_FLOAT:
        reflection->AddFloat(
            &message, &field, static_cast<float>(EdgeDouble()));
        break;
      case Field::CPPTYPE_BOOL:
        reflection->AddBool(&message, &field, OneIn(2));
        break;
      case Field::CPPTYPE_ENUM:
        reflection->AddEnumValue(&message, &field, EdgeEnum(field));
        break;
      case Field::CPPTYPE_STRING:
        reflection->AddString(&message, &field, EdgeString());
        break;
      case Field::CPPTYPE_MESSAGE: {
        auto* added = reflection->AddMessage(&message, &field);
        if (count > 0 && !OneIn(3)) {
          added->CopyFrom(reflection->GetRepeatedMessage(
              message, &field, static_cast<int>(Below(count))));
        }
        if (added->GetDescriptor()->options().map_entry()) {
          const Field& key = *added->GetDescriptor()->field(0);
          SetOne(*added, key);
        }
      }
    }
  }

  void SetOne(google::protobuf::Message& message, const Field& field) {
    const auto* reflection = message.GetReflection();
    switch (field.cpp_type()) {
      case Field::CPPTYPE_INT32:
        reflection->SetInt32(&message, &field, EdgeInteger<int32_t>());
        break;
      case Field::CPPTYPE_INT64:
        reflection->SetInt64(&message, &field, EdgeInteger<int64_t>());
        break;
      case Field::CPPTYPE_UINT32:
        reflection->SetUInt32(&message, &field, EdgeInteger<uint32_t>());
        break;
      case Field::CPPTYPE_UINT64:
        reflection->SetUInt64(&message, &field, EdgeInteger<uint64_t>());
        break;
      case Field::CPPTYPE_DOUBLE:
        reflection->SetDouble(&message, &field, EdgeDouble());
        break;
      case Field::CPPTYPE_FLOAT:
        reflection->SetFloat(
            &message, &field, static_cast<float>(EdgeDouble()));
        break;
      case Field::CPPTYPE_BOOL:
        reflection->SetBool(&message, &field, OneIn(2));
        break;
      case Field::CPPTYPE_ENUM:
        reflection->SetEnumValue(&message, &field, EdgeEnum(field));
        break;
      case Field::CPPTYPE_STRING:
        reflection->SetString(&message, &field, EdgeString());
        break;
      case Field::CPPTYPE_MESSAGE:
        break;
    }
  }

  template <typename T>
  T EdgeInteger() {
    using Limits = std::numeric_limits<T>;
    const T edges[] = {0,
                       1,
                       2,
                       static_cast<T>(-1),
                       Limits::min(),
                       Limits::max(),
                       Limits::max() / 2 + 1,
                       static_cast<T>(1) << (sizeof(T) * 4),
                       1000,
                       1000000000};
    return OneIn(4) ? static_cast<T>(random_())
                    : edges[Below(std::size(edges))];
  }

  double EdgeDouble() {
    using Limits = std::numeric_limits<double>;
    const double edges[] = {0,
                            -0.0,
                            1,
                            -1,
                            0.5,
                            1e300,
                            1e-300,
                            Limits::quiet_NaN(),
                            Limits::infinity(),
                            -Limits::infinity(),
                            Limits::max(),
                            Limits::lowest(),
                            Limits::denorm_min()};
    return edges[Below(std::size(edges))];
  }

  int EdgeEnum(const Field& field) {
    const int edges[] = {0, -1, 99, std::numeric_limits<int>::max()};
    const auto& type = *field.enum_type();
    return OneIn(3) ? edges[Below(std::size(edges))]
                    : type.value(static_cast<int>(Below(type.value_count())))
                          ->number();
  }

  std::string EdgeString() {
    switch (Below(10)) {
      case 0:
        return "";
      case 1:
        return std::string("a\0b", 3);
      case 2:
        return "\xc3\x28\xff";  // not UTF-8
      case 3:
        return "../../../etc/passwd";
      case 4:
        return "'; DROP TABLE job; --";
      case 5:
        return std::string(OneIn(20) ? 1100000 : 300, 'x');
      case 6:
        return "\xe2\x80\xae%2e%2e%2f";  // right-to-left override
      case 7:
        return RandomBytes(Below(40));
      default:
        return words_.empty() ? "word" : words_[Below(words_.size())];
    }
  }

  std::mt19937_64 random_;  // NOLINT: the same changes in every run
  const std::vector<std::string>& words_;
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_FAULTS_REQUESTS_MESSAGE_MUTATOR_H_
