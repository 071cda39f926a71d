// Writes the RPCs of a descriptor set as a C++ header: enum class Rpc and the
// path of each on the wire. Usage: list_rpcs DESCRIPTOR_SET HEADER

#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.pb.h"

namespace {

struct Method {
  std::string enumerator;
  std::string path;
};

std::vector<Method> MethodsOf(const google::protobuf::FileDescriptorSet& set) {
  std::vector<Method> methods;
  for (const auto& file : set.file()) {
    for (const auto& service : file.service()) {
      for (const auto& method : service.method()) {
        methods.push_back({"k" + service.name() + method.name(),
                           "/" + file.package() + "." + service.name() + "/" +
                               method.name()});
      }
    }
  }
  return methods;
}

void Write(const std::vector<Method>& methods, std::ostream& out) {
  out << "#ifndef MODBOUND_RPC_LIST_H_\n#define MODBOUND_RPC_LIST_H_\n"
         "namespace modbound {\nenum class Rpc {\n";
  for (const Method& method : methods) {
    out << "  " << method.enumerator << ",\n";
  }
  out << "};\ninline constexpr Rpc kAllRpcs[] = {\n";
  for (const Method& method : methods) {
    out << "    Rpc::" << method.enumerator << ",\n";
  }
  out << "};\nconstexpr const char* PathOf(Rpc rpc) {\n  switch (rpc) {\n";
  for (const Method& method : methods) {
    out << "    case Rpc::" << method.enumerator << ":\n      return \""
        << method.path << "\";\n";
  }
  out << "  }\n  return \"\";\n}\n}  // namespace modbound\n"
         "#endif  // MODBOUND_RPC_LIST_H_\n";
}

}  // namespace

int main(int argc, char** argv) {
  google::protobuf::FileDescriptorSet set;
  std::ifstream in(argc == 3 ? argv[1] : "", std::ios::binary);
  if (!in || !set.ParseFromIstream(&in)) {
    std::cerr << "list_rpcs: no descriptor set\n";
    return 1;
  }
  std::ofstream out(argv[2]);
  Write(MethodsOf(set), out);
  out.close();
  return out ? 0 : 1;
}
