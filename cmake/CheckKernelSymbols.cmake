# Run by a test: objects compiled for one instruction set define no symbol outside their own
# namespace and run nothing at start-up. An inline function or template with a common name, compiled
# for AVX-512, could otherwise be the copy the linker keeps for everybody.
#   cmake -DNM=nm -DISA=avx2 -DOBJECTS=a.o,b.o -P CheckKernelSymbols.cmake
string(REPLACE "," ";" objects "${OBJECTS}")
string(LENGTH "${ISA}" length)
set(wrong "")
foreach(object IN LISTS objects)
  execute_process(COMMAND ${NM} --defined-only --format=posix ${object}
    OUTPUT_VARIABLE symbols RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${NM} ${object} failed")
  endif()
  string(REGEX MATCHALL "[^\n]+" lines "${symbols}")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^([^ ]+) (.).*" "\\1;\\2" parts "${line}")
    list(GET parts 0 name)
    list(GET parts 1 kind)
    # Capital kinds are visible to the linker, and so are the lower-case kinds of weak and unique
    # symbols; i is an indirect function. Start-up code carries _GLOBAL__ in its (local) name.
    if(kind MATCHES "[A-Zuvwi]" AND NOT name MATCHES "5nacre7kernels${length}${ISA}")
      string(APPEND wrong "\n  ${kind} ${name} in ${object}")
    elseif(name MATCHES "^_GLOBAL__")
      string(APPEND wrong "\n  start-up code ${name} in ${object}")
    endif()
  endforeach()
endforeach()
if(wrong)
  message(FATAL_ERROR "Symbols outside nacre::kernels::${ISA}:${wrong}")
endif()
