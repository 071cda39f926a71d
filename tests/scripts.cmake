# Tests that run a script or a program, each with the build folder and the source folder in its environment.
set(python /usr/bin/python3)

if(MODBOUND_GRPC)
  modbound_script_test(client_python_spec ${python} ${CMAKE_CURRENT_SOURCE_DIR}/client/python/spec_test.py)
  modbound_script_test(client_python_client ${python} ${CMAKE_CURRENT_SOURCE_DIR}/client/python/client_test.py)

  # Real programs on a real port; bars in seconds need the machine to themselves.
  foreach(test golden determinism crash cancel bad_input main_job python_client server_process readme modboundd)
    modbound_script_test(integration_${test} ${python} ${CMAKE_CURRENT_SOURCE_DIR}/integration/${test}_test.py)
    set_tests_properties(integration_${test} PROPERTIES RUN_SERIAL ON)
  endforeach()
endif()

# The sources themselves.
foreach(test layering lint)
  modbound_script_test(${test} ${python} ${CMAKE_CURRENT_SOURCE_DIR}/integration/${test}_test.py)
endforeach()
