# Eigen (headers only): the cmeel.prefix of a folder the building Python imports from (an isolated
# build brings one of its own), else the system's.
find_package(Python COMPONENTS Interpreter QUIET)
if(Python_Interpreter_FOUND)
  execute_process(
    COMMAND ${Python_EXECUTABLE} -c
      "import os, sys; print(';'.join(os.path.join(p, 'cmeel.prefix', 'include', 'eigen3') for p in sys.path))"
    OUTPUT_VARIABLE NACRE_CMEEL_FOLDERS OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
# An isolated build's folder is gone at the next one.
if(NOT EXISTS "${NACRE_EIGEN_INCLUDE}/Eigen/Core")
  unset(NACRE_EIGEN_INCLUDE CACHE)
endif()
find_path(NACRE_EIGEN_INCLUDE Eigen/Core
  HINTS ${NACRE_CMEEL_FOLDERS} PATH_SUFFIXES eigen3 include/eigen3)
if(NOT NACRE_EIGEN_INCLUDE)
  message(FATAL_ERROR "Eigen was not found: pip install cmeel-eigen, or the system's package")
endif()
add_library(nacre_eigen INTERFACE)
target_include_directories(nacre_eigen SYSTEM INTERFACE ${NACRE_EIGEN_INCLUDE})
target_compile_definitions(nacre_eigen INTERFACE EIGEN_MPL2_ONLY EIGEN_DONT_PARALLELIZE)
