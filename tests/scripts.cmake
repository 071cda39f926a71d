# Tests that run a script or a program: every client/python/*_test.py, integration/*_test.py and faults/*_test.py, each
# with the build folder and the source folder in its environment. A new file needs no line here.
set(python /usr/bin/python3)
set(slower 1)
if(MODBOUND_SANITIZE OR NOT CMAKE_BUILD_TYPE STREQUAL Release)
  set(slower 4)
endif()
set(sanitized "")
if(MODBOUND_SANITIZE)
  set(sanitized ";MODBOUND_SANITIZED=1")
endif()
math(EXPR seconds "900 * ${slower}")
set(MODBOUND_FAULTS "short" CACHE STRING "Form of the fault tests: short, or long (hours; deploy/test.sh --faults=long)")
if(MODBOUND_FAULTS STREQUAL long)
  set(seconds 36000)
endif()

# modbound_script_tests(FOLDER PREFIX SERIAL): test PREFIXx runs FOLDER/x_test.py; SERIAL = with no other at its side.
function(modbound_script_tests folder prefix serial)
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*_test.py)
  if(NOT scripts)
    message(FATAL_ERROR "tests/${folder} has no *_test.py")
  endif()
  foreach(script ${scripts})
    get_filename_component(name ${script} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    add_test(NAME ${prefix}${name} COMMAND ${python} ${script})
    set_tests_properties(${prefix}${name} PROPERTIES TIMEOUT ${seconds} SKIP_RETURN_CODE 77 RUN_SERIAL ${serial}
      ENVIRONMENT "MODBOUND_BIN=${CMAKE_BINARY_DIR}/bin;MODBOUND_SOURCE=${CMAKE_SOURCE_DIR};PYTHONPATH=${CMAKE_SOURCE_DIR}/client/python:${CMAKE_SOURCE_DIR}/tests/integration${sanitized}")
  endforeach()
endfunction()

if(MODBOUND_GRPC)
  modbound_script_tests(client/python client_python_ OFF)
  # Real programs on real ports; bars in seconds need the machine to themselves.
  modbound_script_tests(integration integration_ ON)
  # tests/faults/table.py names what they show.
  modbound_script_tests(faults faults_ ON)
  # These start no server.
  foreach(test container contract deploy layering lint registered)
    set_tests_properties(integration_${test} PROPERTIES RUN_SERIAL OFF)
  endforeach()
endif()
