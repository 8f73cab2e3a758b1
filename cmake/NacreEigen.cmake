# Eigen (headers only): the building Python's cmeel.prefix, else the system's.
find_package(Python COMPONENTS Interpreter QUIET)
if(Python_Interpreter_FOUND)
  execute_process(
    COMMAND ${Python_EXECUTABLE} -c
      "import os, sysconfig; print(os.path.join(sysconfig.get_paths()['purelib'], 'cmeel.prefix'))"
    OUTPUT_VARIABLE NACRE_CMEEL_PREFIX OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
find_path(NACRE_EIGEN_INCLUDE Eigen/Core
  HINTS ${NACRE_CMEEL_PREFIX}/include/eigen3 PATH_SUFFIXES eigen3 include/eigen3)
if(NOT NACRE_EIGEN_INCLUDE)
  message(FATAL_ERROR "Eigen was not found: pip install cmeel-eigen, or the system's package")
endif()
add_library(nacre_eigen INTERFACE)
target_include_directories(nacre_eigen SYSTEM INTERFACE ${NACRE_EIGEN_INCLUDE})
target_compile_definitions(nacre_eigen INTERFACE EIGEN_MPL2_ONLY EIGEN_DONT_PARALLELIZE)
