# modbound_contract(PROTO GRPC): compiles proto/ into two libraries (messages; services), the descriptor set with
# comments (gen/contract.binpb; also client/python/modbound/contract.binpb, from which the Python client works), a C++
# source that embeds it, the list of its RPCs (gen/rpc_list.h, target modbound_rpc_list), and build_info.h.
function(modbound_contract proto_target grpc_target)
  set(gen ${CMAKE_BINARY_DIR}/gen)
  set(root ${CMAKE_SOURCE_DIR}/proto)
  file(MAKE_DIRECTORY ${gen})
  file(GLOB_RECURSE protos CONFIGURE_DEPENDS RELATIVE ${root} ${root}/*.proto)
  set(public_protos ${protos})
  list(FILTER public_protos EXCLUDE REGEX "/internal/")
  list(TRANSFORM protos PREPEND ${root}/ OUTPUT_VARIABLE proto_paths)
  # A protoc of Conda beside the system's libprotobuf writes code that does not compile, at best. (From 22 on, protoc
  # leaves the first number of the library's version out.)
  set(PROTOC ${Protobuf_PROTOC_EXECUTABLE})
  execute_process(COMMAND ${PROTOC} --version OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REPLACE "libprotoc " "" version "${version}")
  if(NOT ".${Protobuf_VERSION}" MATCHES "\\.${version}$")
    message(FATAL_ERROR "${PROTOC} is of version ${version}, but libprotobuf of ${Protobuf_VERSION}: build with "
                        "deploy/build.sh, in a new build folder")
  endif()
  set(messages "")
  set(services "")
  foreach(proto ${protos})
    string(REPLACE ".proto" "" stem ${proto})
    add_custom_command(
      OUTPUT ${gen}/${stem}.pb.cc ${gen}/${stem}.pb.h
      COMMAND ${PROTOC} -I${root} --cpp_out=${gen} ${proto}
      DEPENDS ${proto_paths} VERBATIM)
    list(APPEND messages ${gen}/${stem}.pb.cc)
    file(STRINGS ${root}/${proto} service REGEX "^service ")
    if(service AND MODBOUND_GRPC)
      find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
      add_custom_command(
        OUTPUT ${gen}/${stem}.grpc.pb.cc ${gen}/${stem}.grpc.pb.h
        COMMAND ${PROTOC} -I${root} --grpc_out=${gen} --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} ${proto}
        DEPENDS ${proto_paths} VERBATIM)
      list(APPEND services ${gen}/${stem}.grpc.pb.cc)
    endif()
  endforeach()

  set(contract ${gen}/contract.binpb)
  set(python_contract ${CMAKE_SOURCE_DIR}/client/python/modbound/contract.binpb)
  add_custom_command(
    OUTPUT ${contract} ${python_contract} ${gen}/contract_bytes.cc
    COMMAND ${PROTOC} -I${root} --include_imports --include_source_info --descriptor_set_out=${contract} ${public_protos}
    COMMAND ${CMAKE_COMMAND} -E copy_if_different ${contract} ${python_contract}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${contract} -DOUTPUT=${gen}/contract_bytes.cc
            -P ${CMAKE_SOURCE_DIR}/deploy/cmake/embed.cmake
    DEPENDS ${proto_paths} ${CMAKE_SOURCE_DIR}/deploy/cmake/embed.cmake VERBATIM)

  add_custom_target(build_info BYPRODUCTS ${gen}/build_info.h
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DOUTPUT=${gen}/build_info.h -DVERSION=${PROJECT_VERSION}
            -DISA=${MODBOUND_ISA} "-DCOMPILER=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
            -P ${CMAKE_SOURCE_DIR}/deploy/cmake/build_info.cmake VERBATIM)

  add_executable(modbound_list_rpcs ${CMAKE_SOURCE_DIR}/deploy/cmake/list_rpcs.cc)
  set_target_properties(modbound_list_rpcs PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${gen})
  target_include_directories(modbound_list_rpcs SYSTEM PRIVATE ${Protobuf_INCLUDE_DIRS})
  target_link_libraries(modbound_list_rpcs PRIVATE protobuf::libprotobuf)
  add_custom_command(
    OUTPUT ${gen}/rpc_list.h
    COMMAND modbound_list_rpcs ${contract} ${gen}/rpc_list.h
    DEPENDS modbound_list_rpcs ${contract} VERBATIM)
  add_custom_target(modbound_rpc_list DEPENDS ${gen}/rpc_list.h)

  add_library(${proto_target} STATIC ${messages} ${gen}/contract_bytes.cc)
  target_compile_options(${proto_target} PRIVATE -w)
  set_target_properties(${proto_target} PROPERTIES UNITY_BUILD OFF)  # protoc gives each file the same static names
  target_include_directories(${proto_target} SYSTEM PUBLIC ${gen} ${Protobuf_INCLUDE_DIRS})
  target_link_libraries(${proto_target} PUBLIC protobuf::libprotobuf)
  add_dependencies(${proto_target} build_info)
  if(MODBOUND_GRPC)
    add_library(${grpc_target} STATIC ${services})
    target_compile_options(${grpc_target} PRIVATE -w)
    set_target_properties(${grpc_target} PROPERTIES UNITY_BUILD OFF)
    target_link_libraries(${grpc_target} PUBLIC ${proto_target} gRPC::grpc++)
  endif()
endfunction()
