# modbound_formats: matio (.mat) and HDF5 (.h5), linked statically: as shared libraries they would bring 40 others, and
# 10 ms to each start of the client.
foreach(name matio hdf5_serial sz aec)
  find_library(MODBOUND_LIB_${name} lib${name}.a REQUIRED)
  list(APPEND modbound_format_libraries ${MODBOUND_LIB_${name}})
endforeach()
find_path(MODBOUND_HDF5_INCLUDE hdf5.h PATH_SUFFIXES hdf5/serial REQUIRED)
find_path(MODBOUND_MATIO_INCLUDE matio.h REQUIRED)
add_library(modbound_formats INTERFACE)
target_include_directories(modbound_formats SYSTEM INTERFACE ${MODBOUND_HDF5_INCLUDE} ${MODBOUND_MATIO_INCLUDE})
# No libcrypto, no libcurl: of HDF5 only its driver for Amazon S3 calls them, an object that nothing here pulls in.
target_link_libraries(modbound_formats INTERFACE ${modbound_format_libraries} ZLIB::ZLIB m ${CMAKE_DL_LIBS})
